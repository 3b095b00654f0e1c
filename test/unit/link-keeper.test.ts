import { LinkKeeper } from '../../src/launch/host/link-keeper.js'
import type { LinkOrder } from '../../src/runtime/rank-protocol.js'
import { allocateHost, ENDED } from '../../src/transport/shared/host-memory.js'
import { Token } from '../../src/transport/websocket/challenge.js'
import { Mesh, type MeshOptions } from '../../src/transport/websocket/mesh.js'

describe('the keeper of a rank that has its links itself', () => {
  it('gives it, once it listens, the orders that came before: another rank may have ended before this one has begun', async () => {
    const links: Omit<MeshOptions, 'watched' | 'dormant'> = {
      self: 0,
      size: 2,
      token: new Token(Buffer.alloc(32), 'job'),
      reconnectMs: 1000,
      expects: () => true
    }
    const pulse = new Mesh(links)
    const posted: LinkOrder[] = []
    const keeper = new LinkKeeper({
      memory: allocateHost(2, { host: 0, hosts: [0, 1], names: ['one', 'other'], attended: false }),
      crowded: false,
      pulse,
      links,
      post: (order) => posted.push(order),
      wanted: () => undefined,
      drained: () => undefined
    })
    const listens = keeper.listen('127.0.0.1', 0)
    const gone = { rank: 1, state: ENDED, reason: 0 } as const
    keeper.gone(gone)
    const look = keeper.look()
    expect(posted).toEqual([])
    keeper.onNews({ what: 'listening', port: 7 })
    expect(posted).toEqual([
      { what: 'gone', ...gone },
      { what: 'look', id: 0 }
    ])
    expect((await listens)[0]).toBe(7)
    keeper.onNews({ what: 'looked', id: 0, settled: true, sent: 0, received: 0 })
    expect(await look).toMatchObject({ settled: true })
    keeper.close()
    pulse.close()
  })
})
