import { createHash, randomBytes } from 'node:crypto'
import { type ClientRequest, request } from 'node:http'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { AuthenticationError, RankFailedError } from '../src/errors.js'
import { acceptOf } from '../src/transport/websocket/framing.js'
import { SocketConnection } from '../src/transport/websocket/socket-connection.js'
import type { Ticket } from '../src/viewers/ticket.js'
import { PROOF, PROTOCOL } from '../src/viewers/wire.js'
import { DialledJob, type Job } from './job.js'
import { type Dial, type LineEvents, OUT_OF_REACH } from './line.js'

export type { Overflow } from '../src/stream/overflow-policy.js'
export type { Job, ViewOptions, WriteOptions } from './job.js'

const HANDSHAKE_MS = 10_000
const KEEP_ALIVE_MS = 30_000

/** As a browser does it, over Node's sockets; and the certificate of a job is the one that its ticket names, whoever has signed it. */
const dial: Dial = (ticket, events) => {
  let connection: SocketConnection | undefined
  let over = false
  const closed = (error: Error): void => {
    if (over) return
    over = true
    clearTimeout(patience)
    socket.destroy()
    events.closed(error)
  }
  const { hostname, host, port } = new URL(ticket.url)
  const to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
  const patience = setTimeout(() => closed(new RankFailedError(`${host} does not answer within ${HANDSHAKE_MS / 1000} s`)), HANDSHAKE_MS)
  const socket = ticket.fingerprint === undefined ? connectTcp(to) : connectTls({ ...to, rejectUnauthorized: false })
  // A rank that computes is silent, and lives: the system tells whether its machine does.
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  socket.on('error', (error) => closed(new RankFailedError(`${OUT_OF_REACH} (${error.message})`, { cause: error })))
  socket.once(ticket.fingerprint === undefined ? 'connect' : 'secureConnect', () => {
    if (over) return
    // Nothing is said before: not to another than the job.
    if (ticket.fingerprint !== undefined && fingerprintOf(socket as TLSSocket) !== ticket.fingerprint) {
      return closed(new AuthenticationError(`the certificate of ${host} is not the one that the ticket names`))
    }
    const asked = upgrade(ticket, socket, closed, (head) => {
      clearTimeout(patience)
      connection = new SocketConnection(socket, head, true)
      connection.serve(eventsOf(events, closed))
      events.opened()
    })
    asked.end()
  })
  return {
    send: (frame) => void connection?.send(frame),
    close: () => {
      over = true
      clearTimeout(patience)
      if (connection === undefined) socket.destroy()
      else connection.finish()
    }
  }
}

const eventsOf = ({ frame }: LineEvents, closed: (error: Error) => void) => ({
  // The memory is the connection's.
  frame: (bytes: Uint8Array) => frame(bytes.slice()),
  drained: () => undefined,
  closed: () => closed(new RankFailedError(OUT_OF_REACH))
})

function upgrade({ url, proof }: Ticket, socket: Socket, fail: (error: Error) => void, done: (head: Buffer) => void): ClientRequest {
  const { host, pathname } = new URL(url)
  const key = randomBytes(16).toString('base64')
  const asked = request({
    createConnection: () => socket,
    path: pathname,
    headers: {
      host,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
      'sec-websocket-protocol': `${PROTOCOL}, ${PROOF}${proof}`
    }
  })
  asked.on('upgrade', ({ headers }, _socket, head) => {
    if (headers['sec-websocket-accept'] === acceptOf(key) && headers['sec-websocket-protocol'] === PROTOCOL) done(head)
    else fail(new RankFailedError(`${host} is no port of a job for viewers`))
  })
  asked.on('response', ({ statusCode }) => {
    const refused = `${host} does not let this program in: the ticket is none of that job's`
    fail(
      statusCode === 403 ? new AuthenticationError(refused) : new RankFailedError(`${host} is no port of a job for viewers (${statusCode})`)
    )
  })
  asked.on('error', (error) => fail(new RankFailedError(`${OUT_OF_REACH} (${error.message})`, { cause: error })))
  return asked
}

const fingerprintOf = (socket: TLSSocket): string => createHash('sha256').update(socket.getPeerCertificate().raw).digest('base64url')

/** As in a browser: see `index.ts`. */
export function connect(ticket: string): Job {
  return new DialledJob(dial, ticket)
}
