import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import fc from 'fast-check'
import { firstValueFrom, lastValueFrom, NEVER, of, Subject } from 'rxjs'
import { take, toArray } from 'rxjs/operators'
import { decode, encode } from '../../client/codec.js'
import { connect } from '../../client/node.js'
import { publish, ref, subscribeTo, type Viewers, viewers } from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { ArgumentError, AuthenticationError, DataCloneError, ProtocolError, RankFailedError, RemoteError } from '../../src/errors.js'
import { Hub } from '../../src/viewers/hub.js'
import { decodePlain, encodeValue } from '../../src/viewers/payload.js'
import { readTicket, writeTicket } from '../../src/viewers/ticket.js'
import { EXPIRED, Tickets } from '../../src/viewers/tickets.js'
import { type Outlet, Viewer } from '../../src/viewers/viewer.js'
import {
  COMPLETE,
  CREDIT,
  countFrame,
  countOf,
  END,
  ENDED,
  FAILED,
  MAX_VIEWER_VALUE,
  NEXT,
  newFrame,
  Parts,
  PING,
  PONG,
  PROOF,
  PROTOCOL,
  PUBLISH,
  REFUSED,
  SUBSCRIBE,
  streamOf,
  textFrame,
  textOf,
  UNSUBSCRIBE,
  valueFrames
} from '../../src/viewers/wire.js'
import { memoryWorld } from '../../testing/index.js'
import { anotherSecret } from '../secrets.js'
import { type RawViewer, rawViewer } from '../viewer.js'

const refuse = (): never => {
  throw new Error('it was not refused')
}

const isKind =
  (kind: number) =>
  (frame: Uint8Array): boolean =>
    frame[0] === kind

describe('a ticket', () => {
  const header = (proof: string): string => `${PROTOCOL}, ${PROOF}${proof}`
  const terms = { writes: false, origins: undefined, milliseconds: 1000 }

  it('says where, what and to whom, and nothing of it is part of a request’s address', () => {
    const proof = new Tickets().issue(terms)
    for (const fingerprint of [undefined, 'f'.repeat(43)]) {
      const ticket = { url: 'wss://lab:8080/viewers', writes: true, proof, fingerprint }
      expect(readTicket(writeTicket(ticket))).toEqual(ticket)
      expect(new URL(writeTicket(ticket)).pathname + new URL(writeTicket(ticket)).search).toBe('/viewers')
    }
    for (const wrong of ['', 'ws://lab:1/viewers', `http://lab/viewers#r.${proof}`, `ws://lab/else#r.${proof}`, undefined as never]) {
      expect(() => readTicket(wrong)).toThrow(ArgumentError)
    }
    expect(() => readTicket('ws://lab:1/viewers#r.secret')).not.toThrow(/secret/)
  })

  it('is good until its end, and for no one with another secret or number', () => {
    let now = 0
    const tickets = new Tickets(() => now)
    const [one, other] = [tickets.issue(terms), tickets.issue({ ...terms, writes: true })]
    expect(tickets.check(header(one), undefined)).toMatchObject({ writes: false })
    expect(tickets.check(header(other), undefined)).toMatchObject({ writes: true })
    const [id, secret] = one.split('.') as [string, string]
    const mixed = [`${other.split('.')[0]}.${secret}`, `${id}.${'A'.repeat(43)}`, `${'A'.repeat(11)}.${secret}`, `${id}.${secret}A`, id, '']
    for (const proof of mixed) expect(tickets.check(header(proof), undefined)).toBeUndefined()
    for (const whole of [undefined, one, `${PROOF}${one}`, `x, ${header(one)}`]) expect(tickets.check(whole, undefined)).toBeUndefined()
    now = 1000
    expect(tickets.check(header(one), undefined)).toEqual({ refused: EXPIRED })
    expect(tickets.check(header(mixed[0]!), undefined)).toBeUndefined()
  })

  it('is for pages of this machine, or those that it names', () => {
    const tickets = new Tickets()
    const [near, far] = [tickets.issue(terms), tickets.issue({ ...terms, origins: ['https://lab.example.org'] })]
    const isIn = (proof: string, origin: string): boolean => 'writes' in tickets.check(header(proof), origin)!
    for (const origin of ['http://localhost:5173', 'https://127.0.0.1', 'http://[::1]:8000']) {
      expect(isIn(near, origin)).toBe(true)
      expect(isIn(far, origin)).toBe(false)
    }
    for (const origin of ['https://lab.example.org', 'http://localhost.example.org', 'null', 'localhost', '']) {
      expect(isIn(near, origin)).toBe(false)
      expect(isIn(far, origin)).toBe(origin === 'https://lab.example.org')
    }
  })
})

