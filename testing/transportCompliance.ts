import type { TransportBinding } from './compliance/binding.js'
import { ending } from './compliance/ending.js'
import { moving } from './compliance/moving.js'
import { reentrancy } from './compliance/reentrancy.js'
import { room } from './compliance/room.js'
import { type Runner, suite } from './compliance/runner.js'
import { segments } from './compliance/segments.js'

/**
 * The contract of `Transport` as tests, for any test runner.
 *
 * Shape: tests in one group of the runner, which it runs when it likes. Cost: seconds, in virtual time. Errors: a test that fails throws an
 * AssertionError of Node's, with what was promised.
 *
 * @example
 * transportCompliance({
 *   name: 'memory',
 *   create(size) {
 *     const scheduler = new VirtualTimeScheduler()
 *     const network = new MemoryNetwork(size, { scheduler })
 *     return {
 *       transports: network.transports,
 *       settle: () => scheduler.flush(),
 *       end: (rank) => network.end(rank),
 *       close: () => undefined
 *     }
 *   }
 * }, { describe, it })
 */
export function transportCompliance(binding: TransportBinding, runner: Runner): void {
  suite(runner, `${binding.name} as a transport`, binding.skip ?? [], (test) => {
    segments(binding, test)
    room(binding, test)
    reentrancy(binding, test)
    ending(binding, test)
    moving(binding, test)
  })
}
