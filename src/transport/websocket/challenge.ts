import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * How two hosts of a job prove to each other, before anything else is read, that both know its token.
 *
 *     client  GET /challenge             →  a nonce of the server's
 *     client  upgrade with a claim: who it is, its own nonce, what it has received, HMAC of it all     →
 *     server  101 with what it has received, HMAC of it all                                            →
 *
 * HMAC-SHA256 (RFC 2104) with the job's token over a label for the direction, the job, both nonces, the claim and, where the link is
 * encrypted, the fingerprint of the certificate that each side sees: neither side's proof serves as the other's, none serves twice, and
 * none serves whoever stands in the middle with a certificate of his own (channel binding: `tls-server-end-point`, RFC 5929).
 */

export const NONCE_BYTES = 16
const PROOF_BYTES = 32
/** How long a nonce of a server is good for. */
const NONCE_MS = 10_000

export interface Claim {
  /** Hosts are numbered from 0; the launcher is -1. */
  from: number
  to: number
  /** Ranks in the job. */
  size: number
  /** Which connection of this link it is, from 1 on: an older one never takes the place of a newer one. */
  epoch: number
  /** The last frame that the client has received. */
  received: number
  /** A word of this process alone: another one with its number is another process. */
  instance: string
  nonceClient: string
  nonceServer: string
}

export class Token {
  readonly #key: Buffer
  readonly #job: string

  constructor(key: Buffer, job: string) {
    if (key.length !== 32) throw new RangeError(`a token has 32 bytes, not ${key.length}`)
    this.#key = key
    this.#job = job
  }

  proofOfClient(claim: Claim, binding = ''): string {
    return this.#proof('client', claim, [binding])
  }

  /** `received`: the last frame that the server has received. */
  proofOfServer(claim: Claim, received: number, binding = ''): string {
    return this.#proof('server', claim, [binding, received])
  }

  #proof(label: string, { from, to, size, epoch, received, instance, nonceClient, nonceServer }: Claim, more: readonly unknown[]): string {
    const said = ['rxmpi', label, this.#job, from, to, size, epoch, received, instance, nonceClient, nonceServer, ...more]
    return createHmac('sha256', this.#key).update(JSON.stringify(said)).digest('base64url')
  }
}

/** Compares in a time that does not tell how far two proofs agree. */
export function sameProof(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'base64url'), Buffer.from(other, 'base64url')]
  return a.length === PROOF_BYTES && b.length === PROOF_BYTES && timingSafeEqual(a, b)
}

export const newNonce = (): string => randomBytes(NONCE_BYTES).toString('base64url')

/**
 * The nonces that a server has given out. It keeps none of them: a nonce carries its time and the server's own seal, so that asking
 * for many costs no memory. Only those used with a good proof are kept, until they expire.
 */
export class Nonces {
  readonly #key = randomBytes(32)
  readonly #used = new Map<string, number>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  issue(): string {
    const body = `${newNonce()}.${Math.floor(this.#now()).toString(36)}`
    return `${body}.${this.#seal(body)}`
  }

  /** Whether it was issued here, lately, and not used yet. */
  isFresh(nonce: string): boolean {
    const [random, time, seal] = nonce.split('.')
    if (random === undefined || time === undefined || seal === undefined) return false
    const age = this.#now() - Number.parseInt(time, 36)
    return age >= 0 && age < NONCE_MS && sameProof(seal, this.#seal(`${random}.${time}`)) && !this.#used.has(nonce)
  }

  use(nonce: string): void {
    const now = this.#now()
    for (const [old, at] of this.#used) {
      if (now - at < NONCE_MS) break
      this.#used.delete(old)
    }
    this.#used.set(nonce, now)
  }

  #seal(body: string): string {
    return createHmac('sha256', this.#key).update(body).digest('base64url')
  }
}
