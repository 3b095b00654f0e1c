import { randomBytes } from 'node:crypto'
import { decodeObject, encodeObject } from '../../src/codec/object.js'
import { type Claim, newNonce, Token } from '../../src/transport/websocket/challenge.js'
import { readClaim, writeClaim } from '../../src/transport/websocket/connection.js'
import type { HostLink, HostLinkUser } from '../../src/transport/websocket/host-link.js'
import { Mesh } from '../../src/transport/websocket/mesh.js'
import { ReliableLink } from '../../src/transport/websocket/reliable-link.js'
import { CREDIT, DATA, HEADER, RECORD, SEGMENT, writeHeader } from '../../src/transport/websocket/wire.js'
import { integer, random } from '../../testing/compliance/random.js'
import { hosts } from '../compliance/hosts.js'
import { amount, LIMIT_MS } from './amount.js'

jest.setTimeout(LIMIT_MS)

/** What nobody who keeps to the protocol would send: good bytes, changed. Each input has a number, which makes it again. */
const INPUTS = amount(3000, 250_000)
const MOST_MS = 50
const MOST_BYTES = 100 * 2 ** 20

const ODD = [0, 1, 0x7f, 0x80, 0x9a, 0x9b, 0xba, 0xbb, 0xc2, 0xd9, 0xda, 0xf9, 0xfb, 0xff]

/** Bytes with some changed, taken out, put in, repeated, or the end cut off. */
function changed(good: Uint8Array, next: () => number): Uint8Array {
  const bytes = [...good]
  for (let k = integer(next, 1, 5); k > 0; k--) {
    const at = integer(next, 0, Math.max(0, bytes.length - 1))
    const what = next()
    if (what < 0.3) bytes[at] = integer(next, 0, 255)
    else if (what < 0.5) bytes[at] = ODD[integer(next, 0, ODD.length - 1)]!
    else if (what < 0.6) bytes.splice(at, integer(next, 1, 9))
    else if (what < 0.7) bytes.splice(at, 0, ...Array.from({ length: integer(next, 1, 9) }, () => integer(next, 0, 255)))
    else if (what < 0.8) bytes.splice(at, 0, ...bytes.slice(at, at + integer(next, 1, 50)))
    else if (what < 0.9) bytes.splice(at)
    else for (let j = at; j < Math.min(at + 8, bytes.length); j++) bytes[j] = 255
  }
  return Uint8Array.from(bytes)
}

/**
 * Gives all inputs to `use`, which may throw what `allowed` says. A pause of the machine is not the input's: what took long is tried again.
 */
function feed(make: (next: () => number) => Uint8Array, use: (bytes: Uint8Array) => void, allowed: RegExp): string {
  const before = process.memoryUsage.rss()
  let [slowest, refused] = [0, 0]
  const took = (bytes: Uint8Array): number => {
    const start = performance.now()
    try {
      use(bytes)
    } catch (error) {
      refused++
      if (!allowed.test((error as Error).name)) throw error
    }
    return performance.now() - start
  }
  for (let number = 0; number < INPUTS; number++) {
    const bytes = make(random(number))
    let ms = Number.POSITIVE_INFINITY
    for (let k = 0; k < 3 && ms > MOST_MS; k++) ms = Math.min(ms, took(bytes))
    if (ms > MOST_MS) throw new Error(`input ${number} takes ${ms} ms: ${Buffer.from(bytes).toString('hex').slice(0, 400)}`)
    slowest = Math.max(slowest, ms)
  }
  const grown = process.memoryUsage.rss() - before
  expect(grown).toBeLessThan(MOST_BYTES)
  return `${INPUTS} inputs, ${refused} thrown out, slowest ${slowest.toFixed(1)} ms, ${(grown / 2 ** 20).toFixed(0)} MB more`
}

const say = (what: string, figures: string): void => {
  if (INPUTS > 3000) console.log(`${what}: ${figures}`)
}

