import { debug } from '../../diagnostics/debug.js'
import { fingerprintOf } from './certificate.js'
import { Nonces, newNonce, sameProof, type Token } from './challenge.js'
import { type Certificate, DUPLICATE, readClaim } from './connection.js'
import { HEARTBEAT_MS } from './failure-detector.js'
import { HostLink, IGNORED } from './host-link.js'
import { type Library, serve } from './serve.js'
import type { Admission, Authenticator, Server } from './server.js'

const NOT_YET: Admission = { refused: 'not yet', later: true }
/** A heartbeat that is as late has waited for this process, and not for the others. */
const LATE_MS = 1000

export interface MeshOptions {
  /** This host's number; the launcher's is -1. Of two, the one with the smaller number listens. */
  self: number
  /** Ranks in the job. */
  size: number
  token: Token
  reconnectMs: number
  /** How long a link with the launcher may take to be made first; as long as that by default. */
  startMs?: number | undefined
  /** Somebody else tells when another host has failed, and nothing here keeps the process alive. */
  watched?: boolean
  /** It listens and lets nobody in before `wake`. */
  dormant?: boolean
  /** Which process this is, where another thread of it has been, or may be, in this one's place. */
  instance?: string
  /** Whose links are let in. */
  expects: (host: number) => boolean
  /** All of those: while each has its connection, or is given up, nobody else gets as far as being refused. */
  diallers?: readonly number[]
}

/** This host's links with the others of a job: one each, made on first use. */
export class Mesh implements Authenticator {
  /** Told when a link is wanted: of two hosts, the one with the larger number dials. */
  onWanted: (host: number) => void = () => undefined
  /** Told when a link is made, by whichever end: give it its user. */
  onLink: (link: HostLink) => void = () => undefined
  /** Told when a host with a good proof has dialled a mesh that is dormant. */
  onTurnedAway: (host: number, epoch: number) => void = () => undefined
  readonly #options: MeshOptions
  readonly #links = new Map<number, HostLink>()
  readonly #nonces = new Nonces()
  readonly #instance: string
  readonly #servers: Server[] = []
  readonly #timer: NodeJS.Timeout
  #beat = performance.now()
  #dormant: boolean

  constructor(options: MeshOptions) {
    this.#options = options
    this.#instance = options.instance ?? newNonce()
    this.#dormant = options.dormant ?? false
    this.#timer = setInterval(() => this.#beats(), HEARTBEAT_MS)
    this.#timer.unref()
  }

  /** Listens on an address; resolves to the port. */
  async listen(address: string, port = 0, certificate?: Certificate, library?: Library): Promise<number> {
    const binding = certificate && fingerprintOf(certificate.cert)
    const authenticator: Authenticator = { challenge: () => this.challenge(), admit: (header) => this.#told(this.admit(header, binding)) }
    const server = await serve({ address, port, certificate, keepsAlive: !this.#options.watched }, authenticator, library)
    this.#servers.push(server)
    this.#mind()
    return server.port
  }

  /**
   * A connection that is refused costs this thread some 90 µs, and whoever makes ten thousand a second takes all of it. A port that is
   * closed costs it nothing: the system refuses.
   */
  readonly #mind = (): void => {
    const { diallers } = this.#options
    if (diallers === undefined) return
    const awaited = diallers.some((host) => {
      const link = this.#links.get(host)
      return link === undefined || !(link.open || link.closed)
    })
    for (const server of this.#servers) server.accept(awaited)
  }

  get links(): Iterable<HostLink> {
    return this.#links.values()
  }

  /** The link with a host. */
  link(other: number): HostLink {
    let link = this.#links.get(other)
    if (link === undefined) {
      const { self, size, token, reconnectMs, startMs, watched = false } = this.#options
      const withLauncher = Math.min(self, other) < 0
      link = new HostLink({
        self,
        other,
        size,
        token,
        instance: this.#instance,
        reconnectMs,
        watched,
        startMs: withLauncher ? (startMs ?? reconnectMs) : reconnectMs
      })
      this.#links.set(other, link)
      link.onWanted = () => this.onWanted(other)
      link.onConnection = this.#mind
      this.onLink(link)
    }
    return link
  }

  close(): void {
    // A handshake may be under way.
    this.#dormant = true
    clearInterval(this.#timer)
    for (const server of this.#servers.splice(0)) server.close()
    for (const link of this.#links.values()) link.close()
  }

  wake(): void {
    this.#dormant = false
  }

  challenge(): string {
    return this.#nonces.issue()
  }

  /** `binding`: the fingerprint of the certificate that the other end has been shown, where there is one. */
  admit(header: string | undefined, binding?: string): Admission {
    const read = readClaim(header)
    // A host of this job makes one: it was lost on the way, and may come through the next time.
    if (read === undefined) return this.#dormant ? NOT_YET : { refused: 'no claim', later: true }
    const { claim, proof } = read
    const { self, size, token, expects } = this.#options
    // All reasons look alike to whoever has not proved anything.
    if (!this.#nonces.isFresh(claim.nonceServer) || !sameProof(proof, token.proofOfClient(claim, binding)))
      return this.#dormant ? NOT_YET : { refused: 'no valid proof' }
    this.#nonces.use(claim.nonceServer)
    if (claim.to !== self) return { refused: `this is host ${self}, not ${claim.to}` }
    if (this.#dormant) {
      this.onTurnedAway(claim.from, claim.epoch)
      return NOT_YET
    }
    if (claim.size !== size) return { refused: `this job has ${size} ranks, not ${claim.size}` }
    if (claim.from <= self || !expects(claim.from)) return { refused: `no link is expected from host ${claim.from}` }
    const link = this.link(claim.from)
    if (link.closed) return { refused: `host ${self} has given up its link with host ${claim.from}` }
    if (!link.isOf(claim.instance))
      return { refused: `${DUPLICATE} another process has the number ${claim.from}, and is in the job with it` }
    if (claim.epoch <= link.epoch) return { refused: `host ${claim.from} has dialled since: ${claim.epoch} after ${link.epoch}` }
    link.displace(claim.epoch)
    const { received } = link
    return {
      answer: `${received} ${token.proofOfServer(claim, received, binding)}`,
      open: (connection) => {
        // Somebody newer may have come between.
        if (link.epoch === claim.epoch) return link.adopt(connection, claim.received)
        connection.close()
        return IGNORED
      }
    }
  }

  #told(admission: Admission): Admission {
    if ('refused' in admission) debug('host %d refuses whoever has dialled: %s', this.#options.self, admission.refused)
    return admission
  }

  #beats(): void {
    const now = performance.now()
    const late = now - this.#beat > HEARTBEAT_MS + LATE_MS
    this.#beat = now
    for (const link of this.#links.values()) link.beat(late)
  }
}
