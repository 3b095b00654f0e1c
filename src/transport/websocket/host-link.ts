import { type LinkEvent, links } from '../../diagnostics/channels.js'
import { debug } from '../../diagnostics/debug.js'
import type { RxmpiError } from '../../errors.js'
import type { Claim, Token } from './challenge.js'
import type { Connection, Events } from './connection.js'
import { type Address, dial } from './dial.js'
import { Dialer } from './dialer.js'
import { FailureDetector, GONE } from './failure-detector.js'
import { probe } from './probe.js'
import { type LinkState, ReliableLink } from './reliable-link.js'
import { HEADER } from './wire.js'

/** Bytes that may wait for their acknowledgement: as much as a fast network has under way, and all that a cut makes a sender keep. */
const KEPT_BYTES = 2 ** 23
/** How long what has come may wait for a frame that acknowledges it. */
const ANSWER_MS = 5

const WORDS = { made: 'made', cut: 'cut', restored: 'restored', failed: 'given up' }

/** Nobody listens. */
export const IGNORED: Events = { frame: () => undefined, drained: () => undefined, closed: () => undefined }

export interface HostLinkOptions {
  self: number
  other: number
  /** Ranks in the job. */
  size: number
  token: Token
  /** A word of this process alone. */
  instance: string
  /** How long a link may be without a connection. */
  reconnectMs: number
  /** How long it may take to be made first. */
  startMs: number
  /**
   * Somebody else tells when the other end has failed, for its thread may be busy for long and say nothing: silence means nothing
   * here. Nor does the link keep this process alive.
   */
  watched: boolean
}

/** What another thread needs to go on with a link. */
export interface HostLinkState {
  epoch: number
  /** Which process the other end is, as far as it has dialled. */
  instance: string | undefined
  link: LinkState
}

/** Who uses a link. */
export interface HostLinkUser {
  /** What a frame carries; the bytes are valid during this call only. */
  payload(bytes: Uint8Array): void
  /** A frame may be sent again, all that was sent has come, or the link is up. */
  ready(): void
  /** The other end has been out of reach for too long, or has refused this one; `error` where there is a name for that. */
  failed(reason: string, error?: RxmpiError): void
  /** A frame that was sent is needed no longer. */
  free?(frame: Uint8Array): void
  /** The connection has broken; there may be another. */
  broken?(): void
}

/**
 * This host's end of its link with another: a reliable link over one connection at a time. When that breaks, the end with the larger number
 * makes another.
 */
export class HostLink {
  readonly other: number
  /** Told when a link is wanted and it is not known where the other end listens. */
  onWanted: () => void = () => undefined
  /** Told when there is a connection, or none any more. */
  onConnection: () => void = () => undefined
  /** Where the other end listens for others, as far as that is known to this one, which it dials. */
  listensAt: { host: string; port: number } | undefined
  /** This machine's address on the way to the other. */
  localAddress: string | undefined
  #epoch = 0
  #link = new ReliableLink(KEPT_BYTES)
  #user: HostLinkUser | undefined
  #connection: Connection | undefined
  #wanted = false
  /** There has been a connection. */
  #made = false
  #closed = false
  #answer: NodeJS.Timeout | undefined
  /** The process at the other end, where that has dialled. */
  #instance: string | undefined
  readonly #options: HostLinkOptions
  readonly #detector: FailureDetector
  readonly #dialer: Dialer