const objects: unknown[] = [
  { a: 1, b: [1, 2, -0, 0.5, NaN, 2n ** 70n], c: 'text', d: undefined, e: null },
  new Map<unknown, unknown>([
    [1, new Set([1, 2])],
    ['k', new Date(0)]
  ]),
  [new RangeError('no', { cause: new TypeError('why') }), /a+/g, new Float64Array(5), new DataView(new ArrayBuffer(3))],
  Array.from({ length: 50 }, (_, k) => ({ k, self: `${k}` })),
  (() => {
    const cycle: Record<string, unknown> = { name: 'cycle', list: [] }
    cycle.self = cycle
    ;(cycle.list as unknown[]).push(cycle, new Uint16Array(4))
    return cycle
  })()
]

it('objects: what is not one is refused, and the next one is decoded', () => {
  const good = objects.map((object) => Uint8Array.from(encodeObject(object)))
  say(
    'objects',
    feed((next) => changed(good[integer(next, 0, good.length - 1)]!, next), decodeObject, /^ProtocolError$/)
  )
  for (const [k, bytes] of good.entries()) expect(decodeObject(bytes)).toEqual(objects[k])
  expect(({} as { x?: unknown }).x).toBeUndefined()
})

it('handshakes: nobody is let in', () => {
  const token = new Token(randomBytes(32), 'job')
  const mesh = new Mesh({ self: 0, size: 4, token, reconnectMs: 1000, expects: (host) => host < 3 })
  const base = { from: 1, to: 0, size: 4, epoch: 1, received: 0, instance: newNonce(), nonceClient: newNonce() }
  let good = ''
  const said = (header: string): string => JSON.stringify(readClaim(header)?.claim)
  let issued = 0
  const figures = feed(
    (next) => {
      // They are good for ten seconds.
      if (issued++ % 1000 === 0) {
        const claim: Claim = { ...base, nonceServer: mesh.challenge() }
        good = writeClaim(claim, token.proofOfClient(claim))
      }
      return changed(Buffer.from(good, 'latin1'), next)
    },
    (bytes) => {
      const header = Buffer.from(bytes).toString('latin1')
      // The last bits of a proof's last character say nothing.
      if (said(header) !== said(good) && 'answer' in mesh.admit(header)) throw new Error(`let in: ${header}`)
    },
    /^$/
  )
  expect([...mesh.links]).toEqual([])
  expect('answer' in mesh.admit(good)).toBe(true)
  mesh.close()
  say('handshakes', figures)
})

it('frames: a number that cannot be ends the link, with a reason', () => {
  const frame = new Uint8Array(HEADER + 64)
  say(
    'frames',
    feed(
      (next) => {
        writeHeader(frame, DATA, integer(next, 0, 3), integer(next, 0, 1))
        return changed(frame, next)
      },
      (bytes) => {
        const link = new ReliableLink(2 ** 20)
        link.accept(bytes)
        if (link.received > 1) throw new Error(`received ${link.received}`)
      },
      /^ProtocolError$/
    )
  )
})

it('records: what breaks the rules ends the link, with a reason, and reaches no rank that it does not join', async () => {
  const world = await hosts(2, 2, {})
  for (const transport of world.transports)
    transport.attach({ segment: () => undefined, room: () => false, moved: () => undefined, gone: () => undefined })
  let user: HostLinkUser | undefined
  const [first] = world.meshes
  const { onLink } = first!
  first!.onLink = (made: HostLink) => {
    onLink(made)
    user = made.user
  }
  const peer = world.meshes[1]!.link(0)
  peer.want()
  while (user === undefined) await world.settle()
  const records = new Uint8Array(3 * RECORD + 128)
  const view = new DataView(records.buffer)
  const record = (at: number, ...words: number[]): void => {
    for (const [k, word] of words.entries()) view.setUint32(at + 4 * k, word, true)
  }
  record(0, SEGMENT, 1, 0, 64)
  record(RECORD + 64, CREDIT, 0, 1, 100)
  record(2 * RECORD + 64, SEGMENT, 1, 0, 64)
  say(
    'records',
    feed(
      (next) => changed(records, next),
      (bytes) => user!.payload(bytes),
      /^ProtocolError$/
    )
  )
  await world.close()
})
