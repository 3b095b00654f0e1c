import type { Observable } from 'rxjs'
import type { Communicator } from '../../../src/communicator/communicator.js'
import type { TransportBinding } from '../../../testing/compliance/binding.js'
import { inWorld } from '../../../testing/compliance/messages/world.js'
import { simulate } from '../../../testing/simulate.js'
import { memory, shared } from '../in-thread.js'
import { mapped, unmapped } from '../mapped.js'
import { below, type CollectivesBinding, manySizes, type Outcome, someSizes } from './binding.js'

class Result<T> implements Outcome<T> {
  readonly values: T[] = []
  error: unknown
  readonly ended: Promise<void>

  constructor(source: Observable<T>) {
    this.ended = new Promise((resolve) => {
      source.subscribe({
        next: (value) => this.values.push(value),
        error: (error) => {
          this.error = error
          resolve()
        },
        complete: resolve
      })
    })
  }
}

const over = (binding: TransportBinding, sizes: readonly number[]): CollectivesBinding => ({
  name: binding.name,
  sizes,
  async run<T>(size: number, program: (comm: Communicator) => Observable<T>) {
    let outcomes: Result<T>[] = []
    await inWorld(binding, size, async ({ comms }) => {
      outcomes = comms.map((comm) => new Result(program(comm)))
      await Promise.all(outcomes.map(({ ended }) => ended))
    })
    return outcomes
  }
})

/** In virtual time, where what is left behind fails the test. */
const simulated = (name: string, hostOf?: (rank: number, size: number) => number): CollectivesBinding => ({
  name,
  sizes: manySizes,
  async run<T>(size: number, program: (comm: Communicator) => Observable<T>) {
    const hosts = hostOf === undefined ? {} : { hosts: below(size).map((rank) => hostOf(rank, size)) }
    return simulate(size, { latency: 3, bytesPerMs: 100_000, check: false, ...hosts }, ({ comms }) =>
      comms.map((comm) => new Result(program(comm)))
    )
  }
})

export const bindings = [over(memory, manySizes), over({ ...shared(true), name: 'shared' }, someSizes), simulated('simulate')]

/** Where the ranks of several hosts go another way than those of one. */
export const onHosts = [
  simulated('hosts of two ranks', (rank) => rank >> 1),
  simulated('a host of three ranks, another of the rest', (rank) => (rank < 3 ? 0 : 1)),
  simulated('ranks dealt out to three hosts in turn', (rank) => rank % 3),
  ...(unmapped === undefined ? [over(mapped, someSizes)] : [])
]
