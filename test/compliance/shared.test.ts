import type { MessagePort } from 'node:worker_threads'
import { BufferHandoff } from '../../src/transport/shared/buffer-handoff.js'
import { allocateHost, ENDED, markGone } from '../../src/transport/shared/host-memory.js'
import { SharedTransport } from '../../src/transport/shared/shared-transport.js'
import { messageCompliance } from '../../testing/messageCompliance.js'
import { transportCompliance } from '../../testing/transportCompliance.js'

for (const crowded of [false, true]) {
  const create = (size: number) => {
    const memory = allocateHost(size)
    const lines: BufferHandoff[] = []
    for (let rank = 0; rank < size; rank++) {
      lines.push(new BufferHandoff((dest: number, port: MessagePort) => lines[dest]!.accept(rank, port)))
    }
    return {
      transports: lines.map((line, rank) => new SharedTransport(rank, size, memory, crowded, line)),
      settle: () => new Promise<void>((resolve) => setImmediate(resolve)),
      end: (rank: number) => markGone(memory, rank, ENDED),
      close: () => undefined
    }
  }
  const binding = { name: crowded ? 'shared, more ranks than cores' : 'shared', create }
  transportCompliance(binding, { describe, it })
  messageCompliance(binding, { describe, it })
}
