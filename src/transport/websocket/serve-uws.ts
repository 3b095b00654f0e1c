import type { HttpRequest, HttpResponse, us_listen_socket, us_socket_context_t, WebSocket } from 'uWebSockets.js'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ANSWER_HEADER,
  CHALLENGE_PATH,
  CLAIM_HEADER,
  type Connection,
  type Events,
  LINK_PATH,
  MAX_MESSAGE,
  WAITING_BYTES
} from './connection.js'
import type { Authenticator, ListenOptions, Server } from './server.js'

export type Uws = typeof import('uWebSockets.js')

/** As the library has it, and its types have not. */
interface Listener {
  listen(host: string, port: number, options: number, listening: (socket: us_listen_socket | false) => void): void
}

/** More than a link ever has under way, so that nothing is dropped: what may be unacknowledged is bounded far below. */
const MAX_BACKPRESSURE = 2 ** 27
const DROPPED = 2

interface Guest {
  open: (connection: Connection) => Events
  events?: Events
}

export function serveWithUws(uws: Uws, options: ListenOptions, authenticator: Authenticator): Promise<Server> {
  const app = options.certificate === undefined ? uws.App() : withFiles(options.certificate, (files) => uws.SSLApp(files))
  const guests = new Set<WebSocket<Guest>>()
  app.get(CHALLENGE_PATH, (res) => {
    res.end(authenticator.challenge?.())
  })
  app.any('/*', (res) => {
    res.writeStatus('404 Not Found').end(undefined, true)
  })
  app.ws<Guest>(LINK_PATH, {
    maxPayloadLength: MAX_MESSAGE,
    maxBackpressure: MAX_BACKPRESSURE,
    // The link has its own heartbeat.
    idleTimeout: 0,
    sendPingsAutomatically: false,
    compression: uws.DISABLED,
    upgrade: (res, req, context) => upgrade(authenticator, res, req, context),
    open(ws) {
      guests.add(ws)
      const guest = ws.getUserData()
      guest.events = guest.open(new UwsConnection(ws, guests))
    },
    message(ws, message) {
      ws.getUserData().events?.frame(new Uint8Array(message))
    },
    drain(ws) {
      ws.getUserData().events?.drained()
    },
    close(ws, code) {
      guests.delete(ws)
      ws.getUserData().events?.closed(`the connection was closed (${code})`)
    }
  })
  return new Promise((resolve, reject) => {
    const listening = (socket: us_listen_socket | false): void => {
      if (!socket) return reject(new Error(`cannot listen on ${options.address}, port ${options.port}`))
      resolve({
        port: uws.us_socket_local_port(socket),
        // A refusal costs it little, and others look here whether this process lives.
        accept: () => undefined,
        close: () => {
          uws.us_listen_socket_close(socket)
          for (const guest of guests) guest.close()
        }
      })
    }
    // Two processes could listen on one port otherwise.
    const { LIBUS_LISTEN_EXCLUSIVE_PORT: exclusive } = uws as unknown as { LIBUS_LISTEN_EXCLUSIVE_PORT: number }
    ;(app as unknown as Listener).listen(options.address, options.port, exclusive, listening)
  })
}

function upgrade(authenticator: Authenticator, res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
  const admission = authenticator.admit(req.getHeader(CLAIM_HEADER))
  if ('refused' in admission) {
    res.writeStatus(admission.later ? '503 Service Unavailable' : '403 Forbidden').end(admission.refused, true)
    return
  }
  res.writeStatus('101 Switching Protocols').writeHeader(ANSWER_HEADER, admission.answer)
  res.upgrade<Guest>(
    { open: admission.open },
    req.getHeader('sec-websocket-key'),
    req.getHeader('sec-websocket-protocol'),
    req.getHeader('sec-websocket-extensions'),
    context
  )
}

class UwsConnection implements Connection {
  readonly #ws: WebSocket<Guest>
  readonly #open: ReadonlySet<WebSocket<Guest>>

  constructor(ws: WebSocket<Guest>, open: ReadonlySet<WebSocket<Guest>>) {
    this.#ws = ws
    this.#open = open
  }

  send(frame: Uint8Array): boolean {
    // Touching a socket that is closed throws.
    return this.#open.has(this.#ws) && this.#ws.send(frame as Uint8Array<ArrayBuffer>, true) !== DROPPED
  }

  get full(): boolean {
    return this.#open.has(this.#ws) && this.#ws.getBufferedAmount() > WAITING_BYTES
  }

  close(): void {
    if (this.#open.has(this.#ws)) this.#ws.close()
  }

  finish(): void {
    if (this.#open.has(this.#ws)) this.#ws.end()
  }
}

/** It reads certificates from files only: they lie there for this moment, and for this user. */
function withFiles<T>(
  { cert, key }: { cert: string; key: string },
  use: (files: { cert_file_name: string; key_file_name: string }) => T
): T {
  const directory = mkdtempSync(join(tmpdir(), 'rxmpi-tls-'))
  try {
    const files = { cert_file_name: join(directory, 'cert.pem'), key_file_name: join(directory, 'key.pem') }
    writeFileSync(files.cert_file_name, cert, { mode: 0o600 })
    writeFileSync(files.key_file_name, key, { mode: 0o600 })
    return use(files)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
