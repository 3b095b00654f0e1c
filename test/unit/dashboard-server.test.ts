import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { Subject } from 'rxjs'
import { pictures } from '../../src/launch/dashboard/dashboard.js'
import { admit } from '../../src/launch/dashboard/guard.js'
import type { Picture } from '../../src/launch/dashboard/model/picture.js'
import { DashboardServer } from '../../src/launch/dashboard/server.js'
import { anotherSecret } from '../secrets.js'
import { picture } from './dashboard-picture.js'

const token = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'
const pass = { port: 8080, token }
const good = { method: 'GET', url: `/${token}/events`, host: '127.0.0.1:8080', origin: undefined }

describe('who may look', () => {
  it('is whoever has the address, by the names of this machine', () => {
    expect(admit(good, pass)).toBe('events')
    expect(admit({ ...good, url: `/${token}/`, host: 'localhost:8080', origin: 'http://localhost:8080' }, pass)).toBe('')
    expect(admit({ ...good, url: `/${token}/page.js?again#x` }, pass)).toMatchObject({ status: 403 })
  })

  it.each([
    ['another host, whose name leads here (DNS rebinding)', { host: 'evil.example:8080' }, 403],
    ['another port', { host: '127.0.0.1:80' }, 403],
    ['no host', { host: undefined }, 403],
    ['a page of another origin', { origin: 'http://evil.example' }, 403],
    ['a page that has none', { origin: 'null' }, 403],
    ['no token', { url: '/events' }, 403],
    ['another token', { url: `/${anotherSecret(token)}/events` }, 403],
    ['a part of the token', { url: `/${token.slice(0, -1)}/events` }, 403],
    ['an empty address', { url: '' }, 403],
    ['a call that changes something', { method: 'POST' }, 405]
  ])('is not %s', (_, wrong, status) => expect(admit({ ...good, ...wrong }, pass)).toMatchObject({ status }))
})

describe('the server', () => {
  const said = new Subject<string>()
  let server: DashboardServer
  beforeEach(async () => {
    server = await DashboardServer.open(0, said)
  })
  afterEach(() => server.close())

  const ask = async (path: string, method = 'GET', headers: Record<string, string> = {}): Promise<IncomingMessage> => {
    const asked = request(new URL(path, server.address), { method, headers, agent: false })
    asked.end()
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    return response
  }

  it('listens at this machine only, and has an address that nobody guesses', () => {
    expect(server.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/$/)
  })

  it('refuses with words, and lets no other page read or frame anything', async () => {
    for (const [path, method, headers, status] of [
      ['/', 'GET', {}, 403],
      ['events', 'GET', { host: 'evil.example' }, 403],
      ['events', 'DELETE', {}, 405],
      ['..%2f..%2fpackage.json', 'GET', {}, 404],
      ['__proto__', 'GET', {}, 404]
    ] as const) {
      const response = await ask(path, method, headers)
      expect([path, response.statusCode]).toEqual([path, status])
      expect(response.headers).not.toHaveProperty('access-control-allow-origin')
      expect(response.headers['content-security-policy']).toContain("default-src 'none'")
      expect(response.headers['content-security-policy']).toContain("frame-ancestors 'none'")
      if (status === 405) expect(response.headers.allow).toBe('GET, HEAD')
      response.resume()
    }
  })

  it('sends a page that does not read only the latest picture, and the last one before it closes', async () => {
    const socket = connect(Number(new URL(server.address).port), '127.0.0.1')
    const { host, pathname } = new URL(server.address)
    socket.write(`GET ${pathname}events HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    await once(socket, 'readable')
    socket.pause()
    // More than what lies between two sockets.
    const big = 'x'.repeat(2 ** 20)
    for (let k = 0; k < 100; k++) {
      said.next(`{"k":${k},"big":"${big}"}`)
      if (k % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    socket.resume()
    while (!text.includes('"k":99')) await once(socket, 'data')
    const seen = [...text.matchAll(/"k":(\d+)/g)].map(([, k]) => Number(k))
    expect(seen.length).toBeLessThan(50)
    expect(seen[0]).toBe(0)
    const end = once(socket, 'close')
    said.next('{"status":0}')
    await server.close()
    await end
    expect(text).toContain('{"status":0}')
  })

  it('says which port is taken', async () => {
    const { port } = new URL(server.address)
    await expect(DashboardServer.open(Number(port), said)).rejects.toThrow(
      `dashboard was ${port}: expected a port that is free, got listen EADDRINUSE`
    )
  })
})

describe('pictures', () => {
  beforeEach(() => jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  it('are drawn while somebody looks, once for all who do, and not before or after', async () => {
    const last = new Subject<Picture>()
    const view = { look: jest.fn(async () => picture([])), rest: jest.fn() }
    const all = pictures(view, last)
    await jest.advanceTimersByTimeAsync(5000)
    expect(view.look).not.toHaveBeenCalled()
    const seen: string[] = []
    const pages = [1, 2].map(() => all.subscribe((text) => seen.push(text)))
    await jest.advanceTimersByTimeAsync(1100)
    expect(view.look).toHaveBeenCalledTimes(3)
    expect(seen).toHaveLength(6)
    for (const page of pages) page.unsubscribe()
    await jest.advanceTimersByTimeAsync(5000)
    expect(view.look).toHaveBeenCalledTimes(3)
    expect(view.rest).toHaveBeenCalledTimes(1)
  })

  it('end with the last one, which who comes too late sees as well', async () => {
    const last = new Subject<Picture>()
    const all = pictures({ look: async () => picture([]), rest: () => undefined }, last)
    const seen: string[] = []
    let ended = false
    all.subscribe({
      next: (text) => seen.push(text),
      complete: () => {
        ended = true
      }
    })
    await jest.advanceTimersByTimeAsync(10)
    last.next(picture([], { status: 3 }))
    expect(ended).toBe(true)
    const late: string[] = []
    all.subscribe((text) => late.push(text))
    expect(late.map((text) => JSON.parse(text).status)).toEqual([3])
  })
})
