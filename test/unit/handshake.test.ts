import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import fc from 'fast-check'
import { type Claim, Nonces, newNonce, sameProof, Token } from '../../src/transport/websocket/challenge.js'
import { readClaim, writeClaim } from '../../src/transport/websocket/connection.js'
import type { HostLink, HostLinkUser } from '../../src/transport/websocket/host-link.js'
import { Mesh } from '../../src/transport/websocket/mesh.js'
import { type Library, libraryHere } from '../../src/transport/websocket/serve.js'
import { hosts } from '../compliance/hosts.js'

const token = new Token(randomBytes(32), 'job')
const open: Mesh[] = []
afterEach(() => {
  for (const mesh of open.splice(0)) mesh.close()
})

function server(): Mesh {
  const mesh = new Mesh({ self: 0, size: 4, token, reconnectMs: 1000, expects: (host) => host < 3 })
  open.push(mesh)
  return mesh
}

const instance = newNonce()
const claim = (mesh: Mesh, changes: Partial<Claim> = {}): Claim => ({
  from: 1,
  to: 0,
  size: 4,
  epoch: 1,
  received: 0,
  instance,
  nonceClient: newNonce(),
  nonceServer: mesh.challenge(),
  ...changes
})
const signed = (claimed: Claim, by = token): string => writeClaim(claimed, by.proofOfClient(claimed))
const isIn = (mesh: Mesh, header: string | undefined): boolean => 'answer' in mesh.admit(header)

describe('who is let in', () => {
  it('lets in who knows the token, once for each nonce, and proves that it knows it itself', () => {
    const mesh = server()
    const claimed = claim(mesh)
    const admission = mesh.admit(signed(claimed))
    expect(admission).toMatchObject({ answer: `0 ${token.proofOfServer(claimed, 0)}` })
    // What was captured serves nobody.
    expect(isIn(mesh, signed(claimed))).toBe(false)
    expect(isIn(mesh, signed({ ...claimed, epoch: 2 }))).toBe(false)
    expect(isIn(mesh, signed(claim(mesh, { epoch: 2 })))).toBe(true)
    // One direction's proof is not the other's.
    expect(sameProof(token.proofOfClient(claimed), token.proofOfServer(claimed, 0))).toBe(false)
  })

  it.each([
    ['another token', (mesh: Mesh) => signed(claim(mesh), new Token(randomBytes(32), 'job'))],
    ["another job's token", (mesh: Mesh) => signed(claim(mesh), new Token(randomBytes(32), 'other'))],
    [
      'a nonce of its own',
      (mesh: Mesh) => signed(claim(mesh, { nonceServer: `${newNonce()}.0.${randomBytes(32).toString('base64url')}` }))
    ],
    ["another server's nonce", (mesh: Mesh) => signed(claim(mesh, { nonceServer: server().challenge() }))],
    ['a proof of other claims', (mesh: Mesh) => signed(claim(mesh)).replace('1 0 4', '2 0 4')],
    ['another size', (mesh: Mesh) => signed(claim(mesh, { size: 5 }))],
    ['another host in mind', (mesh: Mesh) => signed(claim(mesh, { to: 1 }))],
    ['a number that nobody has', (mesh: Mesh) => signed(claim(mesh, { from: 3 }))],
    ["the server's own number", (mesh: Mesh) => signed(claim(mesh, { from: 0 }))],
    ['no claim', () => undefined]
  ])('refuses who comes with %s', (_, header) => {
    const mesh = server()
    expect(isIn(mesh, header(mesh))).toBe(false)
    expect([...mesh.links]).toEqual([])
  })

  it('lets who has lost the claim on the way come again, but nobody whose proof is wrong', () => {
    const mesh = server()
    expect(mesh.admit(undefined)).toMatchObject({ later: true })
    expect(mesh.admit(signed(claim(mesh), new Token(randomBytes(32), 'job')))).not.toMatchObject({ later: true })
  })

  it('refuses a second process with the number of one that is there, which it does not disturb', () => {
    const mesh = server()
    expect(isIn(mesh, signed(claim(mesh)))).toBe(true)
    expect(isIn(mesh, signed(claim(mesh)))).toBe(false)
    expect(mesh.link(1).epoch).toBe(1)
    // However often it has tried.
    const other = signed(claim(mesh, { epoch: 7, instance: newNonce() }))
    expect(mesh.admit(other)).toEqual({ refused: 'ERR_DUPLICATE_RANK: another process has the number 1, and is in the job with it' })
    expect(mesh.link(1).epoch).toBe(1)
  })

  it('forgets a nonce after ten seconds, and keeps none that was only asked for', () => {
    let now = 0
    const nonces = new Nonces(() => now)
    const [first, second] = [nonces.issue(), nonces.issue()]
    expect(nonces.isFresh(first)).toBe(true)
    nonces.use(first)
    expect(nonces.isFresh(first)).toBe(false)
    now = 10_000
    expect(nonces.isFresh(second)).toBe(false)
  })

  it('lets nobody in whatever is changed in a good claim, nor by any text, and throws at none', () => {
    const mesh = server()
    const good = signed(claim(mesh))
    const change = fc.tuple(fc.nat(good.length - 1), fc.string({ minLength: 0, maxLength: 3, unit: 'binary-ascii' }), fc.nat(3))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let header = good
        for (const [at, text, length] of changes) header = header.slice(0, at) + text + header.slice(at + length)
        // The last character of a proof holds bits that are none of it: only a claim that says something else is another claim.
        const same = JSON.stringify(readClaim(header)?.claim) === JSON.stringify(readClaim(good)?.claim)
        if (!same) expect(isIn(mesh, header)).toBe(false)
      }),
      { numRuns: 20_000 }
    )
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (header) => expect(isIn(mesh, header)).toBe(false)),
      { numRuns: 5000 }
    )
  })
})

