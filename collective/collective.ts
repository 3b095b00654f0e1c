import type { MonoTypeOperatorFunction, Observable } from 'rxjs'
import { NO_OPTIONS } from '../src/collective/call.js'
import type { Definition, Make, StreamOptions } from '../src/collective/definition.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import { call } from '../src/collective/request.js'
import type { Links, Unit } from '../src/collective/steps.js'
import { through } from '../src/collective/through.js'
import type { AnyCommunicator } from '../src/communicator/communicator.js'
import { checkOptions, shown } from '../src/diagnostics/arguments.js'
import { captureCallSite } from '../src/diagnostics/call-site.js'
import { inContext } from '../src/diagnostics/error-context.js'
import type { OptionNames } from '../src/diagnostics/option-names.js'
import { ArgumentError } from '../src/errors.js'
import type { Request } from '../src/request/request.js'

/** What a rank does with each unit at one step of an algorithm: it gives something to one rank, and takes something from one. */
export interface CollectiveStep<U extends Unit> {
  /** Whom this rank sends to; default nobody. */
  readonly to?: number | undefined
  /** Whom this rank hears from; default nobody. */
  readonly from?: number | undefined
  /** What is sent, of any kind that can be; default `undefined`, a message that only says that the rank has come so far. */
  readonly give?: (unit: U) => unknown
  /** What has come: the unit goes on to the next step behind this. */
  readonly take?: (unit: U, value: unknown) => void
}

/** The ranks of a communicator, and the way between them, as an algorithm sees it. */
export interface Ranks {
  /** This rank. */
  readonly rank: number
  /** How many they are. */
  readonly size: number
  /** A step as an operator: passes each unit on when what is for it has come. */
  exchange<U extends Unit>(step: CollectiveStep<U>): MonoTypeOperatorFunction<U>
  /** Several steps, one behind the other. */
  exchanges<U extends Unit>(steps: readonly CollectiveStep<U>[]): MonoTypeOperatorFunction<U>
  /** Behind the last step: passes units on, in order, when all that they have sent has gone. */
  settled<U extends Unit>(): MonoTypeOperatorFunction<U>
}

/** How rounds of a collective may go on. */
export interface CollectiveTraits {
  /**
   * A rank may be done with a round before others have come to it, for it only sends there: the root of a broadcast, the leaves of a
   * reduction. Then it goes at most `window` rounds ahead, and a call ends when all that it has sent to have called the same. Default
   * false.
   */
  ahead?: boolean
  /**
   * Rounds are under way side by side: a rank begins one when its value is there, up to `window` of them. Then no two steps may hear from
   * the same rank, for what comes would be of either. Default false: a rank's round begins when the one before is over.
   */
  overlap?: boolean
}

const TRAITS: OptionNames<CollectiveTraits> = { ahead: true, overlap: true }

/** How a call of one value is made. */
export interface CallOnceOptions {
  /** Aborting it fails the call here with an AbortError, and on the other ranks with a RemoteError. */
  signal?: AbortSignal
}

const ONCE: OptionNames<CallOnceOptions> = { signal: true }
const STREAM: OptionNames<StreamOptions> = { ragged: true, window: true, signal: true }

/** A collective of the program's own: an operator, and the same as a call of one value. All ranks of the communicator call it. */
export interface Collective<T, R> {
  /** As an operator: `source$.pipe(sums(comm))`. Round k takes the k-th values of all ranks. */
  (comm: AnyCommunicator, options?: StreamOptions): CollectiveOperator<T, R>
  /** On one value, as a promise. */
  once(comm: AnyCommunicator, value: T, options?: CallOnceOptions): Promise<R>
  /** On one value, as a request. */
  request(comm: AnyCommunicator, value: T, options?: CallOnceOptions): Request<R>
}

