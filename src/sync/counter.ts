import { Observable, type Subscriber } from 'rxjs'
import type { Communicator } from '../communicator/communicator.js'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError, FreedError, RankFailedError } from '../errors.js'
import { abortError, onAbort } from '../request/cancellation.js'
import type { Request } from '../request/request.js'
import { type Demand, presentDemand, under } from '../stream/internal.js'
import { type BigCounterType, CELL_TYPES, type Cell, type CounterType, SharedCell, sumIn } from './cell.js'
import { CREATE, type CreateOptions, create } from './create.js'
import { shareFromRoot } from './share.js'
import { type SyncCallOptions, SyncObject, type SyncParts, type SyncRequest } from './sync-object.js'

/** How a counter is made. All ranks give the same. */
export interface CounterOptions<T extends number | bigint = number> extends CreateOptions {
  /** The first number; default 0. */
  start?: T
  /** What `next` adds; default 1. */
  step?: T
  /** Default Float64Array, exact to 2⁵³. */
  type?: T extends bigint ? BigCounterType : CounterType
}

const NAMES: OptionNames<CounterOptions> = { ...CREATE, start: true, step: true, type: true }

/** Which tickets are drawn, and how. */
export interface TicketOptions<T extends number | bigint = number> {
  /** Completes at the first number that is not below; where the step is negative, not above. Default: never. */
  below?: T
  /** How many are drawn at once: fewer messages, coarser shares. Default 1. */
  chunk?: number
  /** Aborting it ends the stream with an AbortError. */
  signal?: AbortSignal
}

/** What the root is asked, as numbers. */
const ADD = 0
/** The same of bigints. */
const ADD_BIG = 'add'
/** What the root says before it leaves, which may be after all tickets are drawn. */
const LAST = 'last'

/**
 * A number that all ranks count on: each call gets another one. It is what loops share whose turns take unequal time.
 *
 * Cost of `next`: on the host of the root an atomic addition in memory that its threads share, whatever the root does; from others a
 * message to the root and one back, which it answers when its event loop has a turn.
 * MPI: MPI_Fetch_and_op; mpi4py: util.sync.Counter; Global Arrays: nxtval.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { Counter } from 'rxmpi/sync'
 *
 * const counter = await Counter.create(comm, { start: 10 })
 * const mine = await counter.next()
 * console.log((await comm.allgather(mine)).sort(), await counter.value()) // [0] [ 10, 11 ] 12 [1] [ 10, 11 ] 12
 * await counter.close()
 * ```
 */
export class Counter<T extends number | bigint = number> extends SyncObject {
  readonly #step: T
  readonly #isBig: boolean
  readonly #isExact: boolean
  readonly #type: Cell
  /** The number, where this rank sees it. */
  #cell: SharedCell | undefined
  readonly #isShared: boolean
  readonly #stopTaking: () => void
  /** As the root has said it last. */
  #last: T | undefined
  #draws = 0

