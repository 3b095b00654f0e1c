import { Observable } from 'rxjs'
import { ANY_SOURCE } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { type OptionNames, SIGNAL } from '../diagnostics/option-names.js'
import { ArgumentError, CollectiveMismatchError, RxmpiError } from '../errors.js'
import type { Verdict } from '../failure/agreement.js'
import { type FailureNotices, failureNoticesOf } from '../failure/failure-notices.js'
import { IDS_EXHAUSTED } from '../progress/context-ids.js'
import type { Endpoint } from '../progress/endpoint.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import { Request } from '../request/request.js'
import type { Communicator } from './communicator.js'
import { PersistentCalls } from './persistent-calls.js'

/** What `agree` may be told. */
export interface AgreeOptions {
  /** Aborting it fails the call here with an AbortError; the others agree all the same, and this rank's part counts. */
  signal?: AbortSignal
}

/** What `shrink` may be told. */
export interface ShrinkOptions extends AgreeOptions {
  /** The new communicator's; by default after this one: 'world.shrink(1)'. */
  name?: string
}

const SHRINK: OptionNames<ShrinkOptions> = { name: true, signal: true }

/**
 * How the ranks of a communicator go on when some of them fail: MPI's user-level failure mitigation (ULFM; Bland et al., Post-failure
 * recovery of MPI communication capability, IJHPCA 27(3), 2013). In a job whose first failure does not end it:
 * `rxmpi run --on-failure continue`.
 */
export abstract class FaultTolerant extends PersistentCalls {
  #shrinks = 0
  #watchers: Set<() => void> | undefined
  readonly #agreements = new Set<Request<unknown>>()

