import { concatMap, map, type Observable, of } from 'rxjs'
import { shown } from '../diagnostics/arguments.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { ArgumentError, CountError } from '../errors.js'
import type { CallRequest } from '../service/call-request.js'
import { called } from '../service/called.js'
import type { Counters } from '../service/counters.js'
import type { Done } from '../service/done.js'
import { gather, type OwnCaller } from '../service/rounds.js'
import type { Extent } from './collective-io.js'
import type { FilePlace, SeekFrom } from './options.js'
import type { View } from './view.js'

const POINTER = 'pointer'

/** What a rank says of a collective read or write: how many elements, and where, unless the common pointer says. */
export interface Say extends Extent {
  readonly count: number
  readonly start: number
  /** How long its pieces are, on average. */
  readonly pieceBytes: number
}

/** As it travels: numbers. */
export type Said = Float64Array

const said = ({ count, start, first, end, pieceBytes }: Say): Said => Float64Array.of(count, start, first, end, pieceBytes)

export const sayOf = ([count, start, first, end, pieceBytes]: Said): Say => ({ count, start, first, end, pieceBytes }) as Say

/** What this rank sees of a file, where in it its own pointer is, and the one that all ranks share. In elements of the view. */
export class Pointers {
  readonly #counters: Counters
  readonly #worker: OwnCaller
  readonly #leads: boolean
  readonly #leader: number
  readonly #sizeNow: () => number
  #view: View
  #viewsAgree: boolean
  #position = 0

  constructor(counters: Counters, worker: OwnCaller, leader: number, sizeNow: () => number, view: View, viewsAgree: boolean) {
    this.#counters = counters
    this.#worker = worker
    this.#leader = leader
    this.#leads = worker.core.rank === leader
    this.#sizeNow = sizeNow
    this.#view = view
    this.#viewsAgree = viewsAgree
  }

  get view(): View {
    return this.#view
  }

  get position(): number {
    return this.#position
  }

  /** Puts all pointers to the end of so many bytes. */
  toEnd(bytes: number): void {
    this.#position = this.#view.elementsIn(bytes)
    if (this.#leads) this.#counters.set(POINTER, this.#position, () => undefined)
  }

  /** A new view: the pointers are at its start. */
  see(view: View, viewsAgree: boolean): Observable<void> {
    this.#view = view
    this.#viewsAgree = viewsAgree
    this.#position = 0
    return this.#leads ? called<void>((done) => this.#counters.set(POINTER, 0, done)) : of(undefined)
  }

  checkShared(): void {
    if (this.#viewsAgree) return
    throw new ArgumentError('shared: the views of the ranks differ, so a pointer cannot be the same for all; set the same view everywhere')
  }

  seek(offset: number, from: SeekFrom): void {
    const next = this.sought(offset, from, this.#position)
    this.#view.byteOffset(next)
    this.#position = next
  }

  /** Where the common pointer is. */
  sharedPosition(done: Done<number>, site: CallSite | undefined): void {
    this.#counters.get(POINTER, done, site)
  }

  seekShared(offset: number, from: SeekFrom, done: Done<void>): void {
    this.#counters.get(POINTER, (_, now) => {
      let next: number
      try {
        next = this.sought(offset, from, now)
      } catch (error) {
        return done(error as Error)
      }
      this.#counters.set(POINTER, next, done)
    })
  }

  sought(offset: number, from: SeekFrom, current: number): number {
    if (!Number.isSafeInteger(offset)) throw new CountError(`offset: expected an integer, got ${shown(offset)}`)
    if (from !== 'start' && from !== 'current' && from !== 'end') {
      throw new ArgumentError(`from: expected 'start', 'current' or 'end', got ${shown(from)}`)
    }
    const base = from === 'start' ? 0 : from === 'current' ? current : this.#view.elementsIn(this.#sizeNow())
    if (base + offset < 0) throw new CountError(`offset: ${offset} from the ${from} (${base}) is before the start of the view`)
    if (!Number.isSafeInteger(base + offset)) throw new CountError(`offset: ${offset} from the ${from} (${base}) is behind 2⁵³-1`)
    return base + offset
  }

  /** The element where a call of this rank alone begins; its pointer moves on. */
  place({ at, shared }: FilePlace, count: number, request: CallRequest<never> | CallRequest<unknown>, then: (start: number) => void): void {
    const one = request as CallRequest<unknown>
    if (shared === true) {
      this.#counters.add(
        POINTER,
        count,
        (error, start) => {
          if (error !== null) one.settle(error)
          else if (!one.settled) attempt(one, () => then(start))
        },
        one.site
      )
      return
    }
    const start = at ?? this.#position
    if (at === undefined) {
      this.#view.check(start, count)
      this.#position += count
    }
    then(start)
  }

  /** What this rank says of a collective call: its own pointer moves on. */
  say({ at, shared }: FilePlace, count: number): Said {
    const { pieceBytes } = this.#view
    if (shared === true) return said({ count, start: 0, first: 0, end: 0, pieceBytes })
    const start = at ?? this.#position
    const { first, end } = boundsOf(this.#view, start, count)
    if (at === undefined) this.#position += count
    return said({ count, start, first, end, pieceBytes })
  }

  /** Where this rank begins, and what each touches, seen by the view that was there at the call. */
  locate(
    says: readonly Say[],
    { shared }: FilePlace,
    view: View,
    site: CallSite | undefined
  ): Observable<{ start: number; extents: readonly Extent[] }> {
    const { rank } = this.#worker.core
    if (shared !== true) return of({ start: says[rank]!.start, extents: says })
    const total = says.reduce((sum, { count }) => sum + count, 0)
    const base = this.#leads ? called<number>((done) => this.#counters.add(POINTER, total, done)) : of(0)
    return base.pipe(
      concatMap((mine) => gather(this.#worker, 'file (shared pointer)', mine, site)),
      map((bases) => {
        let start = bases[this.#leader]!
        const starts = says.map(({ count }) => {
          const own = start
          start += count
          return own
        })
        return { start: starts[rank]!, extents: says.map(({ count }, k) => boundsOf(view, starts[k]!, count)) }
      })
    )
  }
}

/** From the first byte of some elements to the end of the last. */
function boundsOf(view: View, start: number, count: number): Extent {
  if (count === 0) return { first: 0, end: 0 }
  const first = view.byteOffset(start)
  return { first, end: view.byteOffset(start + count - 1) + view.size }
}

/** What goes wrong later than the call is the request's failure. */
function attempt(request: CallRequest<unknown>, run: () => void): void {
  try {
    run()
  } catch (error) {
    request.settle(error)
  }
}
