import { Observable, type Subscriber } from 'rxjs'
import { type BufferLike, datatypeOf, OBJECT } from '../codec/datatype.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkAttached, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, justAt, recordCallSite } from '../diagnostics/call-site.js'
import { ArgumentError, CountError, DatatypeError, FreedError, RequestError } from '../errors.js'
import { Pickable } from '../layout/picked.js'
import { checkThere } from '../layout/view.js'
import type { Target } from './options.js'
import { RefusedRequest } from './refused-request.js'
import type { Request } from './request.js'

/**
 * A call that is made once and started again and again, on memory that stays where it is: what was given is checked, and what it needs is
 * found, when it is made. Each start reads the memory anew.
 *
 *     const moved = comm.sendInit(data, { dest: 1 })
 *     moved.start()     a request, as of isend
 *
 * It is a cold Observable, too: a subscription starts it. One start is under way at a time. MPI: a persistent request, MPI 4.1 §3.9, §6.13;
 * mpi4py: MPI.Prequest.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm, SUM } from 'rxmpi'
 * import { concatMap, range } from 'rxjs'
 *
 * const own = new Float64Array(1)
 * const total = new Float64Array(1)
 * const sum = comm.allreduceInit(own, SUM, { into: total })
 * for (const step of [1, 2]) {
 *   own[0] = step * (comm.rank + 1)
 *   await sum.start().wait()
 *   console.log(total[0]) // [0] 3 [0] 6 [1] 3 [1] 6
 * }
 * range(0, 2).pipe(concatMap(() => sum)).subscribe(() => console.log('again', total[0])) // [0] again 6 [0] again 6 [1] again 6 [1] again 6
 * ```
 */
export abstract class Persistent<T> extends Observable<T> {
  /** @internal */
  protected readonly core: CommunicatorCore
  /** @internal Where it was made, if that was recorded. */
  protected readonly site: CallSite | undefined
  #request: Request<T> | undefined
  #startedAt: CallSite | undefined
  #isStarting = false
  #isFreed = false

  /** @internal */
  protected constructor(core: CommunicatorCore, site: CallSite | undefined) {
    super(start)
    this.core = core
    this.site = site
  }

  /**
   * Starts it. The request fails, and nothing is done, while it is active (RequestError), after `free` (FreedError), and when its memory is
   * gone or has another length (ArgumentError, CountError). MPI: MPI_Start; mpi4py: Prequest.Start.
   */
  start(): Request<T> {
    const site = recordCallSite()
    try {
      this.checkStart()
      // It would have failed if the last start were not complete.
      this.#request?.seen()
      this.#isStarting = true
      this.#startedAt = site
      this.#request = this.begin(site).followed(this.core)
      return this.#request
    } catch (error) {
      return new RefusedRequest<T>(this.core, error)
    } finally {
      this.#isStarting = false
    }
  }

  /** Whether it was started and its request is not settled yet. */
  get active(): boolean {
    if (this.#isActive) return true
    this.#request?.seen()
    return false
  }

  get #isActive(): boolean {
    return this.#isStarting || (this.#request !== undefined && !this.#request.settled)
  }

  /**
   * Gives it up on this rank: it cannot be started any more. What is under way goes on to its end. A second time does nothing. MPI:
   * MPI_Request_free; mpi4py: Prequest.Free.
   */
  free(): void {
    if (this.#isFreed) return
    this.#isFreed = true
    this.release()
  }

  /** As `free`: for `using`. */
  [Symbol.dispose](): void {
    this.free()
  }

  /**
   * Starts several, in the list's order; all or, where one of them cannot be, none. Errors, thrown: ArgumentError for what is no list of
   * persistent calls, and what `start` fails with. MPI: MPI_Startall; mpi4py: Prequest.Startall.
   */
  static startAll<const P extends readonly Persistent<unknown>[]>(list: P): { -readonly [K in keyof P]: Request<StartOf<P[K]>> } {
    checkList(list)
    for (const [k, persistent] of list.entries()) {
      try {
        persistent.checkStart()
        if (list.indexOf(persistent) !== k) throw new RequestError(`list: its elements ${list.indexOf(persistent)} and ${k} are the same`)
      } catch (error) {
        throw persistent.core.inContext(error, captureCallSite())
      }
    }
    return list.map((persistent) => persistent.start()) as { -readonly [K in keyof P]: Request<StartOf<P[K]>> }
  }

  /** @internal Throws why it cannot be started now. */
  protected checkStart(): void {
    this.core.checkAlive()
    if (this.#isFreed) throw new FreedError(`this ${this.describe()} was freed on this rank; make another, or free it later`)
    if (this.#isActive) {
      throw new RequestError(
        `this ${this.describe()} is active, started${justAt(this.#startedAt)}; await its request before it is started again`
      )
    }
    this.checkMemory()
  }

  /** @internal 'sendInit, made at a.ts:3:1' */
  protected describe(): string {
    const made = justAt(this.site)
    return made === '' ? this.operation : `${this.operation}, made${made},`
  }

  /** @internal 'sendInit' */
  protected abstract readonly operation: string

  /** @internal Throws where its memory is not what it was. */
  protected abstract checkMemory(): void

  /** @internal */
  protected abstract begin(site: CallSite | undefined): Request<T>

  /** @internal It will not be started again. */
  protected release(): void {}
}

/** What a start of a persistent call resolves to: of a `Persistent<T>`, T. */
export type StartOf<P> = P extends Persistent<infer T> ? T : never

function start<T>(this: Observable<T>, subscriber: Subscriber<T>): void {
  subscriber.add((this as Persistent<T>).start().subscribe(subscriber))
}

function checkList(list: unknown): void {
  const bad = Array.isArray(list) ? list.findIndex((one) => !(one instanceof Persistent)) : -2
  if (bad === -1) return
  throw new ArgumentError(
    bad === -2
      ? `list: startAll expects an array of persistent calls, got ${shown(list)}`
      : `list[${bad}]: startAll expects a persistent call, got ${shown((list as unknown[])[bad])}`
  )
}

/** Memory that a persistent call reads or writes at each start. */
export class KeptMemory {
  readonly #memory: Target
  readonly #bytes: number
  readonly #name: string

  /** Throws for what has no memory of its own, which could not be read anew; `instead` is what to call for that. */
  constructor(memory: unknown, name: string, instead: string) {
    const isBuffer = datatypeOf(memory) !== OBJECT
    if (!isBuffer && !(memory instanceof Pickable)) {
      throw new DatatypeError(
        `${name}: a persistent call needs memory that stays where it is, a typed array, DataView, Buffer, ArrayBuffer, view or records, ` +
          `got ${shown(memory)}; for other values call ${instead} each time: defer(() => comm.${instead}(…))`
      )
    }
    this.#memory = memory as Target
    this.#name = name
    this.#bytes = isBuffer ? (memory as BufferLike).byteLength : 0
    this.check()
  }

  /** Throws where it is gone, or has another length. */
  check(): void {
    const memory = this.#memory
    if (memory instanceof Pickable) return checkThere(memory, this.#name)
    checkAttached(memory, this.#name)
    if (memory.byteLength === this.#bytes) return
    throw new CountError(
      `${this.#name}: it has ${memory.byteLength} bytes, and had ${this.#bytes} when the persistent call was made; make another`
    )
  }
}