describe.each<[string, Library]>([
  ['uWebSockets.js', libraryHere()],
  ['Node', {}]
])('a port that anybody can reach, served by %s', (_, library) => {
  /** What comes back for some bytes, until the server closes or has answered. */
  const exchange = (port: number, bytes: string | Uint8Array): Promise<string> =>
    new Promise((resolve) => {
      let answer = ''
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
      const done = (): void => {
        socket.destroy()
        resolve(answer)
      }
      socket.on('data', (data) => {
        answer += data.toString('latin1')
        if (answer.includes('\r\n\r\n')) done()
      })
      socket.on('error', done)
      socket.on('close', done)
      socket.setTimeout(500, done)
    })

  const upgrade = (path: string, header: string): string =>
    `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n` +
    `sec-websocket-key: ${randomBytes(16).toString('base64')}\r\n${header}\r\n`

  it('upgrades nobody without a proof, and goes on for those with one, whatever was sent', async () => {
    const mesh = server()
    const port = await mesh.listen('127.0.0.1', 0, undefined, library)
    for (const request of [
      upgrade('/link', ''),
      upgrade('/link', 'x-rxmpi-claim: 1 0 4 1 0\r\n'),
      upgrade('/link', `x-rxmpi-claim: ${signed(claim(mesh), new Token(randomBytes(32), 'job'))}\r\n`),
      upgrade('/', ''),
      'GET / HTTP/1.1\r\nhost: x\r\n\r\n',
      'nonsense\r\n\r\n',
      randomBytes(5000),
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n`
    ]) {
      expect(await exchange(port, request)).not.toContain('101 Switching')
    }
    expect([...mesh.links]).toEqual([])
    expect(await exchange(port, upgrade('/link', `x-rxmpi-claim: ${signed(claim(mesh))}\r\n`))).toContain('101 Switching')
  })

  it('ends a link that carries what is no frame of it, and nothing else', async () => {
    const world = await hosts(2, 2, { library })
    for (const transport of world.transports) transport.attach(silent)
    const peer = world.meshes[1].link(0)
    let user!: HostLinkUser
    peer.user = { payload: () => undefined, ready: () => undefined, failed: () => undefined }
    world.meshes[0].onLink = ((first) => (made: HostLink) => {
      first(made)
      user = made.user!
    })(world.meshes[0].onLink)
    peer.want()
    while (user === undefined) await world.settle()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, plausible) => {
        const payload = Uint8Array.from(bytes)
        if (plausible && payload.length > 3) payload.set([1 + (payload[0]! & 1), 0, 0, 0])
        try {
          user.payload(payload)
        } catch (error) {
          expect((error as Error).name).toBe('ProtocolError')
        }
      }),
      { numRuns: 20_000 }
    )
    await world.close()
  })
})

const silent = { segment: () => undefined, room: () => false, moved: () => undefined, gone: () => undefined }
