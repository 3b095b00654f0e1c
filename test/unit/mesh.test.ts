import { randomBytes } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Token } from '../../src/transport/websocket/challenge.js'
import type { HostLink } from '../../src/transport/websocket/host-link.js'
import { Mesh, type MeshOptions } from '../../src/transport/websocket/mesh.js'
import { type Library, libraryHere } from '../../src/transport/websocket/serve.js'
import { HEADER, newFrame } from '../../src/transport/websocket/wire.js'
import { until } from './until.js'

const token = new Token(randomBytes(32), 'job')
const open: Mesh[] = []
afterEach(() => {
  for (const mesh of open.splice(0)) mesh.close()
})

function mesh(self: number, options: Partial<MeshOptions> = {}): Mesh {
  const made = new Mesh({ self, size: 4, token, reconnectMs: 2000, expects: (host) => host < 3, ...options })
  open.push(made)
  return made
}

/** Numbers as they come in, and how the link fails. */
function log(peer: HostLink) {
  const seen: number[] = []
  const failures: string[] = []
  peer.user = {
    payload: (bytes) => seen.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)),
    ready: () => undefined,
    failed: (reason) => failures.push(reason)
  }
  return { seen, failures }
}

function number(value: number, bytes = 8): Uint8Array {
  const frame = newFrame(HEADER + bytes)
  new DataView(frame.buffer, frame.byteOffset).setUint32(HEADER, value, true)
  return frame
}

/** A cable that can be cut: what is sent into it then goes nowhere, and nobody is told. */
class Cable {
  #swallowing = false
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  constructor(port: number) {
    this.#server = createServer((socket) => {
      const onward = connect(port, '127.0.0.1')
      for (const [from, to] of [
        [socket, onward],
        [onward, socket]
      ] as const) {
        this.#sockets.add(from)
        from.on('error', () => undefined)
        from.on('close', () => to.destroy())
        from.on('data', (data) => {
          if (!this.#swallowing) to.write(data)
        })
      }
    })
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  swallow(): void {
    this.#swallowing = true
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

const libraries: [string, Library][] = [
  ['uWebSockets.js', libraryHere()],
  ['Node', {}]
]

describe.each(libraries)('a link between two hosts, served by %s', (_, library) => {
  async function pair(): Promise<[HostLink, HostLink]> {
    const [server, client] = [mesh(0), mesh(1)]
    const port = await server.listen('127.0.0.1', 0, undefined, library)
    const [a, b] = [server.link(1), client.link(0)]
    b.connectTo([{ host: '127.0.0.1', port }])
    return [a, b]
  }

  it('loses, repeats and reorders nothing while its connection is cut again and again', async () => {
    const [a, b] = await pair()
    const [atA, atB] = [log(a), log(b)]
    let seen = 0
    // On a busy machine a connection may take longer than that to be made: each brings some frames.
    const cuts = setInterval(() => {
      const now = atA.seen.length + atB.seen.length
      if (now < seen + 100) return
      seen = now
      ;(Math.random() < 0.5 ? a : b).cut()
    }, 20)
    const count = 20_000
    for (let k = 0; k < count; k++) {
      await until(() => a.room && b.room)
      a.send(number(k, 8 + 8 * (k % 500)))
      b.send(number(k, 8 + 8 * (k % 7)))
      if (k % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => atA.seen.length === count && atB.seen.length === count)
    clearInterval(cuts)
    expect(b.epoch).toBeGreaterThan(3)
    for (const { seen, failures } of [atA, atB]) {
      expect(seen.every((value, k) => value === k)).toBe(true)
      expect(failures).toEqual([])
    }
  })

  it('says at once when the other process has ended, and later when it is out of reach', async () => {
    const [server, client] = [mesh(0), mesh(1, { reconnectMs: 700 })]
    const port = await server.listen('127.0.0.1', 0, undefined, library)
    const { failures } = log(client.link(0))
    client.link(0).connectTo([{ host: '127.0.0.1', port }])
    await until(() => client.link(0).open)
    server.close()
    await until(() => failures.length > 0)
    expect(failures).toEqual(['has ended: nobody listens at its port any more'])

    const [other, far] = [mesh(0), mesh(1, { reconnectMs: 700 })]
    const cable = new Cable(await other.listen('127.0.0.1', 0, undefined, library))
    const seen = log(far.link(0))
    far.link(0).connectTo([{ host: '127.0.0.1', port: await cable.listen() }])
    await until(() => far.link(0).open)
    cable.swallow()
    await until(() => seen.failures.length > 0)
    expect(seen.failures).toEqual([expect.stringContaining('could not be reached for 0.7 s')])
    cable.close()
  })

  it.each([
    ['another token', { token: new Token(randomBytes(32), 'job') }],
    ['another job', { token: new Token(randomBytes(32), 'another') }],
    ['another size', { size: 5 }]
  ])('refuses a host with %s', async (_, options) => {
    const server = mesh(0)
    const port = await server.listen('127.0.0.1', 0, undefined, library)
    const peer = mesh(1, options).link(0)
    const { failures } = log(peer)
    peer.connectTo([{ host: '127.0.0.1', port }])
    await until(() => failures.length > 0)
    expect(failures[0]).toContain('has refused this host')
    expect([...server.links]).toEqual([])
  })
})

/** Whether anything listens at a port. */
const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

it('does not listen while all who may dial have their connection, and does again when one has lost it', async () => {
  const watched = { watched: true, size: 3 }
  const server = mesh(0, { ...watched, diallers: [1, 2] })
  const port = await server.listen('127.0.0.1', 0, undefined, {})
  const [one, two] = [mesh(1, watched), mesh(2, watched)]
  const logs = [one, two].map((client) => log(server.link(client === one ? 1 : 2)))
  one.link(0).connectTo([{ host: '127.0.0.1', port }])
  one.link(0).send(number(0))
  await until(() => logs[0]!.seen.length === 1)
  expect(await listens(port)).toBe(true)
  two.link(0).connectTo([{ host: '127.0.0.1', port }])
  two.link(0).send(number(0))
  await until(() => logs[1]!.seen.length === 1)
  expect(await listens(port)).toBe(false)
  for (let k = 1; k <= 5; k++) {
    one.link(0).cut()
    one.link(0).send(number(k))
    await until(() => logs[0]!.seen.length === k + 1)
    expect(await listens(port)).toBe(false)
  }
  expect(logs.map(({ seen, failures }) => [seen, failures])).toEqual([
    [[0, 1, 2, 3, 4, 5], []],
    [[0], []]
  ])
  server.link(2).fail('no more')
  server.link(1).cut()
  expect(await listens(port)).toBe(true)
})

it('tells of a host that has dialled where all sleep, if it knows the token', async () => {
  const sleeper = mesh(0, { dormant: true })
  const turnedAway: [number, number][] = []
  sleeper.onTurnedAway = (...who) => turnedAway.push(who)
  const port = await sleeper.listen('127.0.0.1', 0, undefined, {})
  const stranger = mesh(1, { token: new Token(randomBytes(32), 'job') })
  const known = mesh(2)
  for (const client of [stranger, known]) client.link(0).connectTo([{ host: '127.0.0.1', port }])
  await until(() => turnedAway.length > 1)
  expect(turnedAway.slice(0, 2)).toEqual([
    [2, 1],
    [2, 2]
  ])
})
