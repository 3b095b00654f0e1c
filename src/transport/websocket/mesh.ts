import { fingerprintOf } from './certificate.js'
import { Nonces, newNonce, sameProof, type Token } from './challenge.js'
import { type Admission, type Certificate, DUPLICATE, type Gate, readClaim, type Server } from './connection.js'
import { HostLink, IGNORED } from './host-link.js'
import { type Library, serve } from './serve.js'

const HEARTBEAT_MS = 250
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
export class Mesh implements Gate {
  /** Told when a link is wanted: of two hosts, the one with the larger number dials. */
  onWanted: (host: number) => void = () => undefined
  /** Told when a link is made, by whichever end: give it its user. */
  onPeer: (peer: HostLink) => void = () => undefined
  /** Told when a host with a good proof has dialled a mesh that is dormant. */
  onTurnedAway: (host: number, epoch: number) => void = () => undefined
  readonly #options: MeshOptions
  readonly #peers = new Map<number, HostLink>()
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
    const gate: Gate = { challenge: () => this.challenge(), admit: (header) => this.admit(header, binding) }
    const server = await serve({ address, port, certificate, keepsAlive: !this.#options.watched }, gate, library)
    this.#servers.push(server)
    this.#mind()
    return server.port
  }

  /**
   * A connection that is refused costs this thread some 90 µs, and whoever makes ten thousand a second takes all of it. A port that is closed costs it
   * nothing: the system refuses.
   */
  readonly #mind = (): void => {
    const { diallers } = this.#options
    if (diallers === undefined) return
    const awaited = diallers.some((host) => {
      const peer = this.#peers.get(host)
      return peer === undefined || !(peer.open || peer.closed)
    })
    for (const server of this.#servers) server.accept(awaited)
  }

  get peers(): Iterable<HostLink> {
    return this.#peers.values()
  }

  /** The link with a host. */
  peer(other: number): HostLink {
    let peer = this.#peers.get(other)
    if (peer === undefined) {
      const { self, size, token, reconnectMs, startMs, watched = false } = this.#options
      const withLauncher = Math.min(self, other) < 0
      peer = new HostLink({
        self,
        other,
        size,
        token,
        instance: this.#instance,
        reconnectMs,
        watched,
        startMs: withLauncher ? (startMs ?? reconnectMs) : reconnectMs
      })
      this.#peers.set(other, peer)
      peer.onWanted = () => this.onWanted(other)
      peer.onConnection = this.#mind
      this.onPeer(peer)
    }
    return peer
  }

  close(): void {
    // A handshake may be under way.
    this.#dormant = true
    clearInterval(this.#timer)
    for (const server of this.#servers.splice(0)) server.close()
    for (const peer of this.#peers.values()) peer.close()
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
    const peer = this.peer(claim.from)
    if (peer.closed) return { refused: `host ${self} has given up its link with host ${claim.from}` }
    if (!peer.isOf(claim.instance))
      return { refused: `${DUPLICATE} another process has the number ${claim.from}, and is in the job with it` }
    if (claim.epoch <= peer.epoch) return { refused: `host ${claim.from} has dialled since: ${claim.epoch} after ${peer.epoch}` }
    peer.displace(claim.epoch)
    const { received } = peer
    return {
      answer: `${received} ${token.proofOfServer(claim, received, binding)}`,
      open: (connection) => {
        // Somebody newer may have come between.
        if (peer.epoch === claim.epoch) return peer.adopt(connection, claim.received)
        connection.close()
        return IGNORED
      }
    }
  }

  #beats(): void {
    const now = performance.now()
    const late = now - this.#beat > HEARTBEAT_MS + LATE_MS
    this.#beat = now
    for (const peer of this.#peers.values()) peer.beat(late)
  }
}
