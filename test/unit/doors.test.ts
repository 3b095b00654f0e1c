import { randomBytes } from 'node:crypto'
import { get } from 'node:http'
import { connect } from 'node:net'
import { deserialize, serialize } from 'node:v8'
import fc from 'fast-check'
import { Ports } from '../../src/job/ports.js'
import { Joins } from '../../src/launch/job/joins.js'
import { NetworkPorts } from '../../src/launch/job/network-ports.js'
import { readTicket, type Ticket } from '../../src/launch/job/ticket.js'
import type { ToSite } from '../../src/launch/protocol/site-protocol.js'
import type { ToRank } from '../../src/runtime/rank-protocol.js'
import { type Claim, newNonce, Token } from '../../src/transport/websocket/challenge.js'
import { readClaim, writeClaim } from '../../src/transport/websocket/connection.js'
import { withHead } from '../../src/transport/websocket/framing.js'
import { Mesh } from '../../src/transport/websocket/mesh.js'
import { DATA, HEADER, newFrame, writeHeader } from '../../src/transport/websocket/wire.js'
import { Hub } from '../../src/viewers/hub.js'
import { ViewerServer } from '../../src/viewers/server.js'
import { countFrame, PROOF, PROTOCOL, SUBSCRIBE } from '../../src/viewers/wire.js'
import { SOAK } from '../reliability/amount.js'
import { anotherSecret } from '../secrets.js'

/** The ports that strangers can reach: of a port with a ticket, and of viewers. */

const AT_ONCE = 25
const ROUNDS = SOAK ? 4000 : 30

/** A port, and what whoever has overheard others could say there. */
interface Door {
  readonly port: number
  /** Good requests that are good no more, and others that never were, and what would come behind a good one. */
  pieces(): Promise<readonly Buffer[]>
  /** A good request, changed in what it proves; undefined where it proves the same. */
  forged(change: (proof: string) => string): Promise<Buffer | undefined>
  /** Throws when somebody is in, or something was read. */
  checkNobody(): void
}

const upgrade = (path: string, ...headers: string[]): Buffer =>
  Buffer.from(
    [
      `GET ${path} HTTP/1.1`,
      'host: x',
      'connection: Upgrade',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      `sec-websocket-key: ${randomBytes(16).toString('base64')}`,
      ...headers,
      '',
      ''
    ].join('\r\n'),
    'latin1'
  )

/** What the server takes for a header's value: uWebSockets.js has spaces around it, and bytes from 128 on for spaces. */
const heard = (header: string): string => header.replace(/^[^!-~]+|[^!-~]+$/g, '')

/** What comes back, until the other end closes or has answered; `then`: what is said once it has, before more is waited for. */
function exchange(port: number, chunks: readonly Buffer[], then?: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => {
      socket.setNoDelay(true)
      for (const chunk of chunks) socket.write(chunk)
      if (then === undefined) socket.end()
    })
    const done = (): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('data', (data) => {
      const wasAnswered = isAnswered(answer)
      answer += data.toString('latin1')
      if (!isAnswered(answer)) return
      if (then === undefined) done()
      else if (!wasAnswered) socket.write(then)
    })
    socket.on('error', done)
    socket.on('close', done)
    socket.setTimeout(400, done)
  })
}

const isAnswered = (answer: string): boolean => answer.includes('\r\n\r\n')

type Change = readonly [kind: 'set' | 'cut' | 'insert' | 'swap', at: number, byte: number]

function changed<T extends Buffer | string>(what: T, [kind, at, byte]: Change): T {
  const bytes = Buffer.from(what as string, 'latin1')
  const place = bytes.length === 0 ? 0 : at % bytes.length
  const [head, tail] = [bytes.subarray(0, place), bytes.subarray(place)]
  const made =
    kind === 'cut'
      ? head
      : kind === 'insert'
        ? Buffer.concat([head, Buffer.of(byte), tail])
        : kind === 'swap'
          ? Buffer.concat([tail, head])
          : Buffer.concat([head, Buffer.of(byte), tail.subarray(1)])
  return (typeof what === 'string' ? made.toString('latin1') : made) as T
}

const change: fc.Arbitrary<Change> = fc.tuple(fc.constantFrom('set', 'cut', 'insert', 'swap'), fc.nat(2000), fc.nat(255))

