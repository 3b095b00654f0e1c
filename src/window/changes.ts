import { Observable, type Subscriber } from 'rxjs'
import { PROC_NULL } from '../constants.js'
import { checkOptions } from '../diagnostics/arguments.js'
import { recordCallSite } from '../diagnostics/call-site.js'
import { CountError } from '../errors.js'
import { checkCount } from '../layout/check.js'
import type { Service } from '../service/service.js'
import { presentDemand } from '../stream/demand.js'
import type { Control } from './control.js'
import { SPAN, TOUCHED } from './options.js'
import { checkAt, rowIn } from './place.js'
import type { Targets } from './targets.js'
import type { Waits } from './waits.js'

/** Elements of this rank's part in which something was written. */
export interface Change {
  /** The first of them, */
  readonly at: number
  /** and how many there are to the last. */
  readonly count: number
  /** The ranks that have written there. */
  readonly sources: readonly number[]
}

interface Span {
  at: number
  end: number
}

/**
 * Tells a rank what others write into its part. What comes while it is busy, or while the word of the change before is under way, is one
 * change: so there is never more of it than one span a rank.
 */
export class Changes {
  readonly #service: Service
  readonly #waits: Waits
  readonly #watchers = new Set<Watcher>()
  /** What a target is still to be told, where the last word to it is under way. */
  readonly #untold = new Map<number, Span | undefined>()
  control: Control | undefined

  constructor(service: Service, waits: Waits) {
    this.#service = service
    this.#waits = waits
    service.serve('changed', (source, [at, end], reply) => {
      this.note(source, at as number, end as number)
      reply(null, undefined)
    })
  }

  /** Whether this rank wants to hear of anything. */
  get isWatched(): boolean {
    return this.#watchers.size > 0
  }

  /** Tells a rank that its elements from `at` to before `end` may have changed. */
  tell(target: number, at: number, end: number): void {
    if (this.#untold.has(target)) {
      const span = this.#untold.get(target)
      this.#untold.set(target, span === undefined ? { at, end } : joined(span, at, end))
      return
    }
    this.#untold.set(target, undefined)
    this.#service.ask(target, 'changed', [at, end], undefined, (error) => {
      const span = this.#untold.get(target)
      this.#untold.delete(target)
      if (error === null && span !== undefined) this.tell(target, span.at, span.end)
    })
  }

  /** Tells a rank of what was stored in its part without a call. Throws what is wrong with the options. */
  touch(options: { target: number; at?: number; count?: number }, targets: Targets): void {
    checkOptions(options, TOUCHED, '{ target: 1 }')
    const { target, at = 0, count } = options
    if (target === PROC_NULL) return
    targets.checkRank(target)
    const part = targets.parts[target]!
    checkAt(at)
    const place = rowIn(part, at, count ?? Math.max(0, part.length - at))
    this.tell(target, place.at, place.at + place.span)
  }

  /** Something was written here. */
  note(source: number, at: number, end: number): void {
    for (const watcher of [...this.#watchers]) watcher.note(source, at, end)
  }

  /** Those of this rank's part, which has so many elements. Throws what is wrong with the options. */
  stream(options: { at?: number; count?: number }, length: number): Observable<Change> {
    checkOptions(options, SPAN, '{ at: 0, count: 8 }')
    const { at = 0, count = Number.POSITIVE_INFINITY } = options
    checkAt(at)
    if (count !== Number.POSITIVE_INFINITY) checkCount(count, 'count')
    if (at > length || (count !== Number.POSITIVE_INFINITY && at + count > length)) {
      throw new CountError(`at: elements from ${at} on reach outside this rank's part, which has ${length}`)
    }
    const end = Math.min(length, at + count)
    const site = recordCallSite()
    return new Observable((subscriber) => {
      const { core } = this.#service
      if (!core.alive) return subscriber.error(core.freedError())
      const watcher = new Watcher(at, end, subscriber)
      const leave = this.#waits.add(
        undefined,
        site,
        () => `for changes of ${this.#service.what}`,
        (error) => subscriber.error(core.inContext(error, site)),
        () => subscriber.complete()
      )
      this.#watchers.add(watcher)
      this.#publish()
      subscriber.add(() => {
        leave()
        watcher.stop?.()
        this.#watchers.delete(watcher)
        this.#publish()
      })
    })
  }

  #publish(): void {
    if (this.control !== undefined) this.control.isWatched = this.isWatched
  }
}

const joined = (span: Span, at: number, end: number): Span => ({ at: Math.min(span.at, at), end: Math.max(span.end, end) })

class Watcher {
  readonly #at: number
  readonly #end: number
  readonly #subscriber: Subscriber<Change>
  readonly #demand = presentDemand()
  readonly #sources = new Set<number>()
  #span: Span | undefined
  #isEmitting = false
  stop: (() => void) | undefined

  constructor(at: number, end: number, subscriber: Subscriber<Change>) {
    this.#at = at
    this.#end = end
    this.#subscriber = subscriber
  }

  note(source: number, at: number, end: number): void {
    const first = Math.max(at, this.#at)
    const last = Math.min(end, this.#end)
    if (first >= last) return
    this.#span = this.#span === undefined ? { at: first, end: last } : joined(this.#span, first, last)
    this.#sources.add(source)
    this.#emit()
  }

  #emit(): void {
    if (this.#isEmitting) return
    this.#isEmitting = true
    try {
      while (this.#span !== undefined && !this.#subscriber.closed) {
        if (this.#demand?.open === false) {
          this.stop ??= this.#demand.wait(() => {
            this.stop = undefined
            this.#emit()
          })
          return
        }
        const { at, end } = this.#span
        const sources = [...this.#sources].sort((a, b) => a - b)
        this.#span = undefined
        this.#sources.clear()
        this.#subscriber.next({ at, count: end - at, sources })
      }
    } finally {
      this.#isEmitting = false
    }
  }
}