describe('values', () => {
  const cyclic: Record<string, unknown> = { name: 'loop' }
  cyclic.self = cyclic

  it.each<[string, unknown]>([
    ['a number', 1.5],
    ['minus zero', -0],
    ['a text', 'ä\u{1f30d}'],
    ['nothing', undefined],
    ['a tree', { a: [1, null, { b: 'c' }], d: true, e: 5n, f: -3, g: 2 ** 40 }],
    [
      'special things',
      new Map<unknown, unknown>([
        ['when', new Date(5)],
        ['where', new Set([1])],
        [1, 2n ** 70n]
      ])
    ],
    ['a cycle', cyclic],
    ['an error', new RangeError('too hot')],
    ['an array', Float64Array.of(1, 2, 3)],
    ['a view', new Int16Array(8).subarray(3, 5)],
    ['arrays within', { x: Float32Array.of(1), y: [Uint8Array.of(2)] }]
  ])('of a rank arrive at a viewer: %s', (_, value) => {
    expect(decode(encodeValue(value))).toEqual(value)
  })

  it('of a rank are of the kinds that browsers have, and nobody else’s memory', () => {
    const array = Float64Array.of(1, 2)
    const payload = encodeValue(array)
    array[0] = 7
    expect(decode(payload)).toEqual(Float64Array.of(1, 2))
    expect(Object.getPrototypeOf(decode(encodeValue(Buffer.from('ab'))))).toBe(Uint8Array.prototype)
    expect(() => encodeValue({ stream: ref(of(1)) })).toThrow(/a ref is for ranks/)
    structuredClone(array.buffer, { transfer: [array.buffer] })
    expect(() => encodeValue(array)).toThrow(DataCloneError)
  })

  it('of a viewer arrive at the rank as they were: plain data', () => {
    const leaf = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.string({ unit: 'binary' }).filter((text) => !text.startsWith('\ufeff')),
      fc.boolean(),
      fc.constant(null),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.uint8Array()
    )
    const key = fc.string().filter((name) => name !== '__proto__' && name !== 'constructor')
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('tree')), fc.dictionary(key, tie('tree'), { noNullPrototype: true }))
    }))
    fc.assert(
      fc.property(tree, (value) => {
        expect(decodePlain(encode(value))).toEqual(value)
      })
    )
    for (const array of [Float64Array.of(1.5), new BigUint64Array(2), Uint8Array.of(1)]) {
      expect(decodePlain(encode(array))).toEqual(array)
    }
  })

  it('of a viewer that cannot be sent are refused there, with the place', () => {
    const cases: [unknown, RegExp][] = [
      [{ f: [() => 1] }, /^data\.f\[0\]: a function/],
      [Symbol('x'), /^data: a symbol/],
      [new Map(), /^data: an instance of Map/],
      [{ at: new Date() }, /^data\.at: an instance of Date/],
      [2n ** 64n, /^data: a bigint/],
      [cyclic, /nested more than 100 deep, or holds itself/],
      [new Float64Array(MAX_VIEWER_VALUE / 8 + 1), /at most 262144/]
    ]
    for (const [value, message] of cases) {
      expect(() => encode(value)).toThrow(DataCloneError)
      expect(() => encode(value)).toThrow(message)
    }
  })

  it('of a stranger become plain data, or a ProtocolError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 64 }), (code, bytes) => {
        try {
          decodePlain({ code, bytes })
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      })
    )
    // A table, which ranks send each other: its dates, errors and expressions are none of a viewer's business.
    const table = encodeValue(/a+/)
    expect(decode(table)).toEqual(/a+/)
    expect(() => decodePlain(table)).toThrow(ProtocolError)
    // What it holds is nobody else's memory.
    const bytes = encode({ bytes: Uint8Array.of(1) })
    const { bytes: held } = decodePlain(bytes) as { bytes: Uint8Array }
    bytes.bytes.fill(0)
    expect(held).toEqual(Uint8Array.of(1))
  })

  it('travel in parts, whatever their size', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 1, max: 20 }), (bytes, part) => {
        const parts = new Parts()
        const whole = [...valueFrames(3, { code: 2, bytes }, part)].map((frame) => parts.add(frame)).filter((value) => value !== undefined)
        expect(whole.map((value) => [...value.bytes])).toEqual([[...bytes]])
      })
    )
  })
})

