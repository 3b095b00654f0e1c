import { checkOptions } from '../src/diagnostics/arguments.js'
import type { OptionNames } from '../src/diagnostics/option-names.js'
import { ArgumentError } from '../src/errors.js'
import { SIMULATE, type SimulateHelpers, type SimulateOptions, simulate } from './simulate.js'
import { ExplorationError } from './simulation/errors.js'

/** Which arrival orders are tried, and the options of `simulate`. */
export interface ExploreOptions extends SimulateOptions {
  /** How many arrival orders are tried: those of the seeds 0 … seeds - 1; default 200. */
  seeds?: number
  /** Only this one: the failed seed of an earlier run. */
  seed?: number
  /** How many ranks; default 4. */
  size?: number
}

const EXPLORE: OptionNames<ExploreOptions> = { ...SIMULATE, seeds: true, size: true }

/**
 * Runs a simulated test under many arrival orders: messages that reach their ranks at the same time are delivered in another order with
 * each seed. All of them are possible ones: the messages of a link never overtake each other, and none comes before what caused it. So a
 * receive from any source, a `race` or a `merge` that counts on an order shows. With `jitter` the times differ too, for a test that draws
 * none.
 *
 * Errors: the first failure ends it, as an ExplorationError with the seed, how to run that one alone (`seed: 17`) and the original as its
 * `cause`.
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
export function explore(options: ExploreOptions, test: (helpers: SimulateHelpers) => unknown): void {
  checkOptions(options, EXPLORE, '{ seeds: 200 }')
  const { seeds = 200, seed: only, size = 4, ...model } = options
  if (!Number.isSafeInteger(seeds) || seeds < 1) throw new ArgumentError(`seeds: expected an integer from 1 on, got ${seeds}`)
  // An empty test first, so that a bad argument is told as one.
  simulate(size, { ...model, seed: only ?? 0 }, typeof test === 'function' ? () => undefined : test)
  const first = only ?? 0
  const last = only ?? seeds - 1
  for (let seed = first; seed <= last; seed++) {
    try {
      simulate(size, { ...model, seed }, test)
    } catch (cause) {
      throw new ExplorationError(seed, cause)
    }
  }
}
