import { createHash, randomBytes } from 'node:crypto'
import { get } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { newNonce, Token } from '../../src/transport/websocket/challenge.js'
import { CHALLENGE_PATH, CLAIM_HEADER, LINK_PATH, writeClaim } from '../../src/transport/websocket/connection.js'
import type { HostLink } from '../../src/transport/websocket/host-link.js'
import { Mesh } from '../../src/transport/websocket/mesh.js'
import { type Library, libraryHere } from '../../src/transport/websocket/serve.js'
import { HEADER, newFrame } from '../../src/transport/websocket/wire.js'

/** `npm run soak` runs the same for longer. */
const SOAK = process.env.RXMPI_SOAK !== undefined
const FRAMES = SOAK ? 1_000_000 : 30_000
/** A reset comes when so many have arrived since the last one: a clock would leave a slow machine no time to make a connection. */
const FRAMES_PER_RESET = 2000

const token = new Token(randomBytes(32), 'job')
const instance = newNonce()
const closing: { close(): void }[] = []
/** The test that runs. */
let current = {}
afterEach(() => {
  current = {}
  for (const open of closing.splice(0)) open.close()
})

const libraries: [string, Library][] = [
  ['uWebSockets.js', libraryHere()],
  ['Node', {}]
]

function mesh(self: number): Mesh {
  const made = new Mesh({ self, size: 4, token, instance, reconnectMs: 10_000, expects: (host) => host < 3 })
  closing.push(made)
  return made
}

/** Checks on the fly that numbers come in order, each once; `arrived` is told of each. */
function count(peer: HostLink, arrived: () => void = () => undefined) {
  const seen = { next: 0, wrong: 0, failures: [] as string[] }
  peer.user = {
    payload: (bytes) => {
      if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) !== seen.next++) seen.wrong++
      arrived()
    },
    ready: () => undefined,
    failed: (reason) => seen.failures.push(reason)
  }
  return seen
}

function frame(value: number, bytes: number): Uint8Array {
  const made = newFrame(HEADER + bytes)
  new DataView(made.buffer, made.byteOffset).setUint32(HEADER, value, true)
  return made
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

async function until(done: () => boolean): Promise<void> {
  const test = current
  while (!done()) {
    if (test !== current) throw new Error('its test was given up')
    await turn()
  }
}

const FIRST_LINE = 64

/** Passes bytes on late and in pieces that end anywhere, and resets its connections: in the middle of frames. */
class BadNetwork {
  resets = 0
  readonly #server: Server
  readonly #pairs = new Set<[Socket, Socket]>()

  constructor(port: number, delayMs: () => number) {
    this.#server = createServer((socket) => {
      const pair: [Socket, Socket] = [socket, connect(port, '127.0.0.1')]
      this.#pairs.add(pair)
      for (const [from, to] of [pair, [pair[1], pair[0]]]) {
        let passed: Promise<void> = Promise.resolve()
        from.on('error', () => undefined)
        from.on('close', () => {
          this.#pairs.delete(pair)
          // What is still under way comes before.
          void passed.then(() => to.destroySoon())
        })
        from.on('data', (data) => {
          // Nothing more is read meanwhile: a stream does not overtake itself.
          from.pause()
          passed = this.#pass(data, to, delayMs()).then(() => void from.resume())
        })
      }
    })
    closing.push(this)
  }

  async #pass(data: Buffer, to: Socket, ms: number): Promise<void> {
    // uWebSockets.js loses a request whose first line comes in two.
    const least = data.toString('latin1', 0, 4) === 'GET ' ? FIRST_LINE : 0
    const cut = least + Math.floor(Math.random() * (data.length - least))
    to.write(data.subarray(0, cut))
    await new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)))
    to.write(data.subarray(cut))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  reset(): void {
    for (const [one, other] of this.#pairs) {
      one.resetAndDestroy()
      other.resetAndDestroy()
      this.resets++
    }
  }

  close(): void {
    this.#server.close()
    for (const sockets of this.#pairs) for (const socket of sockets) socket.destroy()
  }
}

