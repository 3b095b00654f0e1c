import { debug } from '../diagnostics/debug.js'
import { fingerprintOf, makeCertificate } from '../transport/websocket/certificate.js'
import type { Certificate, Connection, Events } from '../transport/websocket/connection.js'
import { serveWithNode } from '../transport/websocket/serve-node.js'
import type { Admission, Server } from '../transport/websocket/server.js'
import type { Hub } from './hub.js'
import { EXPIRED, Tickets, type TicketTerms } from './tickets.js'
import { TICK_MS, Viewer } from './viewer.js'
import { END, ENDED, FAILED, PROTOCOL, REFUSED, textFrame, VIEWERS_PATH } from './wire.js'

export interface ServerOptions {
  address: string
  port: number
  /** One is made where it is true. */
  tls: boolean | Certificate
  /** Viewers at a time. */
  limit: number
}

/** Nobody listens. */
const IGNORED: Events = { frame: () => undefined, drained: () => undefined, closed: () => undefined }
const DOOR = { path: VIEWERS_PATH, claim: 'sec-websocket-protocol', answer: 'sec-websocket-protocol' }
/** How long the last words to a viewer may take. */
const FAREWELL_MS = 2000

/**
 * The port at which viewers connect, in the thread of the rank that serves them. It listens with Node's sockets: uWebSockets.js takes the
 * process down when a worker thread ends, and elsewhere keeps a program from ending, which this server never does.
 */
export class ViewerServer {
  readonly tickets = new Tickets()
  readonly port: number
  /** Of its certificate. */
  readonly fingerprint: string | undefined
  readonly #server: Server
  readonly #hub: Hub
  readonly #guests: Set<Guest>
  readonly #tick: NodeJS.Timeout
  #closed = false
  readonly #leave = (status: number): void =>
    this.#end(status === 0 ? ENDED : FAILED, status === 0 ? 'the job has ended' : 'the job has failed')

  static async listen(hub: Hub, { address, port, tls, limit }: ServerOptions): Promise<ViewerServer> {
    const certificate = tls === true ? await makeCertificate() : tls === false ? undefined : tls
    const guests = new Set<Guest>()
    let own: ViewerServer | undefined
    const admit = (header: string | undefined, origin: string | undefined): Admission =>
      own === undefined ? { refused: 'not yet', later: true } : own.#admit(header, origin, limit)
    const server = await serveWithNode({ address, port, certificate, keepsAlive: false, door: DOOR }, { admit })
    own = new ViewerServer(hub, server, guests, certificate && fingerprintOf(certificate.cert))
    return own
  }

  private constructor(hub: Hub, server: Server, guests: Set<Guest>, fingerprint: string | undefined) {
    this.#hub = hub
    this.#server = server
    this.#guests = guests
    this.port = server.port
    this.fingerprint = fingerprint
    this.#tick = setInterval(() => this.#beat(), TICK_MS)
    this.#tick.unref()
    process.on('exit', this.#leave)
  }

  /** Viewers that are connected. */
  get count(): number {
    return this.#guests.size
  }

  close(why: string): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#tick)
    process.off('exit', this.#leave)
    this.#end(ENDED, why)
    this.#hub.close()
    // What is on its way to them still goes.
    this.#server.accept(false)
    setTimeout(() => this.#server.close(), FAREWELL_MS).unref()
  }

  #end(code: number, why: string): void {
    for (const { viewer } of this.#guests) viewer.end(code, why)
    this.#guests.clear()
  }

  /** Before anything else of a viewer is read. */
  #admit(header: string | undefined, origin: string | undefined, limit: number): Admission {
    const check = this.tickets.check(header, origin)
    if (check === undefined) {
      debug('a viewer without a good ticket is refused')
      return { refused: 'no valid ticket' }
    }
    const answer = PROTOCOL
    if ('refused' in check) return { answer, open: (connection) => refuse(connection, check.refused) }
    return {
      answer,
      open: (connection) => (this.#guests.size < limit ? this.#enter(connection, check) : refuse(connection, crowded(limit)))
    }
  }

  #enter(connection: Connection, terms: TicketTerms): Events {
    const viewer = new Viewer(connection, this.#hub, terms.writes)
    const guest = { viewer, terms }
    this.#guests.add(guest)
    return {
      frame: (bytes) => viewer.frame(bytes),
      drained: () => viewer.drained(),
      closed: () => {
        this.#guests.delete(guest)
        viewer.closed()
      }
    }
  }

  #beat(): void {
    for (const guest of this.#guests) {
      const { viewer, terms } = guest
      if (this.tickets.isOver(terms)) viewer.end(REFUSED, EXPIRED)
      else viewer.tick()
      if (!viewer.open) this.#guests.delete(guest)
    }
  }
}

interface Guest {
  readonly viewer: Viewer
  readonly terms: TicketTerms
}

const crowded = (limit: number): string => `there are ${limit} viewers already, which is the limit of this job`

/** Tells why, whoever has a good secret: nobody else gets as far. */
function refuse(connection: Connection, why: string): Events {
  connection.send(textFrame(END, 0, why, REFUSED))
  connection.finish()
  return IGNORED
}
