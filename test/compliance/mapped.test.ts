import { allocateHost, ENDED, markGone, sharedBytes } from '../../src/transport/shared/host-memory.js'
import { makeFile, mapFile } from '../../src/transport/shared/mapped-memory.js'
import { SharedTransport } from '../../src/transport/shared/shared-transport.js'
import { callsHere } from '../../src/transport/shared/system-calls.js'
import { messageCompliance } from '../../testing/messageCompliance.js'
import { transportCompliance } from '../../testing/transportCompliance.js'

/** Each rank is a host of its own, and all share memory as processes do. */
function create(size: number) {
  const bytes = sharedBytes(size, size)
  const file = makeFile(bytes)
  const address = mapFile(file)!
  callsHere().calls!.close(file.fd)
  const hosts = Array.from({ length: size }, (_, rank) => rank)
  const memories = hosts.map((host) => allocateHost(size, { host, hosts }, { address, ranks: hosts }))
  return {
    transports: memories.map((memory, rank) => new SharedTransport(rank, size, memory, false)),
    settle: () => new Promise<void>((resolve) => setImmediate(resolve)),
    end: (rank: number) => {
      for (const memory of memories) markGone(memory, rank, ENDED)
    },
    close: () => undefined
  }
}

const { why } = callsHere()
if (why === undefined) {
  transportCompliance({ name: 'processes that share memory', create }, { describe, it })
  messageCompliance({ name: 'processes that share memory', create }, { describe, it })
} else it.skip(`processes share no memory here: ${why}`, () => undefined)