async function throughProxy(library: Library, delayMs: () => number): Promise<[HostLink, HostLink, BadNetwork]> {
  const [server, client] = [mesh(0), mesh(1)]
  const proxy = new BadNetwork(await server.listen('127.0.0.1', 0, undefined, library), delayMs)
  const [a, b] = [server.link(1), client.link(0)]
  b.connectTo([{ host: '127.0.0.1', port: await proxy.listen() }])
  return [a, b, proxy]
}

async function exchange(a: HostLink, b: HostLink, frames: number, arrived?: () => void): Promise<void> {
  const [atA, atB] = [count(a, arrived), count(b, arrived)]
  for (let k = 0; k < frames; k++) {
    await until(() => a.room && b.room)
    a.send(frame(k, 8 + 8 * (k % 300)))
    b.send(frame(k, 8 + 8 * (k % 7)))
    if (k % 50 === 0) await turn()
  }
  await until(() => atA.next === frames && atB.next === frames)
  expect([atA, atB]).toEqual([
    { next: frames, wrong: 0, failures: [] },
    { next: frames, wrong: 0, failures: [] }
  ])
}

describe.each(libraries)('a link through a network that misbehaves, served by %s', (_, library) => {
  it(
    'loses, repeats and reorders nothing while connections are reset in the middle of frames',
    async () => {
      const [a, b, proxy] = await throughProxy(library, () => 0)
      let frames = 0
      await exchange(a, b, FRAMES, () => {
        if (++frames % FRAMES_PER_RESET === 0) proxy.reset()
      })
      expect(proxy.resets).toBeGreaterThan(2)
      expect(b.epoch).toBeGreaterThan(2)
    },
    SOAK ? 3_600_000 : 60_000
  )

  it('needs no more than time where everything takes 40 to 60 ms', async () => {
    const [a, b] = await throughProxy(library, () => 40 + 20 * Math.random())
    await exchange(a, b, 200)
    expect(b.epoch).toBe(1)
  })
})

/** A WebSocket frame as its bytes. */
function raw(first: number, payload: Uint8Array, { masked = true, length = payload.length, wide = false } = {}): Buffer {
  const head = [first]
  const mask = masked ? 0x80 : 0
  if (length < 126 && !wide) head.push(mask | length)
  else if (length < 65_536 && !wide) head.push(mask | 126, length >> 8, length & 255)
  else {
    const long = Buffer.alloc(8)
    long.writeBigUInt64BE(BigInt(length))
    head.push(mask | 127, ...long)
  }
  return Buffer.concat([Buffer.from(head), Buffer.alloc(masked ? 4 : 0), payload])
}

const FIN = 0x80
const [CONTINUATION, TEXT, BINARY, CLOSE, PING] = [0, 1, 2, 8, 9]
const some = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const close = (code: number, reason: Uint8Array = new Uint8Array(0)) => raw(FIN | CLOSE, Uint8Array.of(code >> 8, code & 255, ...reason))

/** What RFC 6455 forbids, and what is allowed and no frame of a link. `masked`: as a client must. */
const oddities = (masked: boolean): [string, Buffer][] => [
  ...[0x40, 0x20, 0x10].map((bit): [string, Buffer] => [`reserved bit ${bit}`, raw(FIN | bit | BINARY, some, { masked })]),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((code): [string, Buffer] => [`opcode ${code}`, raw(FIN | code, some, { masked })]),
  ['a ping of 126 bytes', raw(FIN | PING, new Uint8Array(126), { masked })],
  ['a ping in fragments', raw(PING, some, { masked })],
  ['a close of one byte', raw(FIN | CLOSE, Uint8Array.of(3), { masked })],
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000].map((code): [string, Buffer] => [`close code ${code}`, close(code)]),
  ['a close with a reason that is no UTF-8', close(1000, Uint8Array.of(0xc3, 0x28))],
  ['text that is no UTF-8', raw(FIN | TEXT, Uint8Array.of(0xff, 0xfe, 0xfd), { masked })],
  ['text', raw(FIN | TEXT, new TextEncoder().encode('hello'), { masked })],
  ['the wrong mask', raw(FIN | BINARY, some, { masked: !masked })],
  ['a continuation of nothing', raw(FIN | CONTINUATION, some, { masked })],
  ['a message within another', Buffer.concat([raw(BINARY, some, { masked }), raw(FIN | BINARY, some, { masked })])],
  ['more than a frame may have', raw(FIN | BINARY, new Uint8Array(0), { masked, length: 2 ** 40 })],
  [
    'thousands of empty fragments',
    Buffer.concat([raw(BINARY, some, { masked }), ...Array(20_000).fill(raw(CONTINUATION, new Uint8Array(0), { masked }))])
  ],
  ['an empty message', raw(FIN | BINARY, new Uint8Array(0), { masked })],
  ['no frame of a link', raw(FIN | BINARY, some, { masked })]
]

