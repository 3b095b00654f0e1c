import { hostname } from 'node:os'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkObject, shown } from '../diagnostics/arguments.js'
import { checkNames, type OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError } from '../errors.js'
import { type Hub, hubOf } from './hub.js'
import type { ViewerServer } from './server.js'
import { writeTicket } from './ticket.js'
import { VIEWERS_PATH } from './wire.js'

/** Where viewers connect, and how safe the way is. */
export interface ViewersOptions {
  /** The rank that serves; default 0. */
  root?: number
  /** Where it listens; default '127.0.0.1', where only this machine can connect. '0.0.0.0' is everywhere. */
  address?: string
  /** Default 0: one that is free. */
  port?: number
  /** The name or address of the rank's machine in tickets, as viewers see it; default the address, or the machine's name. */
  host?: string
  /**
   * Encrypts: with a certificate and its key in PEM, which browsers take if they trust who has signed it; or `true` with one that is made
   * for this server, which programs take by the ticket, and browsers do not. Without it viewers of other machines need `insecure`.
   */
  tls?: boolean | { cert: string; key: string }
  /** Lets viewers of other machines connect in clear text: what they see can be read on the way, and their tickets. */
  insecure?: boolean
  /** Viewers at a time; default 64. */
  limit?: number
}

/** What the holder of a ticket may do. */
export interface ViewerTicketOptions {
  /** `'read'`, the default: look at what is published. `'write'`: publish too. */
  rights?: 'read' | 'write'
  /** Seconds until it is good for nothing, and its viewers are gone; default 3600. */
  expiresIn?: number
  /** Origins of pages that may use it, such as 'https://lab.example.org'; default those of this machine. Programs have none. */
  origins?: readonly string[]
}

/** What `viewers` takes. */
export const VIEWERS: OptionNames<ViewersOptions> = {
  root: true,
  address: true,
  port: true,
  host: true,
  tls: true,
  insecure: true,
  limit: true
}
const TICKET: OptionNames<ViewerTicketOptions> = { rights: true, expiresIn: true, origins: true }

const HOUR = 3600
const CLOSED = 'the job has closed its viewers'
/** The longest time that Node's timers know, in seconds. */
const MOST_SECONDS = 2 ** 31 / 1000

/** The viewers of a communicator, on the rank that serves them. */
export class Viewers {
  readonly #server: ViewerServer
  readonly #url: string
  readonly #detach: () => void

  /** @internal */
  constructor(server: ViewerServer, url: string, detach: () => void) {
    this.#server = server
    this.#url = url
    this.#detach = detach
  }

  /** Where it listens: 'ws://127.0.0.1:41234/viewers'. Nobody gets in without a ticket. */
  get url(): string {
    return this.#url
  }

  /** Viewers that are connected. */
  get count(): number {
    return this.#server.count
  }

  /**
   * A new ticket, which `connect` of `rxmpi/client` takes. Whoever has it has its rights, so give it as you would a password. This is the
   * only time that it can be had: the rank keeps no more of it than tells it from others.
   */
  ticket(options: ViewerTicketOptions = {}): string {
    checkObject(options, "{ rights: 'write' }")
    checkNames(options, TICKET)
    const { rights = 'read', expiresIn = HOUR, origins } = options
    if (rights !== 'read' && rights !== 'write') throw new ArgumentError(`rights: expected 'read' or 'write', got ${shown(rights)}`)
    if (!(expiresIn > 0 && expiresIn <= MOST_SECONDS)) {
      throw new ArgumentError(`expiresIn: expected seconds, more than 0 and at most ${Math.floor(MOST_SECONDS)}, got ${shown(expiresIn)}`)
    }
    for (const origin of origins ?? []) checkOrigin(origin)
    const writes = rights === 'write'
    const proof = this.#server.tickets.issue({ writes, origins: origins && [...origins], milliseconds: expiresIn * 1000 })
    return writeTicket({ url: this.#url, writes, proof, fingerprint: this.#server.fingerprint })
  }

  /** Ends all viewers, whose streams complete, and those that `subscribeTo` reads. */
  close(): void {
    this.#detach()
    this.#server.close(CLOSED)
  }

  /** The same, at the end of a block, with `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

/** Opens the viewers of a communicator on this rank. */
export async function openViewers(comm: CommunicatorCore, options: ViewersOptions): Promise<Viewers> {
  const { address = '127.0.0.1', port = 0, tls = false, limit = 64 } = options
  const hub = hubOf(comm)
  hub.opened()
  let server: ViewerServer
  try {
    const { ViewerServer } = await import('./server.js')
    server = await ViewerServer.listen(hub, { address, port, tls, limit })
  } catch (error) {
    hub.close()
    throw error
  }
  const detach = comm.attach({ breakOff: () => server.close(CLOSED) })
  const { host = isEverywhere(address) ? hostname() : address } = options
  const url = `${tls === false ? 'ws' : 'wss'}://${host.includes(':') ? `[${host}]` : host}:${server.port}${VIEWERS_PATH}`
  return new Viewers(server, url, detach)
}

/** Throws for what cannot be. */
export function checkViewers(hub: Hub, { address = '127.0.0.1', port = 0, host, tls, insecure, limit = 64 }: ViewersOptions): void {
  if (hub.open) throw new ArgumentError('viewers: they are open already on this communicator; close them first, or use those')
  if (typeof address !== 'string' || address === '')
    throw new ArgumentError(`address: expected an address of this machine, got ${shown(address)}`)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new ArgumentError(`port: expected 0 to 65535, got ${shown(port)}`)
  if (host !== undefined && !/^[\w.:-]+$/.test(host)) throw new ArgumentError(`host: expected a name or an address, got ${shown(host)}`)
  if (!Number.isInteger(limit) || limit < 1) throw new ArgumentError(`limit: expected an integer from 1 on, got ${shown(limit)}`)
  if (typeof tls === 'object' && (typeof tls?.cert !== 'string' || typeof tls.key !== 'string')) {
    throw new ArgumentError('tls: expected true, or { cert, key } in PEM')
  }
  if (tls || insecure || isLoopback(address)) return
  throw new ArgumentError(
    `address: other machines can reach ${address}, and what viewers see could be read on the way: ` +
      'encrypt it with tls: true or tls: { cert, key }, or say insecure: true'
  )
}

const isLoopback = (address: string): boolean => address === 'localhost' || address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address)
const isEverywhere = (address: string): boolean => address === '0.0.0.0' || address === '::'

function checkOrigin(origin: unknown): void {
  // 'null' is that of a file that a browser has opened.
  if (origin === 'null' || (typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin)) return
  throw new ArgumentError(`origins: expected origins such as 'https://lab.example.org', with no path, got ${shown(origin)}`)
}
