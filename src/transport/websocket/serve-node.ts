import { createServer, type Server as HttpServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { CHALLENGE_PATH, HANDSHAKE_MS, LINK_DOOR } from './connection.js'
import { acceptOf } from './framing.js'
import type { Authenticator, Door, ListenOptions, Server } from './server.js'
import { SocketConnection } from './socket-connection.js'

/** Connections of whoever has not proved anything yet. */
const MAX_STRANGERS = 1000
const RELISTEN_MS = 50

/** `door`: by default that of hosts. */
export async function serveWithNode(
  { address, port, certificate, keepsAlive = true, door = LINK_DOOR }: ListenOptions & { door?: Door },
  authenticator: Authenticator
): Promise<Server> {
  const timeouts = {
    headersTimeout: HANDSHAKE_MS,
    requestTimeout: HANDSHAKE_MS,
    keepAliveTimeout: HANDSHAKE_MS,
    connectionsCheckingInterval: 1000
  }
  const answer = (request: IncomingMessage, response: { statusCode: number; end(text?: string): unknown }): void => {
    if (request.url === CHALLENGE_PATH && authenticator.challenge !== undefined) response.end(authenticator.challenge())
    else {
      response.statusCode = 404
      response.end()
    }
  }
  const http: HttpServer =
    certificate === undefined ? createServer(timeouts, answer) : createSecureServer({ ...timeouts, ...certificate }, answer)
  http.maxConnections = MAX_STRANGERS
  if (!keepsAlive) {
    http.unref()
    http.on(certificate === undefined ? 'connection' : 'secureConnection', (socket: Socket) => socket.unref())
    if (certificate !== undefined) http.on('connection', (socket: Socket) => socket.unref())
  }
  const connections = new Set<SocketConnection>()
  http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const claim = request.headers[door.claim]
    if (request.url !== door.path || Array.isArray(claim)) return refuse(socket, 404, '')
    const key = keyOf(request)
    if (key === undefined) return refuse(socket, 400, '')
    const admission = authenticator.admit(claim, request.headers.origin)
    if ('refused' in admission) return refuse(socket, admission.later ? 503 : 403, admission.refused)
    const connection = new SocketConnection(socket, head, false)
    connection.answer(
      `HTTP/1.1 101 ${STATUS_CODES[101]}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n` +
        `sec-websocket-accept: ${acceptOf(key)}\r\n${door.answer}: ${admission.answer}\r\n\r\n`
    )
    connections.add(connection)
    const events = admission.open(connection)
    const closed = (reason: string): void => {
      connections.delete(connection)
      events.closed(reason)
    }
    connection.serve({ frame: (bytes) => events.frame(bytes), drained: () => events.drained(), closed })
  })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen({ port, host: address, exclusive: true }, () => resolve())
  })
  const { port: given } = http.address() as AddressInfo
  let listens = true
  const listen = (): void => {
    if (listens && !http.listening) http.listen({ port: given, host: address, exclusive: true })
  }
  http.on('listening', () => {
    if (!listens) http.close()
  })
  // Another process has had the port for a moment.
  http.on('error', () => setTimeout(listen, RELISTEN_MS).unref())
  return {
    port: given,
    accept(open) {
      if (listens === open) return
      listens = open
      if (open) listen()
      else http.close()
    },
    close() {
      listens = false
      http.close()
      http.closeAllConnections()
      for (const connection of connections) connection.close()
    }
  }
}

/** The key of a request to speak WebSocket (RFC 6455 §4.2.1). */
function keyOf({ method, headers }: IncomingMessage): string | undefined {
  const key = headers['sec-websocket-key'] ?? ''
  const wellFormed = method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-version'] === '13'
  return wellFormed && /^[+/0-9A-Za-z]{22}==$/.test(key) ? key : undefined
}

function refuse(socket: Socket, status: number, text: string): void {
  socket.on('error', () => undefined)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: ${text.length}\r\n\r\n${text}`)
}