/** One connection: pieces in any order, some of them changed, cut into chunks anyhow. */
const attack = fc.record({
  parts: fc.array(
    fc.oneof(
      fc.record({ piece: fc.nat(20), changes: fc.array(change, { maxLength: 2 }) }),
      fc.record({ forged: fc.array(change, { minLength: 1, maxLength: 3 }) }),
      fc.record({ noise: fc.uint8Array({ maxLength: 300 }) })
    ),
    { minLength: 1, maxLength: 4 }
  ),
  chunk: fc.integer({ min: 1, max: 2000 })
})

type Attack = typeof attack extends fc.Arbitrary<infer A> ? A : never

async function attempt(door: Door, { parts, chunk }: Attack): Promise<string> {
  const pieces = await door.pieces()
  const all: Buffer[] = []
  for (const part of parts) {
    if ('noise' in part) all.push(Buffer.from(part.noise))
    else if ('forged' in part) all.push((await door.forged((proof) => part.forged.reduce(changed, proof))) ?? Buffer.alloc(0))
    else all.push(part.changes.reduce<Buffer>(changed, pieces[part.piece % pieces.length]!))
  }
  const bytes = Buffer.concat(all)
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, k) => bytes.subarray(k * chunk, (k + 1) * chunk))
  return exchange(door.port, chunks)
}

async function withstands(door: Door): Promise<void> {
  const attacks = fc.array(attack, { minLength: AT_ONCE, maxLength: AT_ONCE })
  await fc.assert(
    fc.asyncProperty(attacks, async (all) => {
      const answers = await Promise.all(all.map((one) => attempt(door, one)))
      expect(answers.filter((answer) => answer.includes(' 101 '))).toEqual([])
      door.checkNobody()
    }),
    { numRuns: ROUNDS }
  )
}