/** A viewer whose connection is the test's. */
function viewerOf(hub: Hub, writes = true) {
  const sent: Uint8Array[] = []
  let now = 0
  let end = ''
  const outlet: Outlet & { full: boolean } = {
    send: (frame) => {
      sent.push(frame)
      return true
    },
    full: false,
    finish: () => {
      end = 'finished'
    },
    close: () => {
      end = 'closed'
    }
  }
  const viewer = new Viewer(outlet, hub, writes, () => now)
  const kinds = (): (number | undefined)[] => sent.map(([kind]) => kind)
  return {
    viewer,
    outlet,
    sent,
    kinds,
    values: (id: number) =>
      sent.filter((frame) => frame[0] === NEXT && streamOf(frame) === id).map((frame) => decode(new Parts().add(frame)!)),
    pass: (milliseconds: number) => {
      for (let k = 0; k < milliseconds; k += 100) {
        now += 100
        viewer.tick()
      }
    },
    get end() {
      return end
    },
    get why() {
      const last = sent.findLast(isKind(END))
      return last && textOf(last)
    }
  }
}

const opened = (): Hub => {
  const hub = new Hub()
  hub.opened()
  return hub
}
const all = { overflow: 'buffer', highWaterMark: 1000, history: 0 } as const
const value = (id: number, data: unknown): Uint8Array => [...valueFrames(id, encode(data))][0]!

