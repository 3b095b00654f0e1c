import type { TransportBinding } from './compliance/binding.js'
import { flow } from './compliance/messages/flow.js'
import { fuzzing } from './compliance/messages/fuzzing.js'
import { leaving } from './compliance/messages/leaving.js'
import { ordering } from './compliance/messages/ordering.js'
import { probing } from './compliance/messages/probing.js'
import { receiving } from './compliance/messages/receiving.js'
import { streams } from './compliance/messages/streams.js'
import { transferring } from './compliance/messages/transferring.js'
import { withdrawing } from './compliance/messages/withdrawing.js'
import { type Runner, suite } from './compliance/runner.js'

/**
 * The meaning of messages as tests: that a communicator on a transport does what rxmpi says it does.
 *
 * Shape: tests in one group of the runner, which it runs when it likes. Cost: seconds, in virtual time. Errors: a test that fails throws an
 * AssertionError of Node's, with what was promised.
 */
export function messageCompliance(binding: TransportBinding, runner: Runner): void {
  suite(runner, `messages over ${binding.name}`, binding.skip ?? [], (test) => {
    ordering(binding, test)
    receiving(binding, test)
    probing(binding, test)
    flow(binding, test)
    withdrawing(binding, test)
    streams(binding, test)
    transferring(binding, test)
    leaving(binding, test)
    fuzzing(binding, test)
  })
}
