import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fromEvent, type Observable, of, takeUntil, throttle } from 'rxjs'
import { ArgumentError } from '../../errors.js'
import { dashboardDirectory } from '../../runtime/package.js'
import { admit, type Pass } from './guard.js'

const FILES: Record<string, { file: string; type: string }> = {
  '': { file: 'index.html', type: 'text/html; charset=utf-8' },
  'page.js': { file: 'page.js', type: 'text/javascript; charset=utf-8' },
  'page.css': { file: 'page.css', type: 'text/css; charset=utf-8' }
}

/** Nothing of the page comes from elsewhere, and nobody else reads or frames it. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store'
}

/** Pages that may look at once. */
const MOST_PAGES = 16
/** How long the last picture may take to be out. */
const END_MS = 300

/** Shows a page to browsers of this machine that know its address; it keeps no process alive. */
export class DashboardServer {
  readonly address: string
  readonly #server: Server
  readonly #pass: Pass
  readonly #pictures: Observable<string>
  readonly #pages = new Set<ServerResponse>()

  private constructor(server: Server, token: string, pictures: Observable<string>) {
    const { port } = server.address() as AddressInfo
    this.#server = server
    this.#pass = { port, token }
    this.#pictures = pictures
    this.address = `http://127.0.0.1:${port}/${token}/`
    server.on('request', (request, response) => this.#answer(request, response))
    server.unref()
  }

  /** `port`: 0 for any that is free. */
  static async open(port: number, pictures: Observable<string>): Promise<DashboardServer> {
    const server = createServer()
    server.listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch (cause) {
      throw new ArgumentError(`dashboard was ${port}: expected a port that is free, got ${(cause as Error).message}`, { cause })
    }
    return new DashboardServer(server, randomBytes(18).toString('base64url'), pictures)
  }

  /** The pictures are over: what is on its way to a page may still come. */
  async close(): Promise<void> {
    this.#server.close()
    const out = Promise.all([...this.#pages].map((page) => once(page, 'close')))
    let timer: NodeJS.Timeout | undefined
    await Promise.race([
      out,
      new Promise((resolve) => {
        timer = setTimeout(resolve, END_MS)
      })
    ])
    clearTimeout(timer)
    this.#server.closeAllConnections()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method, url } = request
    const path = admit({ method, url, host: request.headers.host, origin: request.headers.origin }, this.#pass)
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    if (typeof path !== 'string') return refuse(response, path.status, path.text)
    if (path === 'events' && method === 'GET') return this.#show(request, response)
    const found = Object.hasOwn(FILES, path) ? FILES[path] : undefined
    if (found === undefined) return refuse(response, 404, 'there is no such page')
    response.setHeader('content-type', found.type)
    response.end(method === 'HEAD' ? undefined : readFileSync(join(dashboardDirectory, found.file)))
  }

  /** A page that does not keep up is sent the latest picture once it has taken the one before. */
  #show(request: IncomingMessage, response: ServerResponse): void {
    if (this.#pages.size >= MOST_PAGES) return refuse(response, 503, `${MOST_PAGES} pages look at this job already: close one`)
    this.#pages.add(response)
    response.on('close', () => this.#pages.delete(response))
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    const taken = (): Observable<unknown> => (response.writableNeedDrain ? fromEvent(response, 'drain') : of(true))
    this.#pictures
      .pipe(takeUntil(fromEvent(request, 'close')), throttle(taken, { leading: true, trailing: true }))
      .subscribe({ next: (text) => response.write(`data: ${text}\n\n`), complete: () => response.end() })
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  if (status === 405) response.setHeader('allow', 'GET, HEAD')
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${text}\n`)
}