  /** @internal */
  constructor(core: CommunicatorCore) {
    super(core)
    const tellAll = (): void => {
      for (const tell of [...(this.#watchers ?? [])]) tell()
    }
    core.attach({
      announce: tellAll,
      release: () => {
        for (const agreement of [...this.#agreements]) agreement.fail(core.freedError())
        tellAll()
      }
    })
  }

  /**
   * The ranks that have failed, in order: those there are, at once, and all of them again each time that there are more. A rank that has
   * ended well has not failed.
   *
   *     rank 2 dies             --x
   *     comm.failed             a--b
   *
   * It is told before anything fails of it: a subscriber that calls `ackFailed()` keeps the receives from `ANY_SOURCE` waiting. It keeps no
   * rank alive, and completes when the communicator is freed. MPI: MPIX_Comm_get_failed.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * comm.failed.subscribe((ranks) => console.log('failed:', ranks)).unsubscribe() // [0] failed: [] [1] failed: []
   * ```
   */
  readonly failed: Observable<number[]> = new Observable((subscriber) => {
    let told = 0
    const tell = (): void => {
      if (!this.core.alive) return subscriber.complete()
      const { ranks } = this.core.failedMembers
      if (ranks.length > told) subscriber.next(ranks)
      told = ranks.length
    }
    this.#watchers ??= new Set()
    this.#watchers.add(tell)
    const { transport } = this.core.endpoint
    transport.watch()
    subscriber.add(() => {
      this.#watchers!.delete(tell)
      transport.unwatch()
    })
    const { ranks } = this.core.failedMembers
    told = ranks.length
    subscriber.next(ranks)
    if (!this.core.alive) subscriber.complete()
  })

  /**
   * The program knows of all that have failed so far, and gets their ranks: what waits for a message from any rank waits for the others
   * from now on. Without it every receive and probe from `ANY_SOURCE` that finds nothing fails, for the message may have been a failed
   * rank's to send. Local, costs nothing. MPI: MPIX_Comm_ack_failed.
   */
  ackFailed(): number[] {
    return this.core.failedMembers.acknowledge()
  }

  /**
   * Nothing more is done on this communicator, by any of its ranks: all that is pending and every later call fails with a RevokedError, but
   * for `shrink` and `agree`. So ranks that wait for one which has gone to look after a failure wait no more. Called by one rank or
   * several; the news reaches all that live if it has reached one.
   *
   *     rank 0   revoke()   -u
   *     rank 1   irecv()    --#
   *
   * Cost: each rank tells each other, once. A second time does nothing. MPI: MPIX_Comm_revoke.
   */
  revoke(): void {
    if (this.core.alive) this.#notices.revoke(this.whole)
  }

  /**
   * What all ranks that live have to say, in one: `true` when all say so, or the bitwise AND of 32-bit integers. Called by all ranks; those
   * that have failed are not waited for, and one that dies meanwhile neither holds up the others nor lets them disagree: what one gets, all
   * get. It works when the communicator is revoked.
   *
   *     rank 0   iagree(6)    ---(a|)
   *     rank 1   iagree(12)   ----(a|)
   *
   * Errors: ArgumentError when `flag` is neither; CollectiveMismatchError on all ranks when they have called different things; FreedError,
   * AbortError.
   * Cost: four latencies, 4 (p - 1) messages, more when a rank dies. Algorithm: a rotating coordinator over a perfect failure detector
   * (Chandra and Toueg, JACM 43(2), 1996).
   * MPI: MPIX_Comm_agree; unlike it this raises nothing for a failure that is not acknowledged.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * console.log(await comm.agree(comm.rank < 5)) // [0] true [1] true
   * console.log(await comm.agree(comm.rank === 0 ? 6 : 12)) // [0] 4 [1] 4
   * ```
   */
  agree<F extends number | boolean>(flag: F, options?: AgreeOptions): Promise<F extends number ? number : boolean> {
    return this.iagree(flag, options).wait()
  }

  /** As `agree`, as a request. MPI: MPIX_Comm_iagree. */
  iagree<F extends number | boolean>(flag: F, options: AgreeOptions = {}): Request<F extends number ? number : boolean> {
    const isBoolean = typeof flag === 'boolean'
    const check = (): void => {
      if (isBoolean || (Number.isInteger(flag) && (flag as number) === ((flag as number) | 0))) return
      throw new ArgumentError(`flag: expected a boolean or an integer of 32 bits, got ${shown(flag)}`)
    }
    const bits = isBoolean ? (flag ? -1 : 0) : (flag as number)
    const conclude = (verdict: Verdict): unknown => (isBoolean ? verdict.flag !== 0 : verdict.flag)
    return this.#ask(`agree(${typeof flag})`, check, bits, options, conclude) as Request<F extends number ? number : boolean>
  }

  /**
   * A communicator of the ranks that live, in the order they have here: all of them get the same, also when one dies meanwhile (it may then
   * be a member that has failed). Called by all ranks. It works when the communicator is revoked, which it mostly is.
   *
   *     rank 0   ishrink()   ---(a|)
   *     rank 1   ishrink()   ----(a|)
   *
   * Errors: ArgumentError when `name` is no string; CollectiveMismatchError on all ranks when they have called different things;
   * FreedError, AbortError.
   * Cost: that of `agree`. MPI: MPIX_Comm_shrink.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const survivors = await comm.shrink()
   * console.log(survivors.name, survivors.size) // [0] world.shrink(1) 2 [1] world.shrink(1) 2
   * survivors.free()
   * ```
   */
  shrink(options?: ShrinkOptions): Promise<Communicator> {
    return this.ishrink(options).wait()
  }

  /** As `shrink`, as a request. MPI: MPIX_Comm_ishrink. */
  ishrink(options: ShrinkOptions = {}): Request<Communicator> {
    const check = (): void => {
      const { name } = options
      if (name !== undefined && typeof name !== 'string') throw new ArgumentError(`name: expected a string, got ${shown(name)}`)
    }
    const conclude = ({ ranks, id }: Verdict, site: CallSite | undefined): Communicator => {
      if (id === null) throw new RxmpiError(`shrink: ${IDS_EXHAUSTED}`)
      return this.make(id, options.name ?? `${this.name}.shrink(${++this.#shrinks})`, ranks, site)
    }
    return this.#ask('shrink()', check, 0, options, conclude, true)
  }

  /** @internal All its ranks. */
  protected get whole(): CommunicatorCore {
    return this.core
  }

  /** @internal A communicator of some ranks of this one. */
  protected abstract make(id: number, name: string, ranks: readonly number[], site: CallSite | undefined): Communicator

  get #notices(): FailureNotices {
    return failureNoticesOf(this.core.endpoint)
  }

  #ask<T>(
    what: string,
    check: () => void,
    flag: number,
    options: AgreeOptions,
    conclude: (verdict: Verdict, site: CallSite | undefined) => T,
    makes = false
  ): Request<T> {
    const request = new AgreementRequest<T>(this.whole, what, recordCallSite())
    try {
      if (!this.core.alive) throw this.core.freedError()
      checkOptions(options, makes ? SHRINK : SIGNAL, '{ signal }')
      check()
      const { signal } = options
      if (signal !== undefined) checkSignal(signal)
      if (signal?.aborted) throw abortError(signal)
      if (makes) request.onSettled(this.core.endpoint.expectCommunicator())
      request.ask(this.#notices, flag, makes ? this.core.endpoint.ids.next() : null, conclude)
      this.#agreements.add(request)
      request.onSettled(() => this.#agreements.delete(request))
      if (signal !== undefined) abandonOn(signal, request, (error) => request.fail(error))
      return request
    } catch (error) {
      const refused = new AgreementRequest<T>(this.whole, what, captureCallSite())
      refused.fail(error as Error)
      return refused
    }
  }
}

/** An agreement under way, as its rank sees it: whatever becomes of it, the rank takes part until all others have what they agreed on. */
class AgreementRequest<T> extends Request<T> {
  readonly status = undefined
  readonly peer = ANY_SOURCE
  readonly #comm: CommunicatorCore
  readonly #endpoint: Endpoint
  readonly #what: string
  #missing: () => number[] = () => []

  constructor(comm: CommunicatorCore, what: string, site: CallSite | undefined) {
    super(site)
    this.#comm = comm
    this.#endpoint = comm.endpoint
    this.#what = what
  }

  ask(notices: FailureNotices, flag: number, id: number | null, conclude: (verdict: Verdict, site: CallSite | undefined) => T): void {
    const survivors = notices.survivors(this.#comm)
    this.holds(this.#endpoint.transport)
    this.onSettled(notices.wait(this))
    const sequence = survivors.ask(this.#what, flag, id, (verdict, sequence) => {
      if (this.settled) return
      try {
        if (verdict.calls !== undefined) throw mismatch(this.#comm.name, sequence, verdict)
        this.complete(conclude(verdict, this.site))
      } catch (error) {
        this.fail(error as Error)
      }
    })
    this.#missing = () => survivors.missing(sequence)
  }

  get waits(): boolean {
    return !this.settled
  }

  describe(): string {
    const missing = this.#missing()
    return `in ${this.#what}${this.#comm.on} for rank${missing.length === 1 ? '' : 's'} ${missing.join(', ')} to take part`
  }

  protected poll(): void {
    this.#comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#comm.inContext(error, site)
  }
}

function mismatch(name: string, sequence: number, { ranks, calls }: Verdict): CollectiveMismatchError {
  const lines = ranks.map((rank, k) => `  rank ${rank}: ${calls![k]}`)
  return new CollectiveMismatchError(
    `the ranks disagree in agreement ${sequence} of '${name}':\n${lines.join('\n')}\nall ranks must call agree and shrink in the same order`
  )
}
