import { allocateHost, ENDED, markGone, sharedBytes } from '../../src/transport/shared/host-memory.js'
import { makeFile, mapFile } from '../../src/transport/shared/mapped-memory.js'
import { SharedTransport } from '../../src/transport/shared/shared-transport.js'
import { callsHere } from '../../src/transport/shared/system-calls.js'
import type { TransportBinding } from '../../testing/compliance/binding.js'

/** Why processes cannot share memory here; undefined where they can. */
export const { why: unmapped } = callsHere()

/** Each rank is a host of its own, and all share memory as processes do. */
export const mapped: TransportBinding = {
  name: 'processes that share memory',
  create(size) {
    const file = makeFile(sharedBytes(size, size))
    const address = mapFile(file)!
    callsHere().calls!.close(file.fd)
    const hosts = Array.from({ length: size }, (_, rank) => rank)
    const memories = hosts.map((host) => allocateHost(size, { host, hosts }, { address, ranks: hosts }))
    return {
      transports: memories.map((memory, rank) => new SharedTransport(rank, size, memory, false)),
      settle: () => new Promise<void>((resolve) => setImmediate(resolve)),
      end: (rank) => {
        for (const memory of memories) markGone(memory, rank, ENDED)
      },
      close: () => undefined
    }
  }
}