/**
 * Makes a collective of the program's own. It is one as those of rxmpi are: known by its name and the order of the calls, so that ranks
 * that disagree all hear it; in rounds that flow through its steps; as fast; in simulations with exact times.
 *
 *     sum from left to right, latency 2
 *     rank 0   source a---|     out a---|
 *     rank 1   source a---|     out --b-(|)
 *
 * `build` is called once for each communicator and way of calling, and composes the way from the values of this rank to its results. What
 * goes through the steps are objects with `pending: 0`, a new one for each value; `settled` stands behind the last step.
 *
 * Shape: T → R, whatever `build` says. Cost: that of its messages; a message carries a number or a buffer as it is, anything else in CBOR.
 * Errors: ArgumentError when it is made; then as of every collective: CollectiveMismatchError, RaggedStreamError, RankFailedError,
 * DeadlockError, AbortError. What `give` or `take` throws fails this rank's call, and the others' with a RemoteError.
 * Source: of the form, MPI 4.1 §6.1; MPI has no such call.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { collective } from 'rxmpi/collective'
 * import { map } from 'rxjs'
 *
 * // Everyone gets the value of the rank to its left.
 * const shifted = collective<string, string>('shifted', ({ rank, size, exchange, settled }) => (values) =>
 *   values.pipe(
 *     map((own) => ({ pending: 0, own, come: '' })),
 *     exchange({
 *       to: (rank + 1) % size,
 *       from: (rank + size - 1) % size,
 *       give: (unit) => unit.own,
 *       take: (unit, value) => { unit.come = value as string }
 *     }),
 *     settled(),
 *     map((unit) => unit.come)
 *   )
 * )
 * console.log(await shifted.once(comm, `of ${comm.rank}`)) // [0] of 1 [1] of 0
 * ```
 */
export function collective<T, R>(
  name: string,
  build: (ranks: Ranks) => (values: Observable<T>) => Observable<R>,
  traits: CollectiveTraits = {}
): Collective<T, R> {
  here(undefined, () => {
    if (typeof name !== 'string' || name === '')
      throw new ArgumentError(`name: expected a name, which the ranks agree on, got ${shown(name)}`)
    if (typeof build !== 'function') throw new ArgumentError(`build: expected a function of the ranks, got ${shown(build)}`)
    checkOptions(traits, TRAITS, '{ ahead: true }')
  })
  const { ahead = false, overlap = false } = traits
  const make: Make<T, R> = (): Definition<T, R> => ({
    name,
    ahead,
    serial: !overlap,
    build: (links) => build(ranksOf(links, overlap))
  })
  const request = (comm: AnyCommunicator, value: T, options: CallOnceOptions = {}): Request<R> => {
    here(comm, () => checkOptions(options, ONCE, '{ signal }'))
    return call(comm, make, value, options.signal === undefined ? NO_OPTIONS : options)
  }
  const asOperator = (comm: AnyCommunicator, options: StreamOptions = {}): CollectiveOperator<T, R> => {
    here(comm, () => {
      checkOptions(options, STREAM, "{ ragged: 'truncate' }")
      if (options.ragged !== 'rest') return
      throw new ArgumentError(`ragged: 'rest' gives rounds without the values of some ranks, which '${name}' does not know; give another`)
    })
    return operator(comm, make, options)
  }
  return Object.assign(asOperator, {
    request,
    once: (comm: AnyCommunicator, value: T, options?: CallOnceOptions) => request(comm, value, options).wait()
  })
}

/** What is wrong with the arguments of a call is told with its line. */
function here(comm: AnyCommunicator | undefined, check: () => void): void {
  try {
    check()
  } catch (error) {
    throw inContext(error, { rank: comm?.rank }, captureCallSite())
  }
}

function ranksOf(links: Links, overlap: boolean): Ranks {
  const { rank, size } = links.comm
  const heard = new Set<number>()
  const exchange = <U extends Unit>(step: CollectiveStep<U>): MonoTypeOperatorFunction<U> => {
    checkStep(step, size)
    const { to, from, give, take } = step
    if (overlap && from !== undefined && heard.has(from)) {
      throw new ArgumentError(`from: two steps hear from rank ${from}, and rounds would mix; leave out overlap, or make them one step`)
    }
    if (from !== undefined) heard.add(from)
    return links.step<U>({
      from,
      send: to === undefined ? undefined : (unit) => links.sendValue(unit, to, give?.(unit)),
      take: take && ((unit, message) => take(unit, message.value()))
    })
  }
  return { rank, size, exchange, exchanges: (steps) => through(steps.map(exchange)), settled: () => links.settled() }
}

function checkStep({ to, from, give, take }: CollectiveStep<never>, size: number): void {
  for (const [name, rank] of Object.entries({ to, from })) {
    if (rank === undefined || (Number.isInteger(rank) && rank >= 0 && rank < size)) continue
    throw new ArgumentError(`${name}: expected a rank from 0 to ${size - 1}, or none, got ${shown(rank)}`)
  }
  if (give !== undefined && to === undefined) throw new ArgumentError('give: nobody is sent anything; say to whom by `to`')
  if (take !== undefined && from === undefined) throw new ArgumentError('take: nothing comes; say from whom by `from`')
}