describe('the port that a ticket is for', () => {
  const links = { reconnectMs: 1000, startMs: 1000, certificate: undefined, addresses: () => ['127.0.0.1'] }
  const strangers: unknown[] = []
  const ports = { connectStranger: (_: number, stranger: unknown) => strangers.push(stranger) }
  const joins = { isOpen: () => false, close: async () => undefined }
  let network: NetworkPorts
  let ticket: Ticket
  let read: jest.SpyInstance

  beforeEach(async () => {
    strangers.length = 0
    network = new NetworkPorts(links, joins as never, ports as never, false)
    ticket = readTicket(await network.open(0))
    read = jest.spyOn(jest.requireActual<typeof import('node:v8')>('node:v8'), 'deserialize')
  })
  afterEach(() => {
    network.close()
    read.mockRestore()
  })

  const challenge = (): Promise<string> =>
    new Promise((resolve, reject) => {
      get({ port: ticket.port, path: '/challenge', agent: false }, (response) => {
        let text = ''
        response.on('data', (data) => {
          text += data
        })
        response.on('end', () => resolve(text))
      }).on('error', reject)
    })

  const claimOf = (nonceServer: string): Claim => ({
    from: 1 + Math.floor(Math.random() * 1e6),
    to: 0,
    size: 1,
    epoch: 1,
    received: 0,
    instance: newNonce(),
    nonceClient: newNonce(),
    nonceServer
  })
  const tokenOf = ({ secret, id }: Pick<Ticket, 'secret' | 'id'>): Token => new Token(Buffer.from(secret, 'base64url'), id)
  const signed = (claim: Claim, by = ticket): string => writeClaim(claim, tokenOf(by).proofOfClient(claim))
  const request = (claim: string): Buffer => upgrade('/link', `x-rxmpi-claim: ${claim}`)

  /** What a rank of another job says first. */
  function said(message: unknown): Buffer {
    const bytes = serialize(message)
    const frame = newFrame(HEADER + 8 + bytes.length)
    frame.set(bytes, HEADER + 8)
    writeHeader(frame, DATA, 1, 0)
    return withHead(frame, true)
  }

  it('lets in who has it, reads what he says then, and nobody else', async () => {
    const claim = claimOf(await challenge())
    const answer = await exchange(ticket.port, [request(signed(claim))], said({ type: 'connect', ranks: [{ site: 0, local: 0 }] }))
    expect(answer).toContain(' 101 ')
    expect(answer).toContain(tokenOf(ticket).proofOfServer(claim, 0))
    expect(strangers).toHaveLength(1)
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('is closed to whatever is sent in whatever order, and reads none of it', async () => {
    const used = claimOf(await challenge())
    const replayed = request(signed(used))
    expect(await exchange(ticket.port, [replayed])).toContain(' 101 ')
    let nonce: { text: string; until: number } | undefined
    const fresh = async (): Promise<string> => {
      if (nonce === undefined || performance.now() > nonce.until) nonce = { text: await challenge(), until: performance.now() + 5000 }
      return nonce.text
    }
    const door: Door = {
      port: ticket.port,
      pieces: async () => [
        Buffer.from('GET /challenge HTTP/1.1\r\nhost: x\r\n\r\n'),
        replayed,
        request(signed(claimOf(await fresh()), { ...ticket, secret: randomBytes(32).toString('base64url') })),
        request(signed(claimOf(await fresh()), { ...ticket, id: 'another' })),
        request(signed({ ...claimOf(await fresh()), nonceServer: newNonce().repeat(2) })),
        upgrade('/link'),
        upgrade('/viewers', `sec-websocket-protocol: ${PROTOCOL}`),
        said({ type: 'connect', ranks: [{ site: 0, local: 0 }] }),
        withHead(newFrame(0), true)
      ],
      forged: async (change) => {
        const good = signed(claimOf(await fresh()))
        const other = change(good)
        const [one, two] = [readClaim(good)!, readClaim(heard(other))]
        return JSON.stringify(two?.claim) === JSON.stringify(one.claim) &&
          Buffer.from(two!.proof, 'base64url').equals(Buffer.from(one.proof, 'base64url'))
          ? undefined
          : request(other)
      },
      checkNobody: () => {
        expect(strangers).toEqual([])
        expect(read).not.toHaveBeenCalled()
      }
    }
    await withstands(door)
    // And it goes on for who has the ticket.
    const answer = await exchange(
      ticket.port,
      [request(signed(claimOf(await challenge())))],
      said({ type: 'connect', ranks: [{ site: 0, local: 0 }] })
    )
    expect(answer).toContain(' 101 ')
    expect(strangers).toHaveLength(1)
  })

  it('is closed to all once the port is: it lets in no other, and listens no more when who was let in is gone', async () => {
    const guest = new Mesh({ self: 7, size: 1, token: tokenOf(ticket), reconnectMs: 200, startMs: 1000, expects: () => false })
    const link = guest.link(0)
    const inside = new Promise<void>((resolve) => {
      link.user = { payload: () => undefined, ready: resolve, failed: () => undefined }
    })
    link.connectTo([{ host: '127.0.0.1', port: ticket.port }])
    await inside
    const claim = signed(claimOf(await challenge()))
    network.shut(0)
    expect(await exchange(ticket.port, [request(claim)])).toContain(' 403 ')
    guest.close()
    while ((await exchange(ticket.port, [request(claim)])) !== '') await new Promise((resolve) => setImmediate(resolve))
  })

  it('of which nobody has come in listens no more once it is closed', async () => {
    const claim = signed(claimOf(await challenge()))
    network.shut(0)
    expect(await exchange(ticket.port, [request(claim)])).toBe('')
  })
})

describe('who has a ticket, and says what he likes', () => {
  const links = { reconnectMs: 1000, startMs: 1000, certificate: undefined, addresses: () => ['127.0.0.1'] }
  const posted: ToRank[] = []
  const world = { alive: new Set([0, 1, 2]), base: 0, hostOf: () => ({}), post: (_: number, message: ToRank) => posted.push(message) }
  const number = fc.oneof(fc.nat(3), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53, Number.NaN, '0', null))
  const place = fc.oneof({ weight: 3, arbitrary: fc.record({ site: number, local: number }) }, { weight: 1, arbitrary: fc.jsonValue() })
  const address = fc.record({ host: fc.constantFrom('127.0.0.1', 5, null), port: number, tls: fc.constantFrom(undefined, 'x', 1) })
  const list = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 4, arbitrary: fc.array(of, { maxLength: 4 }) }, fc.jsonValue())
  const how = fc.constantFrom('ended', 1, 9, -1, 2 ** 40, 'x', null)

  it('at the port: ends his own link at most, and the next one is let in', async () => {
    const joins = new Joins(() => world as never, links)
    const ports: Ports = new Ports({
      now: () => performance.now(),
      after: () => () => undefined,
      tell: () => undefined,
      join: () => 0,
      // Only the root is given a place before it has taken anybody.
      seat: (_, processes, port) => {
        if (port !== undefined && processes[0] === 0) setImmediate(() => ports.taken(port))
      },
      drop: (fabric) => joins.drop(fabric),
      open: () => undefined,
      shut: () => undefined
    })
    const network = new NetworkPorts(links, joins, ports, false)
    ports.listen(0, 0, { type: 'listen', key: 'the first', name: 'desk', queue: 1000, scope: 'network', processes: [0, 1] })
    const { id, secret, port } = readTicket(await network.open(0))
    let next = 1
    /** Says all that, and gives what comes back, until there is an end or nothing more to come. */
    const visit = (messages: readonly unknown[]): Promise<unknown[]> =>
      new Promise((resolve) => {
        const token = new Token(Buffer.from(secret, 'base64url'), id)
        const mesh = new Mesh({ self: next++, size: 1, token, reconnectMs: 300, startMs: 2000, expects: () => false })
        const link = mesh.link(0)
        const come: unknown[] = []
        const over = (): void => {
          mesh.close()
          resolve(come)
        }
        link.user = {
          payload: (bytes) => {
            come.push(deserialize(bytes.slice(8)))
            if ((come.at(-1) as { type: string }).type !== 'site') setImmediate(over)
          },
          ready: () => {
            if (link.settled) setTimeout(over, 20)
          },
          failed: over
        }
        for (const message of messages) {
          const bytes = message instanceof Uint8Array ? message : serialize(message)
          const frame = newFrame(HEADER + 8 + bytes.length)
          frame.set(bytes, HEADER + 8)
          link.send(frame)
        }
        link.connectTo([{ host: '127.0.0.1', port }])
      })
    const news = fc.oneof(
      fc.record({ type: fc.constant('listening'), fabric: number, here: number, addresses: list(address) }),
      fc.record({ type: fc.constant('drained'), fabric: number, rank: number, how })
    )
    const message = fc.oneof(
      fc.record({ type: fc.constant('connect'), ranks: list(place) }),
      fc.record({ type: fc.constant('connect'), ranks: fc.constant([{ site: 0, local: 0 }]) }),
      fc.record({ type: fc.constant('news'), news }),
      fc.jsonValue(),
      fc.uint8Array({ maxLength: 60 })
    )
    const visits = fc.array(fc.array(message, { minLength: 1, maxLength: 4 }), { minLength: 10, maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(visits, async (all) => {
        await Promise.all(all.map(visit))
      }),
      { numRuns: SOAK ? 1000 : 15 }
    )
    expect(await visit([{ type: 'connect', ranks: [{ site: 0, local: 0 }] }])).toContainEqual(expect.objectContaining({ type: 'joined' }))
    network.close()
    await joins.close()
  })

  it('as the one that lets in: gives no rank a place, and knows none but those that have come', () => {
    const joins = new Joins(() => world as never, links)
    const plan = fc.record({
      fabric: number,
      first: number,
      processes: list(number),
      ranks: list(fc.record({ rank: number, local: number })),
      gone: list(number),
      links: fc.oneof(
        {
          weight: 3,
          arbitrary: fc.record({
            here: number,
            hosts: list(number),
            token: fc.constantFrom('A'.repeat(43), 'short', 1),
            name: fc.constantFrom('fabric-1', 2),
            isEncrypted: fc.boolean(),
            certificate: fc.constant({ cert: 'theirs', key: 'theirs' })
          })
        },
        { weight: 1, arbitrary: fc.jsonValue() }
      )
    })
    const good = {
      fabric: 3,
      first: 1,
      processes: ['x', 0, 1],
      ranks: [{ rank: 1, local: 2 }],
      gone: [],
      links: {
        here: 1,
        hosts: [0, 1, 1],
        token: 'A'.repeat(43),
        name: 'fabric-3',
        isEncrypted: true,
        certificate: { cert: 'theirs', key: 'theirs' }
      }
    }
    const message = fc.oneof(
      fc.record({
        type: fc.constant('plan'),
        plan: fc.oneof(
          plan,
          fc.constant(good),
          fc.tuple(plan, fc.constant(good)).map(([odd, right]) => ({ ...right, ranks: odd.ranks, gone: odd.gone }))
        )
      }),
      fc.record({ type: fc.constant('seat'), fabric: number, rank: number, more: fc.constant({ isParent: true }) }),
      fc.record({ type: fc.constant('gone'), fabric: number, rank: number, how }),
      fc.record({ type: fc.constant('addresses'), fabric: number, addresses: list(list(address)) }),
      fc.jsonValue()
    )
    let plans = 0
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(0, 0, 0, 1, -1, 'x' as never), message), { maxLength: 6 }), (all) => {
        const told: ToSite[] = []
        const site = { host: undefined, tell: (message: ToSite) => told.push(message), addresses: undefined }
        const fabric = joins.adopt([0, 1], [site], () => undefined, undefined)
        for (const [place, said] of all) {
          try {
            joins.forward(fabric, place, said)
          } catch (error) {
            expect((error as Error).name).toBe('ProtocolError')
          }
        }
        for (const message of told) {
          expect(['plan', 'addresses', 'gone', 'close']).toContain(message.type)
          if (message.type === 'gone') expect(message.rank).toBeLessThan(1 + told.findIndex(({ type }) => type === 'plan') + 3)
          if (message.type !== 'plan') continue
          plans++
          const { first, ranks, links } = message.plan
          expect(ranks).toEqual([0, 1].map((local) => ({ rank: first + local, local })))
          expect(links!.certificate).toBeUndefined()
          expect(told.filter(({ type }) => type === 'plan')).toHaveLength(1)
        }
        joins.drop(fabric)
      }),
      { numRuns: SOAK ? 200_000 : 3000 }
    )
    // Some were good.
    expect(plans).toBeGreaterThan(100)
    expect(posted).toEqual([])
  })
})

