import { randomBytes, X509Certificate } from 'node:crypto'
import { connect as connectPlain } from 'node:net'
import { connect as connectTls, createServer, type Server as TlsServer } from 'node:tls'
import { generate } from 'selfsigned'
import { fingerprintOf, makeCertificate } from '../../src/transport/websocket/certificate.js'
import { newNonce, Token } from '../../src/transport/websocket/challenge.js'
import type { Certificate } from '../../src/transport/websocket/connection.js'
import { type Address, dial } from '../../src/transport/websocket/dial.js'
import { Mesh } from '../../src/transport/websocket/mesh.js'
import { type Library, libraryHere } from '../../src/transport/websocket/serve.js'

const token = new Token(randomBytes(32), 'job')
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

let certificate: Certificate
beforeAll(async () => {
  certificate = await makeCertificate()
})

async function listen(library: Library, shown: Certificate | undefined): Promise<{ mesh: Mesh; port: number }> {
  const mesh = new Mesh({ self: 0, size: 2, token, reconnectMs: 1000, expects: () => true })
  closers.push(() => mesh.close())
  return { mesh, port: await mesh.listen('127.0.0.1', 0, shown, library) }
}

/** Tries to join as host 1. */
async function join(address: Omit<Address, 'host'>, key = token): Promise<string> {
  const who = { from: 1, to: 0, size: 2, epoch: 1, received: 0, instance: newNonce() }
  try {
    await dial({ host: '127.0.0.1', ...address }, key, who, (connection) => {
      connection.close()
      return { frame: () => undefined, drained: () => undefined, closed: () => undefined }
    })
    return 'in'
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
}

describe.each<[string, Library]>([
  ['uWebSockets.js', libraryHere()],
  ['Node', {}]
])('an encrypted link, served by %s', (_, library) => {
  it('is for those who know the token, with or without the fingerprint', async () => {
    const { port } = await listen(library, certificate)
    expect(await join({ port, tls: fingerprintOf(certificate.cert) })).toBe('in')
    const { port: other } = await listen(library, certificate)
    expect(await join({ port: other, tls: '' })).toBe('in')
    expect(await join({ port: other, tls: '' }, new Token(randomBytes(32), 'job'))).toMatch(/refused this host: no valid proof/)
  })

  it('is for no one who speaks plainly, nor does one who encrypts speak plainly', async () => {
    const { mesh, port } = await listen(library, certificate)
    expect(await join({ port })).not.toBe('in')
    const answer = await new Promise<string>((resolve) => {
      const socket = connectPlain(port, '127.0.0.1', () => socket.write('GET /challenge HTTP/1.1\r\nhost: x\r\n\r\n'))
      let text = ''
      socket.on('data', (data) => {
        text += data.toString('latin1')
      })
      socket.on('close', () => resolve(text))
      socket.on('error', () => undefined)
      socket.setTimeout(500, () => socket.destroy())
    })
    expect(answer).not.toContain('200')
    expect([...mesh.links]).toEqual([])
    const { port: plain } = await listen(library, undefined)
    expect(await join({ port: plain, tls: '' })).not.toBe('in')
  })

  it("does not take another job's certificate, nor one that has expired", async () => {
    const { port } = await listen(library, await makeCertificate())
    expect(await join({ port, tls: fingerprintOf(certificate.cert) })).toMatch(
      /AuthenticationError: the certificate of 127.0.0.1:\d+ is not that of this job/
    )
    const old = await generate([{ name: 'commonName', value: 'rxmpi job' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      notBeforeDate: new Date(Date.now() - 2 * 86_400_000),
      notAfterDate: new Date(Date.now() - 86_400_000)
    })
    const { port: expired } = await listen(library, { cert: old.cert, key: old.private })
    for (const tls of ['', fingerprintOf(old.cert)]) {
      expect(await join({ port: expired, tls })).toMatch(/the certificate of 127.0.0.1:\d+ is not valid: certificate has expired/)
    }
  })

  it('lets nobody stand in the middle, where no fingerprint is known beforehand', async () => {
    const { mesh, port } = await listen(library, certificate)
    // Reads and passes on all that is said, with a certificate of its own.
    const own = await makeCertificate()
    const seen: string[] = []
    const middle = await proxy(own, port, (text) => seen.push(text))
    expect(await join({ port: middle, tls: '' })).toMatch(/refused this host: no valid proof/)
    expect(seen.join('')).toContain('x-rxmpi-claim')
    expect([...mesh.links]).toEqual([])
    // Without a certificate of its own it is only a wire.
    expect(new X509Certificate(own.cert).raw.equals(new X509Certificate(certificate.cert).raw)).toBe(false)
    expect(await join({ port, tls: '' })).toBe('in')
  })
})

async function proxy({ cert, key }: Certificate, to: number, heard: (text: string) => void): Promise<number> {
  const server: TlsServer = createServer({ cert, key }, (inner) => {
    const outer = connectTls({ port: to, host: '127.0.0.1', rejectUnauthorized: false })
    inner.on('data', (data) => heard(data.toString('latin1')))
    inner.pipe(outer).pipe(inner)
    inner.on('error', () => outer.destroy())
    outer.on('error', () => inner.destroy())
    outer.on('close', () => inner.destroy())
    inner.on('close', () => outer.destroy())
  })
  closers.push(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}
