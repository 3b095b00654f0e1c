import type { CallSite } from '../diagnostics/call-site.js'
import type { Done } from './done.js'
import { type Claim, LockQueue } from './lock-queue.js'
import type { Service } from './service.js'

/** How a lock is wanted. */
export interface LockOptions {
  /** Together with others that share it. */
  readonly shared?: boolean
  /** Not to wait for it: without it `undefined` is what comes. */
  readonly attempt?: boolean
  readonly site?: CallSite | undefined
}

/** What a rank has been granted. */
export interface Grant {
  /** The rank that has failed while it held the lock, if the one before did. */
  readonly abandoned: number | undefined
  /** Gives it back; once. */
  release(): void
}

/**
 * A lock of all the ranks of a service: one of them keeps the queue, first come, first served. Who fails while it holds the lock gives it
 * back.
 */
export class Lock {
  readonly #service: Service
  readonly #keeper: number
  readonly #kind: string
  readonly #queue = new LockQueue<RemoteClaim>()
  readonly #claims = new Map<string, RemoteClaim>()
  #ids = 0

  /** `kind`: tells it from other locks of the same service. */
  constructor(service: Service, keeper: number, kind = 'lock') {
    this.#service = service
    this.#keeper = keeper
    this.#kind = kind
    service.serve(kind, (rank, [id, shared, attempt], reply) => {
      const key = `${rank} ${id}`
      const claim: RemoteClaim = {
        rank,
        shared: shared as boolean,
        grant: (abandoned) => reply(null, abandoned ?? NOBODY)
      }
      this.#claims.set(key, claim)
      if (attempt !== true) this.#queue.add(claim)
      else if (!this.#queue.try(claim)) {
        this.#claims.delete(key)
        reply(null, BUSY)
      }
    })
    service.serve(`un${kind}`, (rank, [id]) => {
      const key = `${rank} ${id}`
      const claim = this.#claims.get(key)
      this.#claims.delete(key)
      if (claim !== undefined) this.#queue.remove(claim)
    })
    service.onGone((rank) => {
      for (const [key, claim] of this.#claims) if (claim.rank === rank) this.#claims.delete(key)
      this.#queue.lose(rank)
    })
  }

  /** Waits for the lock; returns how to wait no longer, which to who keeps it is the same as to give it back. */
  acquire({ shared = false, attempt = false, site }: LockOptions, done: Done<Grant | undefined>): () => void {
    const id = ++this.#ids
    const release = (): void => this.#service.tell(this.#keeper, `un${this.#kind}`, [id])
    const granted: Done<number> = (error, answer) => {
      if (error !== null || answer === BUSY) done(error, undefined)
      else done(null, { abandoned: answer === NOBODY ? undefined : answer, release })
    }
    this.#service.ask(this.#keeper, this.#kind, [id, shared, attempt], site, granted, () => `for the lock of ${this.#service.what}`)
    return release
  }
}

/** Answers that are no rank. */
const NOBODY = -1
const BUSY = -2

interface RemoteClaim extends Claim {
  readonly rank: number
}
