import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { LinkEvent } from '../../src/diagnostics/channels.js'
import { Token } from '../../src/transport/websocket/challenge.js'
import { Mesh } from '../../src/transport/websocket/mesh.js'

it('a link tells both ends when it is made, cut, restored and given up', async () => {
  const token = new Token(randomBytes(32), 'job')
  const [server, client] = [0, 1].map((self) => new Mesh({ self, size: 2, token, reconnectMs: 2000, expects: () => true }))
  const told: LinkEvent[] = []
  let heard = (): void => undefined
  const listen = (event: unknown): void => {
    told.push(event as LinkEvent)
    heard()
  }
  const states = (host: number): string[] => told.flatMap((event) => (event.host === host ? [event.state] : []))
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      heard = () => {
        if (states(0).length >= count && states(1).length >= count) resolve()
      }
      heard()
    })
  subscribe('rxmpi:link', listen)
  try {
    const port = await server!.listen('127.0.0.1', 0, undefined, {})
    client!.link(0).connectTo([{ host: '127.0.0.1', port }])
    await until(1)
    client!.link(0).cut()
    await until(3)
    client!.link(0).fail('no more')
    expect(states(0).slice(0, 3)).toEqual(['made', 'cut', 'restored'])
    expect(states(1)).toEqual(['made', 'cut', 'restored', 'failed'])
    expect(told.find(({ state }) => state === 'failed')).toEqual({ state: 'failed', host: 1, peer: 0, reason: 'no more' })
  } finally {
    unsubscribe('rxmpi:link', listen)
    for (const mesh of [server!, client!]) mesh.close()
  }
})