  /** @internal */
  constructor(parts: SyncParts, { start, step, type }: Required<Pick<CounterOptions<T>, 'start' | 'step' | 'type'>>) {
    super(parts)
    this.#step = step
    this.#isBig = typeof step === 'bigint'
    this.#type = type as Cell
    this.#isExact = type !== Float64Array && type !== Float32Array
    const { share, isVirtual, hosts } = this.core.endpoint.transport
    this.#isShared = share !== undefined && isVirtual !== true && hosts === undefined
    if (this.core.rank === this.root) {
      const cell = new SharedCell(this.#type, { start })
      this.#cell = cell
      this.service.serve<number>(ADD, (_, amount, reply) => reply(null, cell.add(amount)))
      this.service.serve<readonly [number | bigint]>(ADD_BIG, (_, [amount], reply) => reply(null, cell.add(BigInt(amount))))
    } else {
      this.service.serve<readonly [T]>(LAST, (_, [last]) => {
        this.#last = last
      })
    }
    // Until it has come, the root is asked by message.
    this.#stopTaking = shareFromRoot(this.service, this.root, this.#cell?.memory, (memory) => {
      this.#cell = new SharedCell(this.#type, memory)
    })
  }

  /**
   * Makes a counter of all ranks of a communicator, with contexts of its own. Collective. Cost: a small allgather.
   * Errors: ArgumentError, RankError; CollectiveMismatchError where the ranks give different options; AbortError.
   */
  static create(comm: Communicator, options: CounterOptions<bigint> & { type: BigCounterType }): Promise<Counter<bigint>>
  static create(comm: Communicator, options?: CounterOptions): Promise<Counter>
  static create(comm: Communicator, options?: CounterOptions | CounterOptions<bigint>): Promise<Counter<number> | Counter<bigint>> {
    return Counter.icreate(comm, options as CounterOptions).wait()
  }

  /** As `create`, as a request. */
  static icreate(comm: Communicator, options: CounterOptions<bigint> & { type: BigCounterType }): Request<Counter<bigint>>
  static icreate(comm: Communicator, options?: CounterOptions): Request<Counter>
  static icreate(
    comm: Communicator,
    options: CounterOptions | CounterOptions<bigint> = {}
  ): Request<Counter<number>> | Request<Counter<bigint>> {
    return create('counter', comm, options, NAMES, () => {
      const { type = Float64Array } = options
      if (!CELL_TYPES.includes(type)) {
        throw new ArgumentError(`type: expected an array of numbers or bigints such as Float64Array, got ${shown(type)}`)
      }
      const isBig = type === BigInt64Array || type === BigUint64Array
      const { start = isBig ? 0n : 0, step = isBig ? 1n : 1 } = options
      const isExact = type !== Float64Array && type !== Float32Array
      checkNumber('start', start, isBig, isExact)
      checkNumber('step', step, isBig, isExact)
      const settings = { start, step, type } as unknown as Required<CounterOptions>
      return { say: { start, step, type: type.name }, make: ([parts]) => new Counter(parts!, settings) }
    })
  }

  /**
   * Adds to the number; the number before. `increment`: default the step.
   * Errors: ArgumentError for an increment of another type; RankFailedError when the root has failed; AbortError, though it may be added;
   * FreedError.
   */
  next(increment?: T, options?: SyncCallOptions): Promise<T> {
    return this.inext(increment, options).wait()
  }

  /** As `next`, as a request. */
  inext(increment: T = this.#step, options: SyncCallOptions = NO_OPTIONS): Request<T> {
    return this.begin<T>(options, (request) => {
      if (increment !== this.#step) checkNumber('increment', increment, this.#isBig, this.#isExact)
      this.#draw(increment, request)
    })
  }

  /** The number now. Errors: those of `next`. */
  value(options?: SyncCallOptions): Promise<T> {
    return this.ivalue(options).wait()
  }

  /** As `value`, as a request. */
  ivalue(options: SyncCallOptions = NO_OPTIONS): Request<T> {
    return this.begin<T>(options, (request) => this.#draw((this.#isBig ? 0n : 0) as T, request))
  }

  /**
   * Numbers, drawn as there is demand: `mpi.mergeMap(work, 2)` behind it draws the next when a place is free. Each goes to one rank, once.
   * Cold: each subscription draws its own; what is drawn and not emitted when it is unsubscribed is lost.
   *
   *     rank 0, below: 4            a---c---|
   *     rank 1                      b---d---|
   *
   * It also completes where the root has drawn the last one and then freed the counter or ended.
   * Errors: ArgumentError, CountError when it is made; those of `next`.
   */
  tickets(options: TicketOptions<T> = {}): Observable<T> {
    const site = captureCallSite()
    this.now(() => {
      checkOptions(options, TICKETS, '{ below: 100 }')
      const { below, chunk = 1, signal } = options
      if (below !== undefined) checkNumber('below', below, this.#isBig, false)
      if (!Number.isSafeInteger(chunk) || chunk < 1) throw new CountError(`chunk: expected an integer from 1 on, got ${shown(chunk)}`)
      if (signal !== undefined) checkSignal(signal)
    })
    return new Observable((subscriber) => new Tickets<T>(this, this.#step, options, subscriber, site).run())
  }

  /** @internal The number that follows another, as the type has it. */
  after(number: T): T {
    return sumIn(this.#type, number, this.#step) as T
  }

  /** @internal */
  protected giveBack(isOrderly: boolean): void {
    this.#stopTaking()
    if (isOrderly || this.core.rank !== this.root) return
    this.tellLast()
    this.#cell!.free()
  }

  /** @internal The root may leave from now on: the others know how far it has counted. */
  tellLast(): void {
    const { core, root, service } = this
    if (core.rank !== root || core.obstacle !== undefined) return
    const last = this.#cell!.add(this.#isBig ? 0n : 0)
    for (let rank = 0; rank < core.size; rank++) if (rank !== root) service.tell(rank, LAST, [last])
  }

  /** @internal How far the root has counted that has left, if it is that why a call has failed, and if it is known. */
  lastAfter(error: unknown): T | undefined {
    const { core, root } = this
    if (!(error instanceof FreedError || error instanceof RankFailedError) || !this.isUsable || core.rank === root) return undefined
    return this.#cell === undefined ? this.#last : (this.#cell.add(this.#isBig ? 0n : 0) as T)
  }

  #draw(increment: T, request: SyncRequest<T>): void {
    const { service, root, core } = this
    const cell = this.#cell
    if (cell !== undefined && (core.rank === root || !(cell.isFreed || core.endpoint.transport.hasEnded?.(core.memberOf(root))))) {
      // Who only counts lets others have a turn at times, and who asks by message each time.
      if (!this.#isShared || (++this.#draws & POLL_EVERY) === 0) core.poll()
      return request.settle(null, cell.add(increment) as T)
    }
    const describe = (): string => `for rank ${root} to count on ${service.what}`
    if (this.#isBig) {
      const done = (error: Error | null, value: number | bigint): void =>
        request.settle(error, error === null ? (BigInt(value) as T) : undefined)
      const amount = BigInt.asIntN(64, increment as bigint)
      service.ask<number | bigint, readonly bigint[]>(root, ADD_BIG, [amount], request.site, done, describe)
    } else {
      const done = (error: Error | null, value: number): void => request.settle(error, value as T)
      service.ask<number, number>(root, ADD, increment as number, request.site, done, describe)
    }
  }
}

const TICKETS: OptionNames<TicketOptions> = { below: true, chunk: true, signal: true }
const NO_OPTIONS: SyncCallOptions = {}
/** Draws between two polls, less one; a mask. */
const POLL_EVERY = 15

function checkNumber(name: string, value: unknown, isBig: boolean, isExact: boolean): void {
  if (isBig) {
    // More bits than 64 mean the same as what the type keeps of them.
    if (typeof value === 'bigint') return
    throw new ArgumentError(`${name}: expected a bigint, for the counter's type has bigints, got ${shown(value)}`)
  }
  if (isExact ? Number.isSafeInteger(value) : typeof value === 'number' && !Number.isNaN(value)) return
  throw new ArgumentError(`${name}: expected ${isExact ? 'an integer' : 'a number'}, got ${shown(value)}`)
}

/** One subscription: draws, and gives numbers as they are wanted. */
class Tickets<T extends number | bigint> {
  readonly #counter: Counter<T>
  readonly #step: T
  readonly #below: T | undefined
  readonly #chunk: number
  readonly #subscriber: Subscriber<T>
  readonly #demand: Demand | undefined = presentDemand()
  readonly #fail: (error: unknown) => void
  /** Of what was drawn. */
  #next: T | undefined
  #left = 0
  #running = false
  #waiting = false
  #stopWaiting: (() => void) | undefined

  constructor(counter: Counter<T>, step: T, { below, chunk = 1, signal }: TicketOptions<T>, subscriber: Subscriber<T>, site: CallSite) {
    this.#counter = counter
    this.#step = step
    this.#below = below
    this.#chunk = chunk
    this.#subscriber = subscriber
    this.#fail = (error) => subscriber.error(counter.core.inContext(error, site))
    subscriber.add(() => this.#stopWaiting?.())
    if (signal?.aborted) this.#fail(abortError(signal))
    else if (signal !== undefined) subscriber.add(onAbort(signal, this.#fail))
  }

  /** A loop and no recursion: the root draws within the call. */
  run(): void {
    if (this.#running) return
    this.#running = true
    try {
      while (!this.#subscriber.closed && !this.#waiting && this.#advance()) {}
    } catch (error) {
      this.#fail(error)
    }
    this.#running = false
  }

  /** False when something has to be waited for, or all is over. */
  #advance(): boolean {
    if (this.#demand?.open === false) {
      this.#stopWaiting = this.#demand.wait(() => {
        this.#stopWaiting = undefined
        this.run()
      })
      return false
    }
    if (this.#left === 0) this.#draw()
    else {
      const number = this.#next!
      this.#left--
      if (this.#left > 0) this.#next = this.#counter.after(number)
      if (this.#isOver(number)) this.#complete()
      else under(this.#demand, () => this.#subscriber.next(number))
    }
    return true
  }

  #complete(): void {
    this.#counter.tellLast()
    under(this.#demand, () => this.#subscriber.complete())
  }

  #isOver(number: T): boolean {
    const below = this.#below
    if (below === undefined) return false
    return this.#step < 0 ? number <= below : number >= below
  }

  #draw(): void {
    const increment = (typeof this.#step === 'bigint' ? this.#step * BigInt(this.#chunk) : this.#step * this.#chunk) as T
    this.#waiting = true
    this.#counter.inext(increment).subscribe({
      next: (number) => {
        this.#waiting = false
        this.#next = number
        this.#left = this.#chunk
        this.run()
      },
      error: (error) => {
        // There are none left for anybody: it does not matter that nobody counts any more.
        const last = this.#counter.lastAfter(error)
        if (last !== undefined && this.#isOver(last)) this.#complete()
        else this.#fail(error)
      }
    })
  }
}