describe('the port for viewers', () => {
  it('is closed to whatever is sent in whatever order, and reads none of it', async () => {
    const hub = new Hub()
    const asked = jest.spyOn(hub, 'stream')
    const server = await ViewerServer.listen(hub, { address: '127.0.0.1', port: 0, tls: false, limit: 8 })
    const issue = (milliseconds: number): string => server.tickets.issue({ writes: true, origins: undefined, milliseconds })
    const proof = issue(3_600_000)
    const request = (said: string): Buffer => upgrade('/viewers', `sec-websocket-protocol: ${said}`)
    const header = `${PROTOCOL}, ${PROOF}${proof}`
    const subscribe = withHead(countFrame(SUBSCRIBE, 1, 10, 'x'), true)
    const door: Door = {
      port: server.port,
      pieces: async () => [
        request(`${PROTOCOL}, ${PROOF}${anotherSecret(proof)}`),
        request(`${PROTOCOL}, ${PROOF}${randomBytes(8).toString('base64url')}.${proof.split('.')[1]}`),
        request(PROTOCOL),
        upgrade('/link', `sec-websocket-protocol: ${PROTOCOL}, ${PROOF}${anotherSecret(proof)}`),
        upgrade('/viewers', `x-rxmpi-claim: ${PROTOCOL}, ${PROOF}${anotherSecret(proof)}`),
        Buffer.from('GET /viewers HTTP/1.1\r\nhost: x\r\n\r\n'),
        subscribe
      ],
      forged: async (change) => {
        const other = change(header)
        return heard(other).replace(/, ?/, ', ') === header ? undefined : request(other.replace(/[\r\n]/g, '?'))
      },
      checkNobody: () => {
        expect(server.count).toBe(0)
        expect(asked).not.toHaveBeenCalled()
      }
    }
    await withstands(door)
    // A good ticket elsewhere is none. Among the pieces, behind the beginning of a request for viewers, it would be a good one.
    for (const elsewhere of [upgrade('/link', `sec-websocket-protocol: ${header}`), upgrade('/viewers', `x-rxmpi-claim: ${header}`)]) {
      expect(await exchange(server.port, [elsewhere], subscribe)).not.toContain(' 101 ')
    }
    door.checkNobody()
    // Whoever comes too late is told so, and what he says is not read.
    const old = issue(0)
    const late = await exchange(server.port, [request(`${PROTOCOL}, ${PROOF}${old}`)], subscribe)
    expect(late).toMatch(/ 101 [\s\S]*the ticket has expired/)
    door.checkNobody()
    const answer = await exchange(server.port, [request(header)], subscribe)
    expect(answer).toContain(' 101 ')
    expect(asked).toHaveBeenCalledTimes(1)
    server.close('the test is over')
  })
})
