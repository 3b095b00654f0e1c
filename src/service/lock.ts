import type { CallSite } from '../diagnostics/call-site.js'
import type { Done } from './done.js'
import { type Claim, LockQueue } from './lock-queue.js'
import type { LockWord } from './lock-word.js'
import type { Service } from './service.js'

/** How a lock is wanted. */
export interface LockOptions {
  /** Together with others that share it. */
  readonly shared?: boolean
  /** Not to wait for it: without it `undefined` is what comes. */
  readonly attempt?: boolean
  readonly site?: CallSite | undefined
  /** What is waited for, in a report. */
  readonly describe?: () => string
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
  readonly #kind: number
  readonly #queue: LockQueue<NumberedClaim>
  /** By rank, then by the number that the rank has given. */
  readonly #claims = new Map<number, Map<number, NumberedClaim>>()
  /** Where this rank sees it: by it a lock that is free is taken without a message. */
  #word: LockWord | undefined
  #ids = 0

  /** `kind`: with the two next numbers it tells it from other locks of the same service. */
  constructor(service: Service, keeper: number, { kind = 0, places = 1, bounded = true }: LockSettings = {}) {
    this.#queue = new LockQueue<NumberedClaim>(places)
    this.#service = service
    this.#keeper = keeper
    this.#kind = kind
    service.serve<number>(kind, (rank, asked, reply) => {
      const how = asked % WAYS
      const id = (asked - how) / WAYS
      this.#keep()
      const claim = this.#claim(rank, id, (how & SHARED) !== 0, reply)
      if ((how & ATTEMPT) === 0) this.#queue.add(claim)
      else if (!this.#queue.try(claim)) {
        this.#claims.get(rank)!.delete(id)
        reply(null, BUSY)
      }
    })
    service.serve<number>(kind + 1, (rank, id) => {
      const claims = this.#claims.get(rank)
      const claim = claims?.get(id)
      if (claim === undefined) return
      claims!.delete(id)
      const waited = this.#queue.waiters.has(claim)
      this.#queue.remove(claim)
      if (waited) claim.refuse()
      this.#letGo()
    })
    service.serve<number>(kind + 2, (rank, places, reply) => reply(null, this.#queue.give(rank, places, bounded) ? DONE : BUSY))
    service.onGone((rank) => {
      if (this.#word?.isOf(rank)) this.#keep()
      this.#claims.delete(rank)
      this.#queue.lose(rank)
      this.#letGo()
    })
  }

  /** From now on this rank takes the lock by a word that it shares with others of its host; of a lock of one place. */
  share(word: LockWord): void {
    this.#word = word
  }

  /** The keeper gives it up: nobody takes it without asking any more. */
  close(): void {
    this.#word?.keep()
    this.#word = undefined
  }

  /** Waits for the lock; returns how to wait no longer, which to who keeps it is the same as to give it back. */
  acquire({ shared = false, attempt = false, site, describe }: LockOptions, done: Done<Grant | undefined>): () => void {
    const service = this.#service
    const word = this.#word
    const { rank } = service.core
    if (word !== undefined && !shared && !this.#isKeeperGone && word.take(rank)) {
      const giveBack = (): void => {
        // Somebody waits: the keeper knows of it by now.
        if (!word.giveBack(rank)) service.tell<number>(this.#keeper, this.#kind + 1, BY_WORD)
      }
      done(null, { abandoned: undefined, release: giveBack })
      return giveBack
    }
    const id = ++this.#ids
    const release = (): void => service.tell<number>(this.#keeper, this.#kind + 1, id)
    const granted: Done<number> = (error, answer) => {
      if (error !== null || answer === BUSY) done(error, undefined)
      else done(null, { abandoned: answer === NOBODY ? undefined : answer, release })
    }
    const asked = id * WAYS + (shared ? SHARED : 0) + (attempt ? ATTEMPT : 0)
    service.ask<number, number>(this.#keeper, this.#kind, asked, site, granted, describe ?? (() => `for the lock of ${service.what}`))
    return release
  }

  /** Gives places back without saying which; `false` when so many are not held. */
  give(places: number, site: CallSite | undefined, done: Done<boolean>): void {
    const given: Done<number> = (error, answer) => done(error, answer === DONE)
    this.#service.ask<number, number>(this.#keeper, this.#kind + 2, places, site, given)
  }

  get #isKeeperGone(): boolean {
    const { core } = this.#service
    return this.#keeper !== core.rank && core.endpoint.transport.hasEnded?.(core.memberOf(this.#keeper)) === true
  }

  #claim(rank: number, id: number, shared: boolean, reply: Done<unknown>): NumberedClaim {
    const claim = new NumberedClaim(rank, id, shared, reply)
    const claims = this.#claims.get(rank) ?? new Map<number, NumberedClaim>()
    this.#claims.set(rank, claims)
    claims.set(id, claim)
    return claim
  }

  /** Somebody asks the keeper: from now on its queue decides. Who has taken the lock by the word is the first in it. */
  #keep(): void {
    const holder = this.#word?.keep()
    if (holder !== undefined) this.#queue.add(this.#claim(holder, BY_WORD, false, () => undefined))
  }

  #letGo(): void {
    if (this.#queue.isIdle) this.#word?.letGo()
  }
}

export interface LockSettings {
  readonly kind?: number
  /** How many may have it at a time. */
  readonly places?: number
  /** Whether no more are given back than are held. */
  readonly bounded?: boolean
}

/** How it is asked for, in the lowest bits of the number that asks. */
const WAYS = 4
const SHARED = 1
const ATTEMPT = 2

/** The number of a claim that its rank has taken by the word; others count from 1. */
const BY_WORD = 0

/** Answers that are no rank. */
const NOBODY = -1
const BUSY = -2
const DONE = -3

class NumberedClaim implements Claim {
  readonly rank: number
  readonly id: number
  readonly shared: boolean
  readonly #reply: Done<unknown>

  constructor(rank: number, id: number, shared: boolean, reply: Done<unknown>) {
    this.rank = rank
    this.id = id
    this.shared = shared
    this.#reply = reply
  }

  grant(abandoned: number | undefined): void {
    this.#reply(null, abandoned ?? NOBODY)
  }

  refuse(): void {
    this.#reply(null, BUSY)
  }
}
