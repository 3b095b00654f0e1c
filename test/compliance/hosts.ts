import { randomBytes } from 'node:crypto'
import type { BaseRouter } from '../../src/transport/router/base-router.js'
import { InlineRouter } from '../../src/transport/router/inline-router.js'
import { Router } from '../../src/transport/router/router.js'
import { allocateHost, ENDED, type HostMemory, markGone } from '../../src/transport/shared/host-memory.js'
import { SharedTransport } from '../../src/transport/shared/shared-transport.js'
import { newNonce, Token } from '../../src/transport/websocket/challenge.js'
import { Mesh } from '../../src/transport/websocket/mesh.js'
import { type Library, libraryHere } from '../../src/transport/websocket/serve.js'
import type { TransportRig } from '../../testing/compliance/binding.js'

export interface World extends TransportRig {
  readonly meshes: readonly Mesh[]
  readonly routers: readonly BaseRouter[]
}

export interface Arrangement {
  library?: Library
  /** A single rank's router is in its own thread, or moves from there to another after some turns. */
  router?: 'apart' | 'resident' | 'moving'
}

/** Turns after which the first router moves; the others follow. */
const TURNS = 7

/** Ranks of several hosts, joined by real sockets, all in this thread: rank r is on host r modulo `count`. */
export async function hosts(
  size: number,
  count: number,
  { library = libraryHere(), router: where = 'apart' }: Arrangement = {}
): Promise<World> {
  const hostOf = Array.from({ length: size }, (_, rank) => rank % count)
  const token = new Token(randomBytes(32), 'compliance')
  const meshes: Mesh[] = []
  const later: Mesh[] = []
  const ports: number[][] = []
  const memories: HostMemory[] = []
  const routers: BaseRouter[] = []
  const transports: SharedTransport[] = []
  const instances = hostOf.map(newNonce)
  const moves: (() => void)[] = []
  const ended: number[] = []
  const gone: number[] = []

  async function listening(host: number, dormant: boolean): Promise<[Mesh, number]> {
    const mesh = new Mesh({
      self: host,
      size,
      token,
      reconnectMs: 10_000,
      instance: instances[host],
      watched: where !== 'apart',
      dormant,
      expects: () => true
    })
    mesh.onWanted = (other) => {
      const [server, client] = other < host ? [other, host] : [host, other]
      const its = client === host ? mesh : meshes[client]
      its.link(server).connectTo(ports[server].map((port) => ({ host: '127.0.0.1', port })))
    }
    return [mesh, await mesh.listen('127.0.0.1', 0, undefined, library)]
  }

  function watch(host: number, router: BaseRouter): void {
    routers[host] = router
    router.onDrained = (rank) => {
      gone.push(rank)
      for (const [other, theirs] of routers.entries()) if (other !== host) theirs.gone(rank, ENDED)
    }
  }

  function reside(host: number): void {
    const transport = transports[host]
    const resident = new InlineRouter(memories[host], meshes[host], {
      arrived: () => transport.poller.poke(),
      left: () => {
        transport.router = undefined
      }
    })
    transport.router = resident
    watch(host, resident)
    resident.onMove = (state) => {
      meshes[host] = later[host]
      const router = new Router(memories[host], meshes[host], false)
      watch(host, router)
      router.restore(state)
      meshes[host].wake()
      for (const rank of ended) if (hostOf[rank] === host) router.ended(rank)
      for (const rank of gone) if (hostOf[rank] !== host) router.gone(rank, ENDED)
    }
    moves.push(() => resident.move())
  }

  for (let host = 0; host < count; host++) {
    const [mesh, port] = await listening(host, false)
    meshes.push(mesh)
    ports.push([port])
    if (where === 'moving') {
      const [second, itsPort] = await listening(host, true)
      later.push(second)
      ports[host].push(itsPort)
    }
    memories.push(allocateHost(size, { host, hosts: hostOf }))
  }
  for (const [rank, host] of hostOf.entries()) transports.push(new SharedTransport(rank, size, memories[host], false))
  for (let host = 0; host < count; host++) {
    if (where === 'apart') watch(host, new Router(memories[host], meshes[host], false))
    else reside(host)
  }
  let turns = 0
  return {
    meshes,
    routers,
    transports,
    settle: () => {
      if (where === 'moving' && ++turns % TURNS === 0) moves[turns / TURNS - 1]?.()
      return new Promise<void>((resolve) => setImmediate(resolve))
    },
    end(rank) {
      ended.push(rank)
      markGone(memories[hostOf[rank]], rank, ENDED)
      routers[hostOf[rank]].ended(rank)
    },
    close() {
      for (const router of routers) if (router instanceof Router) router.close()
      for (const mesh of [...meshes, ...later]) mesh.close()
    }
  }
}
