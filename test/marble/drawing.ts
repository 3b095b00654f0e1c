import type { Communicator } from '../../src/communicator/communicator.js'
import { type SimulateHelpers, simulate } from '../../testing/index.js'

/** Ranks in virtual time, a latency apart. */
export function inVirtualTime(
  size: number,
  latency: number,
  test: (helpers: SimulateHelpers, ranks: readonly Communicator[]) => void
): void {
  simulate(size, { latency }, (helpers) => test(helpers, helpers.comms))
}
