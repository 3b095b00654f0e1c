import type { MessagePort } from 'node:worker_threads'
import { asapScheduler, type Observable } from 'rxjs'
import type { Communicator } from '../../../src/communicator/communicator.js'
import { HEADER } from '../../../src/progress/frame.js'
import { MemoryNetwork } from '../../../src/transport/memory/memory-network.js'
import { BufferHandoff } from '../../../src/transport/shared/buffer-handoff.js'
import { allocateHost, ENDED, markGone } from '../../../src/transport/shared/host-memory.js'
import { SharedTransport } from '../../../src/transport/shared/shared-transport.js'
import type { TransportBinding } from '../../../testing/compliance/binding.js'
import { inWorld } from '../../../testing/compliance/messages/world.js'
import { simulate } from '../../../testing/simulate.js'
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

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const close = (): void => undefined

const memory = over(
  {
    name: 'memory',
    create(size) {
      const network = new MemoryNetwork(size, { scheduler: asapScheduler, headerBytes: HEADER })
      return { transports: network.transports, settle, close, end: (rank) => network.end(rank) }
    }
  },
  manySizes
)

const shared = over(
  {
    name: 'shared',
    create(size) {
      const host = allocateHost(size)
      const lines: BufferHandoff[] = []
      for (let rank = 0; rank < size; rank++)
        lines.push(new BufferHandoff((dest: number, port: MessagePort) => lines[dest]!.accept(rank, port)))
      return {
        transports: lines.map((line, rank) => new SharedTransport(rank, size, host, true, line)),
        settle,
        close,
        end: (rank) => markGone(host, rank, ENDED)
      }
    }
  },
  someSizes
)

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

export const bindings = [memory, shared, simulated('simulate')]

/** Where the ranks of several hosts go another way than those of one. */
export const onHosts = [
  simulated('hosts of two ranks', (rank) => rank >> 1),
  simulated('a host of three ranks, another of the rest', (rank) => (rank < 3 ? 0 : 1)),
  simulated('ranks dealt out to three hosts in turn', (rank) => rank % 3),
  ...(unmapped === undefined ? [over(mapped, someSizes)] : [])
]
