import { checkOptions } from '../src/diagnostics/arguments.js'
import type { OptionNames } from '../src/diagnostics/option-names.js'
import { ArgumentError } from '../src/errors.js'
import { type Run, runOnce, SIMULATE, type SimulateHelpers, type SimulateOptions, simulate } from './simulate.js'
import { ExplorationError, MarbleError } from './simulation/errors.js'
import { difference } from './simulation/marbles.js'
import { INCOMPARABLE, outcomeOf } from './simulation/outcome.js'

/** Which arrival orders are tried, and the options of `simulate`. */
export interface ExploreOptions extends SimulateOptions {
  /** How many arrival orders are tried: those of the seeds 0 … seeds - 1; default 200. */
  seeds?: number
  /** Only this one: the failed seed of an earlier run. */
  seed?: number
  /** How many ranks; default 4. */
  size?: number
}

/** What `explore` has found where no order failed. */
export interface Exploration {
  /** How many orders were tried. */
  readonly seeds: number
  /**
   * What shows that the result is the same in all of them: what the test returns, what it expects by marbles, or nothing of which `explore`
   * knows.
   */
  readonly compared: 'results' | 'expectations' | 'nothing'
  /**
   * The first receive that got another message in some order than in the first, with its line and both senders. Where results were compared
   * it made no difference; where they were not, this says so.
   */
  readonly race: string | undefined
}

const EXPLORE: OptionNames<ExploreOptions> = { ...SIMULATE, seeds: true, size: true }

/**
 * Runs a simulated test under many arrival orders: messages that reach their ranks at the same time are delivered in another order with
 * each seed. All of them are possible ones: the messages of a link never overtake each other, and none comes before what caused it. So a
 * receive from any source, a `race` or a `merge` that counts on an order shows. With `jitter` the times differ too, for a test that draws
 * none.
 *
 * What the test returns is compared, too, once time is over, where that is plain data or requests: it must be the same under each order.
 *
 * Shape: gives back what was compared, and which receive matched otherwise though nothing failed.
 * Errors: the first failure ends it, as an ExplorationError with the seed, how to run that one alone (`seed: 17`), the first receive that
 * got another message than under an order that passes, and the original as its `cause`.
 * Cost: `seeds` times that of `simulate`.
 *
 * @example
 * ```ts
 * import { take } from 'rxjs'
 * import { explore } from 'rxmpi/testing'
 *
 * try {
 *   explore({ seeds: 50, size: 3, leaks: 'ignore' }, ({ comms: [zero, one, two], expectObservable }) => {
 *     one.isend('a', { dest: 0 })
 *     two.isend('b', { dest: 0 })
 *     expectObservable(zero.irecv<string>()).toBe('(a|)') // or is it b?
 *   })
 * } catch (error) {
 *   console.log((error as Error).name) // [0] ExplorationError [1] ExplorationError
 * }
 * ```
 */
export function explore(options: ExploreOptions, test: (helpers: SimulateHelpers) => unknown): Exploration {
  checkOptions(options, EXPLORE, '{ seeds: 200 }')
  const { seeds = 200, seed: only, size = 4, ...model } = options
  if (!Number.isSafeInteger(seeds) || seeds < 1) throw new ArgumentError(`seeds: expected an integer from 1 on, got ${seeds}`)
  // An empty test first, so that a bad argument is told as one.
  simulate(size, { ...model, seed: only ?? 0 }, typeof test === 'function' ? () => undefined : test)
  const attempt = (seed: number): Attempt => attemptOf(seed, runOnce(size, { ...model, seed }, test, true))
  const first = attempt(only ?? 0)
  if (first.failure !== undefined) throw failed(first, firstPassing(attempt, first, seeds))
  // A result that is another than that of seed 0 is so when it is run alone, too.
  const reference = first.seed === 0 || !isComparable(first) ? first : attempt(0)
  let race: string | undefined
  for (let seed = first.seed; seed <= (only ?? seeds - 1); seed++) {
    const one = seed === first.seed ? first : attempt(seed)
    const failure = one.failure ?? differenceOf(one, reference)
    if (failure !== undefined) throw failed({ ...one, failure }, reference)
    race ??= raceOf(one, first)
  }
  const compared = isComparable(first) ? 'results' : first.run.expectations > 0 ? 'expectations' : 'nothing'
  const isOpen = race !== undefined && compared === 'nothing'
  return { seeds: only === undefined ? seeds : 1, compared, race: isOpen ? `${race}; ${NOT_COMPARED}` : race }
}

const NOT_COMPARED =
  'whether the result differs was not compared: return it from the test (data, or requests), or expect it with expectObservable'

/** One order, and what has become of the test. */
interface Attempt {
  readonly seed: number
  readonly run: Run
  readonly outcome: unknown
  readonly failure: Run['failure']
}

const attemptOf = (seed: number, run: Run): Attempt => ({
  seed,
  run,
  outcome: run.failure === undefined ? outcomeOf(run.result) : undefined,
  failure: run.failure
})

function raceOf({ seed, run }: Attempt, first: Attempt): string | undefined {
  const text = run.trace!.otherMatch(first.run.trace!, `under seed ${first.seed}`)
  return text && `under seed ${seed}, ${text}`
}

const isComparable = ({ outcome }: Attempt): boolean => outcome !== INCOMPARABLE && outcome !== undefined

function differenceOf(one: Attempt, other: Attempt): Run['failure'] {
  if (one === other || !isComparable(one) || !isComparable(other)) return undefined
  const text = difference(one.outcome, other.outcome)
  if (text === undefined) return undefined
  const what = `the result is another than under seed ${other.seed}, which is taken as what is expected`
  return { cause: new MarbleError(`${what}\n${text.replace(/^/gm, '  ')}`, one.outcome, other.outcome) }
}

/** Orders that are tried for one that passes. */
const SEARCHED = 20

function firstPassing(attempt: (seed: number) => Attempt, { seed: bad }: Attempt, seeds: number): Attempt | undefined {
  for (let seed = 0; seed < Math.min(seeds, SEARCHED); seed++) {
    if (seed === bad) continue
    const one = attempt(seed)
    if (one.failure === undefined) return one
  }
  return undefined
}

function failed({ seed, run, failure }: Attempt, passing: Attempt | undefined): ExplorationError {
  return new ExplorationError(seed, failure!.cause, reasonOf(run, passing))
}

function reasonOf({ trace }: Run, passing: Attempt | undefined): string {
  if (passing === undefined) return 'no other order that was tried passes, so it may not be the order that it fails by'
  const { seed, run } = passing
  const other = `under seed ${seed}, which passes,`
  return (
    trace!.otherMatch(run.trace!, other) ??
    trace!.otherOrder(run.trace!, other) ??
    `each receive got the same message, in the same order, as under seed ${seed}, which passes: the order shows elsewhere`
  )
}