async function upgraded(port: number, epoch: number): Promise<Socket> {
  const nonceServer = await new Promise<string>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: CHALLENGE_PATH, agent: false }, (response) => {
      let text = ''
      response.on('data', (data) => {
        text += data
      })
      response.on('end', () => resolve(text))
    }).on('error', reject)
  })
  const claim = { from: 1, to: 0, size: 4, epoch, received: 0, instance, nonceClient: newNonce(), nonceServer }
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(
    `GET ${LINK_PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${CLAIM_HEADER}: ${writeClaim(claim, token.proofOfClient(claim))}\r\n\r\n`
  )
  const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))))
  expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 101 Switching Protocols')
  return socket
}

describe.each(libraries)('RFC 6455, served by %s', (_, library) => {
  it.each(oddities(true))('takes nothing in, and outlives it: %s', async (_name, bytes) => {
    const server = mesh(0)
    const port = await server.listen('127.0.0.1', 0, undefined, library)
    const seen = count(server.link(1))
    const socket = await upgraded(port, 1)
    const gone = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    socket.write(bytes)
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 100))])
    socket.destroy()
    expect(seen.next).toBe(0)
    // Whoever dials to another host finds all as it was.
    const other = mesh(2)
    const [here, there] = [count(server.link(2)), count(other.link(0))]
    other.link(0).connectTo([{ host: '127.0.0.1', port }])
    other.link(0).send(frame(0, 8))
    await until(() => here.next === 1)
    expect([here.wrong, here.failures, there.failures]).toEqual([0, [], []])
  })
})

describe('RFC 6455, dialled', () => {
  it.each(oddities(false))('takes nothing in, and outlives it: %s', async (_name, bytes) => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.on('data', (data) => {
        const text = String(data)
        const nonce = `${newNonce()}.0.${'x'.repeat(43)}`
        if (text.startsWith(`GET ${CHALLENGE_PATH}`))
          return socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${nonce.length}\r\n\r\n${nonce}`)
        if (!text.startsWith('GET')) return
        const header = (name: string): string => new RegExp(`${name}: (.*)\r\n`, 'i').exec(text)![1]!
        const [from, to, size, epoch, received, who, nonceClient, nonceServer] = header(CLAIM_HEADER).split(' ') as string[]
        const claim = {
          from: +from!,
          to: +to!,
          size: +size!,
          epoch: +epoch!,
          received: +received!,
          instance: who!,
          nonceClient: nonceClient!,
          nonceServer: nonceServer!
        }
        const accept = createHash('sha1')
          .update(`${header('sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest('base64')
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n` +
            `x-rxmpi-answer: 0 ${token.proofOfServer(claim, 0)}\r\n\r\n`
        )
        setImmediate(() => socket.write(bytes))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push({
      close: () => {
        server.close()
        for (const socket of sockets) socket.destroy()
      }
    })
    const client = mesh(1)
    const seen = count(client.link(0))
    client.link(0).connectTo([{ host: '127.0.0.1', port: (server.address() as AddressInfo).port }])
    // It is given up, or dialled anew.
    await until(() => client.link(0).open || seen.failures.length > 0)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen.next).toBe(0)
  })
})
