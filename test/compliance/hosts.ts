import { randomBytes } from 'node:crypto'
import { Router } from '../../src/transport/router.js'
import { allocateHost, ENDED, type HostMemory, markGone } from '../../src/transport/shared/host-memory.js'
import { SharedTransport } from '../../src/transport/shared/shared-transport.js'
import { Token } from '../../src/transport/websocket/challenge.js'
import { Mesh } from '../../src/transport/websocket/mesh.js'
import { type Library, libraryHere } from '../../src/transport/websocket/serve.js'
import type { TransportRig } from '../../testing/compliance/binding.js'

export interface World extends TransportRig {
  readonly meshes: readonly Mesh[]
  readonly routers: readonly Router[]
}

/** Ranks of several hosts, joined by real sockets, all in this thread: rank r is on host r modulo `count`. */
export async function hosts(size: number, count: number, library: Library = libraryHere()): Promise<World> {
  const hostOf = Array.from({ length: size }, (_, rank) => rank % count)
  const token = new Token(randomBytes(32), 'compliance')
  const meshes: Mesh[] = []
  const ports: number[] = []
  const memories: HostMemory[] = []
  const routers: Router[] = []
  for (let host = 0; host < count; host++) {
    const mesh = new Mesh({ self: host, size, token, reconnectMs: 10_000, expects: () => true })
    mesh.onWanted = (other) => {
      const [server, client] = other < host ? [other, host] : [host, other]
      meshes[client].peer(server).connectTo([{ host: '127.0.0.1', port: ports[server] }])
    }
    meshes.push(mesh)
    ports.push(await mesh.listen('127.0.0.1', 0, undefined, library))
    const memory = allocateHost(size, { host, hosts: hostOf })
    memories.push(memory)
    const router = new Router(memory, mesh, false)
    routers.push(router)
    router.onDrained = (rank) => {
      for (const [other, theirs] of routers.entries()) if (other !== host) theirs.gone(rank, ENDED)
    }
  }
  return {
    meshes,
    routers,
    transports: hostOf.map((host, rank) => new SharedTransport(rank, size, memories[host], false)),
    settle: () => new Promise<void>((resolve) => setImmediate(resolve)),
    end(rank) {
      markGone(memories[hostOf[rank]], rank, ENDED)
      routers[hostOf[rank]].ended(rank)
    },
    close() {
      for (const router of routers) router.close()
      for (const mesh of meshes) mesh.close()
    }
  }
}
