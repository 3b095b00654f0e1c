import { STAYS, staysHere } from '../codec/refusal.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { type CallSite, captureCallSite } from '../diagnostics/call-site.js'
import { RequestError } from '../errors.js'
import type { Holding } from '../progress/endpoint.js'

/** Whom something is given back to. */
export interface Lender {
  /** "mutex 'world.mutex(1)'" */
  readonly what: string
  readonly core: CommunicatorCore
  /** Takes it back; false when it is not held any more. */
  takeBack(held: Held): boolean
}

/**
 * What a rank holds until it gives it back: a mutex, a place of a semaphore, a turn. `await using held = await mutex.acquire()` gives it
 * back at the end of the block, however that ends.
 */
export class Held implements Holding {
  /** @internal */
  readonly stays = STAYS
  /** @internal */
  readonly site: CallSite | undefined
  readonly #lender: Lender
  #abandoned: number | undefined

  /** @internal */
  constructor(lender: Lender, site: CallSite | undefined, abandoned: number | undefined) {
    this.#lender = lender
    this.site = site
    this.#abandoned = abandoned
    lender.core.endpoint.held.add(this)
  }

  /** The rank that has failed while it held this, if the holder before did: what is guarded may be half done. */
  get abandoned(): number | undefined {
    return this.#abandoned
  }

  /** Gives it back, at once: the next in the queue has it. Errors: RequestError when it is not held any more. */
  release(): void {
    if (this.#lender.takeBack(this)) return
    const error = new RequestError(`release: ${this.#lender.what} is not held by this any more; it was given back, or is freed`)
    throw this.#lender.core.inContext(error, captureCallSite())
  }

  /** As `release`, unless it is given back already: for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#lender.takeBack(this)
    return Promise.resolve()
  }

  /** As `release`, unless it is given back already: for `using`. */
  [Symbol.dispose](): void {
    this.#lender.takeBack(this)
  }

  /** @internal It is held again, after it was given back for a while. */
  regain(abandoned: number | undefined): void {
    this.#abandoned = abandoned ?? this.#abandoned
    this.#lender.core.endpoint.held.add(this)
  }

  /** @internal It is held no more. */
  end(): void {
    this.#lender.core.endpoint.held.delete(this)
  }

  /** @internal */
  describe(): string {
    return this.#lender.what
  }
}

staysHere(Held, 'a lock')
