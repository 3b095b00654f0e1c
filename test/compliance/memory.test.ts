import { VirtualTimeScheduler } from 'rxjs'
import { MemoryNetwork } from '../../src/transport/memory/memory-network.js'
import { messageCompliance } from '../../testing/messageCompliance.js'
import { transportCompliance } from '../../testing/transportCompliance.js'

for (const [name, model] of [
  ['memory', {}],
  ['memory, 3 ms away, slow and small', { latency: 3, bytesPerMs: 20_000, capacity: 4096 }]
] as const) {
  const create = (size: number) => {
    const scheduler = new VirtualTimeScheduler(undefined, 0)
    const network = new MemoryNetwork(size, { scheduler, ...model })
    return {
      transports: network.transports,
      /** A millisecond. */
      settle: () => {
        scheduler.flush()
        scheduler.maxFrames++
      },
      end: (rank: number) => network.end(rank),
      close: () => undefined
    }
  }
  const binding = { name, create }
  transportCompliance(binding, { describe, it })
  messageCompliance(binding, { describe, it })
}