  constructor(options: HostLinkOptions) {
    const { other, reconnectMs, startMs, watched } = options
    this.other = other
    this.#options = options
    this.#detector = new FailureDetector({ reconnectMs, startMs, watched, now: () => performance.now() })
    this.#dialer = new Dialer({
      attempt: (address) => this.#attempt(address),
      wanted: () => this.#connection === undefined && !this.#closed,
      pause: (ms) => this.#pause(ms)
    })
  }

  set user(user: HostLinkUser | undefined) {
    this.#user = user
    this.#link.onFree = (frame) => user?.free?.(frame)
  }

  get user(): HostLinkUser | undefined {
    return this.#user
  }

  get open(): boolean {
    return this.#connection !== undefined
  }

  /** Whether a frame may be sent; it is kept while there is no connection. */
  get room(): boolean {
    return this.#link.room
  }

  /** Whether all that was sent has come. */
  get settled(): boolean {
    return this.#link.unacknowledged === 0
  }

  /** Whether this end has given the link up. */
  get closed(): boolean {
    return this.#closed
  }

  get state(): HostLinkState {
    return { epoch: this.#epoch, instance: this.#instance, link: this.#link.state }
  }

  restore({ epoch, instance, link }: HostLinkState): void {
    this.#epoch = epoch
    this.#made = epoch > 0
    this.#instance = instance
    this.#link.restore(link)
    this.#detector.resume()
    this.want()
  }

  get epoch(): number {
    return this.#epoch
  }

  get received(): number {
    return this.#link.received
  }

  /** Sends a frame whose first `HEADER` bytes are free; it belongs to the link from now on. */
  send(frame: Uint8Array): void {
    this.want()
    this.#link.number(frame)
    this.drained()
  }

  /** Asks for a connection, if there has been none. */
  want(): void {
    if (this.#wanted || this.#closed) return
    this.#wanted = true
    this.#detector.wanted()
    if (this.#dialer.dials) void this.#dialer.dial()
    else if (this.#connection === undefined) this.onWanted()
  }

  /** Where the other end listens: at any of these. */
  connectTo(addresses: readonly Address[]): void {
    this.#dialer.addresses = addresses
    this.#wanted = true
    this.#detector.wanted()
    void this.#dialer.dial()
  }

  /** Whether the other end is, or may become, this process. */
  isOf(instance: string): boolean {
    this.#instance ??= instance
    return this.#instance === instance
  }

  /** The other end has dialled: whoever was there before has broken. */
  displace(epoch: number): void {
    this.#epoch = epoch
    const old = this.#connection
    this.#connection = undefined
    if (old !== undefined) this.#tell('cut', 'the other end has dialled anew')
    this.#detector.down('the other end has dialled, and nothing came of it')
    this.onConnection()
    old?.close()
  }

  /** A new connection, whose other end has received so many frames. */
  adopt(connection: Connection, received: number): Events {
    if (this.#closed) {
      connection.close()
      return IGNORED
    }
    this.#connection = connection
    this.#tell(this.#made ? 'restored' : 'made')
    this.#made = true
    this.#wanted = true
    this.#detector.up()
    this.#dialer.connected()
    this.onConnection()
    const events: Events = {
      frame: (bytes) => {
        if (this.#connection === connection) this.frame(bytes)
      },
      drained: () => {
        if (this.#connection === connection) this.drained()
      },
      closed: (reason) => {
        if (this.#connection === connection) this.closedBy(reason)
      }
    }
    try {
      this.#link.resume(received)
    } catch (error) {
      this.fail((error as Error).message)
      return events
    }
    // The owner of the connection does not listen to it yet.
    queueMicrotask(() => {
      this.drained()
      this.#user?.ready()
    })
    return events
  }

  frame(bytes: Uint8Array): void {
    this.#detector.heard()
    try {
      const { room: hadRoom } = this
      const wasSettled = this.settled
      const news = this.#link.accept(bytes)
      if (news) this.#user?.payload(bytes.subarray(HEADER))
      if (this.#link.acknowledgementDue) this.#acknowledge()
      else if (news && this.#answer === undefined) {
        this.#answer = setTimeout(this.#acknowledge, ANSWER_MS)
        if (this.#options.watched) this.#answer.unref()
      }
      if ((!hadRoom && this.room) || (!wasSettled && this.settled)) this.#user?.ready()
    } catch (error) {
      // What cannot be read has not come from this job's code, or has been changed on its way.
      this.fail((error as Error).message)
    }
  }

  /** Writes what the connection takes. */
  drained(): void {
    while (this.#connection !== undefined && !this.#connection.full) {
      const frame = this.#link.write()
      if (frame === undefined) return
      this.#write(frame)
    }
  }

  closedBy(reason: string): void {
    this.#connection = undefined
    if (this.#closed) return
    this.#tell('cut', reason)
    this.onConnection()
    this.#user?.broken?.()
    this.#detector.down(reason)
    if (this.#dialer.dials) void this.#dialer.dial()
    else this.#probe()
  }

  /** Called every quarter of a second; `late` when this process itself was not running. */
  beat(late: boolean): void {
    if (this.#closed || this.#options.watched) return
    if (late) this.#detector.excuse()
    if (this.#connection !== undefined) {
      if (this.#detector.heartbeatDue) this.#acknowledge()
      const { suspicion } = this.#detector
      if (suspicion !== undefined) this.#break(suspicion)
    } else if (this.#wanted) {
      const failure = this.#detector.overdue(this.#where)
      if (failure !== undefined) this.fail(failure.reason, failure.error)
      else if (!this.#dialer.dials) this.#probe()
    }
  }

  get #where(): string {
    return this.#dialer.addresses.map(({ host, port }) => `${host}:${port}`).join(' or ')
  }

  /** The other end may go as it likes. */
  leave(): void {
    this.#dialer.addresses = []
  }

  /** Nothing more is sent or expected. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#answer)
    this.#connection?.close()
    this.#connection = undefined
    this.onConnection()
  }

  fail(reason: string, error?: RxmpiError): void {
    if (this.#closed) return
    this.close()
    this.#tell('failed', reason)
    this.#user?.failed(reason, error)
  }

  #tell(state: LinkEvent['state'], reason?: string): void {
    const { self: host, other: peer } = this.#options
    debug('host %d: the link with host %d is %s%s', host, peer, WORDS[state], reason === undefined ? '' : `: ${reason}`)
    if (links.hasSubscribers) links.publish(reason === undefined ? { state, host, peer } : { state, host, peer, reason })
  }

  /** Cuts the connection, as a fault of the network would; `before` an epoch: unless it is as new as that. */
  cut(before = Number.POSITIVE_INFINITY): void {
    if (this.#epoch < before) this.#break('the connection was cut')
  }

  #break(reason: string): void {
    const connection = this.#connection
    if (connection === undefined) return
    this.closedBy(reason)
    connection.close()
  }

  readonly #acknowledge = (): void => {
    clearTimeout(this.#answer)
    this.#answer = undefined
    if (this.#connection !== undefined) this.#write(this.#link.acknowledgement())
  }

  #write(frame: Uint8Array): void {
    if (this.#connection === undefined) return
    this.#detector.spoke()
    if (!this.#connection.send(frame)) this.#break('the connection took nothing more')
  }

  /** The other end dials; whether it still can, its port tells. */
  #probe(): void {
    if (this.listensAt === undefined) return
    probe(this.listensAt, () => {
      if (this.#connection === undefined) this.fail(GONE)
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      if (this.#options.watched) timer.unref()
    })
  }

  async #attempt(address: Address): Promise<void> {
    const { self: from, other: to, size, token, instance, watched } = this.#options
    const { received } = this.#link
    const claim: Omit<Claim, 'nonceClient' | 'nonceServer'> = { from, to, size, epoch: ++this.#epoch, received, instance }
    debug('host %d dials host %d at %s:%d', from, to, address.host, address.port)
    try {
      const adopt = (connection: Connection, received: number, localAddress: string): Events => {
        this.localAddress = localAddress
        return this.adopt(connection, received)
      }
      await dial(address, token, claim, adopt, !watched)
    } catch (error) {
      debug('host %d could not dial host %d: %s', from, to, (error as Error).message)
      const failure = this.#detector.unconnected(error as Error)
      if (failure !== undefined) this.fail(failure.reason, failure.error)
    }
  }
}
