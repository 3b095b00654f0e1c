import type { Communicator } from '../../src/communicator/communicator.js'
import type { Request } from '../../src/request/request.js'
import { type SimulateOptions, simulate } from '../../testing/index.js'

export const below = (count: number): number[] => Array.from({ length: count }, (_, k) => k)

/** What every rank's request has become, or failed with. */
export function outcomesOf(size: number, call: (comm: Communicator) => Request<unknown>, options: SimulateOptions): unknown[] {
  const results: unknown[] = below(size).map(() => 'pending')
  simulate(size, { latency: 1, ...options }, ({ comms }) => {
    for (const comm of comms) {
      call(comm).subscribe({
        next: (value) => {
          results[comm.rank] = value
        },
        error: (error) => {
          results[comm.rank] = error
        }
      })
    }
  })
  return results
}
