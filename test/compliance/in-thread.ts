import type { MessagePort } from 'node:worker_threads'
import { asapScheduler } from 'rxjs'
import { HEADER } from '../../src/progress/frame.js'
import { MemoryNetwork } from '../../src/transport/memory/memory-network.js'
import { BufferHandoff } from '../../src/transport/shared/buffer-handoff.js'
import { allocateHost, ENDED, markGone } from '../../src/transport/shared/host-memory.js'
import { SharedTransport } from '../../src/transport/shared/shared-transport.js'
import type { TransportBinding } from '../../testing/compliance/binding.js'

/** Transports whose ranks are all in this thread, in real time. */

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const close = (): void => undefined

export const memory: TransportBinding = {
  name: 'memory',
  create(size) {
    const network = new MemoryNetwork(size, { scheduler: asapScheduler, headerBytes: HEADER })
    return { transports: network.transports, settle, close, end: (rank) => network.end(rank) }
  }
}

/** Ranks of one host. `crowded`: as if there were more of them than cores. */
export const shared = (crowded: boolean): TransportBinding => ({
  name: crowded ? 'shared, more ranks than cores' : 'shared',
  create(size) {
    const host = allocateHost(size)
    const lines: BufferHandoff[] = []
    for (let rank = 0; rank < size; rank++)
      lines.push(new BufferHandoff((dest: number, port: MessagePort) => lines[dest]!.accept(rank, port)))
    return {
      transports: lines.map((line, rank) => new SharedTransport(rank, size, host, crowded, line)),
      settle,
      close,
      end: (rank) => markGone(host, rank, ENDED)
    }
  }
})