describe('a viewer', () => {
  it('gets what it has asked for, as it has credit and its connection room', () => {
    const hub = opened()
    const { viewer, outlet, values, kinds } = viewerOf(hub)
    viewer.frame(countFrame(SUBSCRIBE, 1, 2, 'letters'))
    viewer.frame(countFrame(SUBSCRIBE, 2, 9, 'none'))
    const letters = hub.publish('letters', all)
    for (const letter of 'abcdef') letters.next(letter)
    expect(values(1)).toEqual(['a', 'b'])
    outlet.full = true
    viewer.frame(countFrame(CREDIT, 1, 2))
    expect(values(1)).toEqual(['a', 'b'])
    outlet.full = false
    viewer.drained()
    expect(values(1)).toEqual(['a', 'b', 'c', 'd'])
    letters.complete()
    viewer.frame(countFrame(CREDIT, 1, 100))
    expect(values(1)).toEqual([...'abcdef'])
    expect(kinds().at(-1)).toBe(COMPLETE)
    expect(values(2)).toEqual([])
  })

  it('slows no other', () => {
    const hub = opened()
    const [quick, slow] = [viewerOf(hub), viewerOf(hub)]
    quick.viewer.frame(countFrame(SUBSCRIBE, 1, 1000, 'n'))
    slow.viewer.frame(countFrame(SUBSCRIBE, 1, 1, 'n'))
    const n = hub.publish('n', { overflow: 'latest', highWaterMark: 1, history: 0 })
    for (let k = 0; k < 100; k++) n.next(k)
    expect(quick.values(1)).toEqual(Array.from({ length: 100 }, (_, k) => k))
    slow.viewer.frame(countFrame(CREDIT, 1, 1))
    expect(slow.values(1)).toEqual([0, 99])
    slow.viewer.frame(newFrame(UNSUBSCRIBE, 1, 0))
    slow.viewer.frame(countFrame(CREDIT, 1, 1))
    n.next(100)
    expect(slow.values(1)).toEqual([0, 99])
    quick.viewer.closed()
    expect(n.values.observed).toBe(false)
  })

  it('and a rank say to each other what docs/reference/wire.md has, byte by byte', () => {
    const page = readFileSync('docs/reference/wire.md', 'utf8')
    const rows = [...page.matchAll(/^\| (viewer|rank) \| [^|]* \| `([0-9a-f ]+)` \|$/gm)]
    const framesOf = (who: string): Uint8Array[] =>
      rows.filter(([, from]) => from === who).map(([, , bytes]) => Buffer.from(bytes!.replaceAll(' ', ''), 'hex'))
    const [subscribe, credit, say, hi, complete, pong] = framesOf('viewer') as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array
    ]
    const hub = opened()
    const { viewer, sent, pass } = viewerOf(hub)
    const shown = hub.publish('x', all)
    const heard: unknown[] = []
    const reading = hub.inbox('say').subscribe((one) => heard.push(one))
    viewer.frame(subscribe)
    shown.next(42)
    for (const frame of [credit, say, hi, complete]) viewer.frame(frame)
    pass(3000)
    viewer.frame(pong)
    shown.complete()
    viewer.end(ENDED, 'the end')
    expect(heard).toEqual(['hi'])
    expect(sent.map((frame) => Buffer.from(frame).toString('hex'))).toEqual(
      framesOf('rank').map((frame) => Buffer.from(frame).toString('hex'))
    )
    reading.unsubscribe()
    hub.close()
  })

  it('sends values when somebody reads them, a few in a tenth of a second', () => {
    const hub = opened()
    const { viewer, sent, pass } = viewerOf(hub)
    viewer.frame(textFrame(PUBLISH, 1, 'setpoint'))
    expect(sent).toEqual([])
    const got: unknown[] = []
    const reading = hub.inbox('setpoint').subscribe((one) => got.push(one))
    expect(countOf(sent[0]!)).toBe(16)
    for (let k = 0; k < 16; k++) viewer.frame(value(1, k))
    expect(got.length).toBe(16)
    pass(100)
    expect(sent.filter(isKind(CREDIT)).map(countOf)).toEqual([16, 16])
    reading.unsubscribe()
    hub.close()
  })

  it.each<[string, Uint8Array[], RegExp]>([
    ['with a ticket that reads only publishes', [textFrame(PUBLISH, 1, 'x')], /its ticket reads only, and it publishes 'x'/],
    ['says nothing of a header', [Uint8Array.of(1)], /without a header/],
    ['says what there is not', [newFrame(77, 0, 0)], /unknown kind 77/],
    ['says half of it', [newFrame(SUBSCRIBE, 1, 2)], /cut off/],
    ['asks for no name', [countFrame(SUBSCRIBE, 1, 1, '')], /a name of 0 bytes/],
    ['asks for a long name', [countFrame(SUBSCRIBE, 1, 1, 'x'.repeat(201))], /a name of 201 bytes/],
    ['asks twice', [countFrame(SUBSCRIBE, 1, 1, 'x'), countFrame(SUBSCRIBE, 1, 1, 'y')], /second stream with the number 1/],
    ['asks for too many', Array.from({ length: 65 }, (_, k) => countFrame(SUBSCRIBE, k, 1, 'x')), /more than 64 streams/],
    ['sends a value for nothing', [value(9, 1)], /a stream 9 that is not there/],
    ['talks too much', Array.from({ length: 20_001 }, () => newFrame(PONG, 0, 0)), /too much in a second/],
    ['sends too many bytes', Array.from({ length: 40 }, () => newFrame(PONG, 0, 250_000)), /too much in a second/]
  ])('that %s is told, and out', (_, frames, why) => {
    const other = viewerOf(opened(), false)
    for (const frame of frames) other.viewer.frame(frame)
    expect(other.end).toBe('finished')
    expect(other.why).toMatch(why)
    expect(other.sent.at(-1)![1]).toBe(FAILED)
    expect(other.viewer.open).toBe(false)
  })

  it.each<[string, Uint8Array[], RegExp]>([
    ['more values than it has credit for', Array.from({ length: 17 }, () => value(1, 0)), /more values than it has credit for/],
    ['what is no data', [newFrame(NEXT, 1, 3)], /no plain data/],
    ['a kind that there is not', [newFrame(NEXT, 1, 3, 99)], /unknown kind 99/],
    [
      'too much in parts',
      [...valueFrames(1, { code: 2, bytes: new Uint8Array(MAX_VIEWER_VALUE + 1) }, 2 ** 16)],
      /a value of more than 262144 bytes/
    ]
  ])('that sends %s is told, and out', (_, frames, why) => {
    const hub = opened()
    const got: unknown[] = []
    hub.inbox('x').subscribe((one) => got.push(one))
    const writer = viewerOf(hub)
    writer.viewer.frame(textFrame(PUBLISH, 1, 'x'))
    for (const frame of frames) writer.viewer.frame(frame)
    expect(writer.why).toMatch(why)
    expect(got.length).toBeLessThanOrEqual(16)
    hub.close()
  })

  it('whose words are random changes nothing for others and breaks nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 20 }), fc.boolean(), (frames, writes) => {
        const hub = opened()
        const good = viewerOf(hub)
        good.viewer.frame(countFrame(SUBSCRIBE, 1, 10, 'n'))
        const { viewer } = viewerOf(hub, writes)
        for (const [kind, ...rest] of frames) viewer.frame(Uint8Array.of(kind! % 11, ...rest))
        hub.publish('n', all).next(1)
        expect(good.values(1)).toEqual([1])
        viewer.closed()
        hub.close()
      })
    )
  })

  it('that asks without reading is cut, and leaves nothing behind', () => {
    const hub = opened()
    hub.publish('over', all).complete()
    const { viewer, outlet, sent, ...asking } = viewerOf(hub)
    for (let k = 0; k < 2000; k++) viewer.frame(countFrame(SUBSCRIBE, k, 1, 'over'))
    expect(viewer.open).toBe(true)
    outlet.full = true
    for (let k = 0; k < 2000; k++) viewer.frame(countFrame(SUBSCRIBE, k, 1, 'over'))
    expect([viewer.open, sent.length]).toEqual([false, 3000])
    expect(asking.why).toBeUndefined()
  })

  it('that does not answer is cut, but not by a rank that has had no time to listen', () => {
    const hub = opened()
    hub.publish('n', all)
    const [silent, alive] = [viewerOf(hub), viewerOf(hub)]
    for (let k = 0; k < 31; k++) {
      silent.pass(1000)
      alive.pass(1000)
      if (alive.kinds().at(-1) === PING) alive.viewer.frame(newFrame(PONG, 0, 0))
    }
    expect([silent.end, alive.end]).toEqual(['closed', ''])
    let now = 0
    const late = new Viewer({ ...silent.outlet, close: refuse }, hub, false, () => now)
    now = 60_000
    late.tick()
    expect(late.open).toBe(true)
  })
})

