import { createServer, type Server as HttpServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { ANSWER_HEADER, CHALLENGE_PATH, CLAIM_HEADER, type Gate, HANDSHAKE_MS, LINK_PATH, MAX_MESSAGE, type Server } from './connection.js'
import type { Where } from './serve.js'
import { WsConnection } from './ws-connection.js'

/** Connections of whoever has not proved anything yet. */
const MAX_STRANGERS = 1000
const RELISTEN_MS = 50

export async function serveWithWs({ address, port, certificate, keepsAlive = true }: Where, gate: Gate): Promise<Server> {
  const timeouts = {
    headersTimeout: HANDSHAKE_MS,
    requestTimeout: HANDSHAKE_MS,
    keepAliveTimeout: HANDSHAKE_MS,
    connectionsCheckingInterval: 1000
  }
  const answer = (request: IncomingMessage, response: { statusCode: number; end(text?: string): unknown }): void => {
    if (request.url === CHALLENGE_PATH) response.end(gate.challenge())
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
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE, clientTracking: true })
  const answers = new WeakMap<IncomingMessage, string>()
  sockets.on('headers', (headers, request) => headers.push(`${ANSWER_HEADER}: ${answers.get(request)}`))
  http.on('upgrade', (request, socket, head) => {
    const claim = request.headers[CLAIM_HEADER]
    if (request.url !== LINK_PATH || Array.isArray(claim)) return refuse(socket, 404, '')
    const admission = gate.admit(claim)
    if ('refused' in admission) return refuse(socket, admission.later ? 503 : 403, admission.refused)
    answers.set(request, admission.answer)
    sockets.handleUpgrade(request, socket, head, (ws: WebSocket) => {
      const connection = new WsConnection(ws)
      connection.serve(admission.open(connection))
    })
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
      for (const client of sockets.clients) client.terminate()
    }
  }
}

function refuse(socket: Duplex, status: number, text: string): void {
  socket.on('error', () => undefined)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: ${text.length}\r\n\r\n${text}`)
}