describe('the port for viewers', () => {
  let comm: Communicator
  let open: Viewers
  const failure = (ticket: string, name = 'x'): Promise<unknown> =>
    firstValueFrom(connect(ticket).stream(name)).then(refuse, (error) => error)

  beforeEach(async () => {
    comm = memoryWorld(1)[0]!
    open = (await viewers(comm))!
  })
  afterEach(() => open.close())

  it('lets in whoever has a ticket, and nobody else', async () => {
    of(1, 2)
      .pipe(publish(comm, 'x', { history: 2 }))
      .subscribe()
    const ticket = open.ticket()
    expect(await lastValueFrom(connect(ticket).stream('x').pipe(toArray()))).toEqual([1, 2])
    const { proof } = readTicket(ticket)
    const wrong = anotherSecret(proof)
    expect(await failure(ticket.replace(proof, wrong))).toEqual(expect.objectContaining({ name: 'AuthenticationError' }))
    for (const protocol of [`${PROTOCOL}, ${PROOF}${wrong}`, PROTOCOL, '', `${PROTOCOL}, ${PROOF}`, 'x'.repeat(5000)]) {
      expect(await rawViewer(ticket, { protocol })).toBe(403)
    }
    for (const path of ['/', '/link', '/challenge', '/viewers/x']) expect(await rawViewer(ticket, { path })).toBe(404)
    expect(open.count).toBe(0)
  })

  it('tells whoever has a ticket why it is good for nothing', async () => {
    const end = async (ticket: string, origin?: string): Promise<string> => {
      const raw = (await rawViewer(ticket, { origin: origin! })) as RawViewer
      const frame = await raw.frame(isKind(END))
      expect(frame[1]).toBe(REFUSED)
      await raw.over
      return textOf(frame)
    }
    const brief = open.ticket({ expiresIn: 0.3 })
    const old = failure(brief)
    expect(await old).toBeInstanceOf(AuthenticationError)
    expect(String(await old)).toMatch(EXPIRED)
    expect(await end(brief)).toBe(EXPIRED)
    expect(await end(open.ticket(), 'https://evil.example')).toMatch(/not for pages of https:\/\/evil\.example/)
    const page = (await rawViewer(open.ticket({ origins: ['https://lab.example'] }), { origin: 'https://lab.example' })) as RawViewer
    expect(open.count).toBe(1)
    page.socket.destroy()
    const writer = (await rawViewer(open.ticket())) as RawViewer
    writer.send(textFrame(PUBLISH, 1, 'x'))
    expect(textOf(await writer.frame(isKind(END)))).toMatch(/reads only/)
    expect(() => connect(open.ticket()).publish('x')).toThrow(/this one reads only/)
  })

  it('takes random bytes from anybody, and goes on', async () => {
    const ticket = open.ticket()
    const { port } = new URL(open.url)
    const values = new Subject<number>()
    values.pipe(publish(comm, 'x', { history: 0 })).subscribe()
    const got = firstValueFrom(connect(ticket).stream('x'))
    await Promise.all(
      Array.from({ length: 20 }, async (_, k) => {
        if (k % 2 === 0) {
          const socket = connectTcp(Number(port), '127.0.0.1')
          await once(socket, 'connect')
          socket.on('error', () => undefined)
          socket.end(randomBytes(1 + 100 * k))
          await once(socket.resume(), 'close')
        } else {
          const raw = (await rawViewer(ticket)) as RawViewer
          raw.socket.end(randomBytes(1 + 100 * k))
          await raw.over
        }
      })
    )
    values.next(7)
    expect(await got).toBe(7)
  })

  it('has room for so many', async () => {
    open.close()
    open = (await viewers(comm, { limit: 1 }))!
    const ticket = open.ticket()
    const first = connect(ticket)
    of(1).pipe(publish(comm, 'x')).subscribe()
    const looking = first.stream('y').subscribe()
    await firstValueFrom(first.stream('x'))
    expect(String(await failure(ticket))).toMatch(/there are 1 viewers already/)
    looking.unsubscribe()
  })

  it('hears viewers, and tells them of errors and of its end', async () => {
    const job = connect(open.ticket({ rights: 'write' }))
    const heard = firstValueFrom(subscribeTo<{ k: number }>(comm, 'setpoint').pipe(take(3), toArray()))
    const setpoint = job.publish<{ k: number }>('setpoint', { overflow: 'buffer' })
    for (let k = 0; k < 3; k++) setpoint.next({ k })
    expect(await heard).toEqual([{ k: 0 }, { k: 1 }, { k: 2 }])
    expect(() => setpoint.next({ k: (() => 1) as never })).toThrow(DataCloneError)
    setpoint.complete()
    const failing = new Subject<number>()
    failing.pipe(publish(comm, 'failing', { history: 0 })).subscribe({ error: () => undefined })
    const failed = failure(open.ticket(), 'failing')
    NEVER.pipe(publish(comm, 'endless')).subscribe()
    const ends = Promise.all(
      ['endless', 'endles'].map((name) =>
        lastValueFrom(job.stream(name), { defaultValue: 'complete' }).catch((error: Error) => error.message)
      )
    )
    // Both are known there by the time that this one is.
    of(1).pipe(publish(comm, 'x')).subscribe()
    await firstValueFrom(job.stream('x'))
    failing.error(new RangeError('too hot'))
    expect(await failed).toBeInstanceOf(RemoteError)
    expect(String(await failed)).toMatch(/RangeError: too hot/)
    open.close()
    expect(await ends).toEqual(['complete', "the job has published no 'endles'; did you mean 'endless'?"])
    expect(await failure(open.ticket())).toBeInstanceOf(RankFailedError)
  })

  it('goes with its communicator', async () => {
    const own = await comm.dup()
    const of = (await viewers(own))!
    const end = failure(of.ticket())
    const raw = (await rawViewer(of.ticket())) as RawViewer
    own.free()
    expect(textOf(await raw.frame(isKind(END)))).toBe('the job has closed its viewers')
    expect(await end).toBeInstanceOf(Error)
  })

  it('is opened once, where it is safe', async () => {
    const message = (options: object): Promise<string> => viewers(comm, options).then(refuse, (error: Error) => error.message)
    expect(await message({})).toMatch(/^viewers: they are open already/)
    open.close()
    expect(await message({ address: '0.0.0.0' })).toMatch(/^address: other machines can reach 0\.0\.0\.0.* insecure: true/)
    expect(await message({ address: '192.0.2.1', insecure: true })).toMatch(/EADDRNOTAVAIL/)
    for (const options of [
      { port: -1 },
      { limit: 0 },
      { tls: { cert: 'x' } },
      { address: '' },
      { host: 'a/b' },
      { root: 1 },
      { prot: 1 }
    ]) {
      expect(await message(options)).toMatch(new RegExp(`^${Object.keys(options)[0]}`))
    }
    open = (await viewers(comm, { address: '0.0.0.0', insecure: true, host: '127.0.0.1' }))!
    for (const options of [
      { rights: 'all' },
      { expiresIn: 0 },
      { origins: ['lab.example.org'] },
      { origins: ['http://a/b'] },
      { right: 'read' }
    ]) {
      expect(() => open.ticket(options as object)).toThrow(ArgumentError)
    }
  })

  it('encrypts, and a program takes the certificate of the ticket and no other', async () => {
    open.close()
    open = (await viewers(comm, { tls: true }))!
    of(1).pipe(publish(comm, 'x')).subscribe()
    const ticket = open.ticket()
    expect(ticket).toMatch(/^wss:/)
    expect(await firstValueFrom(connect(ticket).stream('x'))).toBe(1)
    const other = await failure(anotherSecret(ticket))
    expect(other).toBeInstanceOf(AuthenticationError)
    expect(String(other)).toMatch(/not the one that the ticket names/)
    expect(await failure(ticket.replace('wss:', 'ws:').replace(/\.[\w-]{43}$/, ''))).toBeInstanceOf(RankFailedError)
  })
})
