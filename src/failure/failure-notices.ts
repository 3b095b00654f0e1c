import { FAILURES } from '../progress/context-ids.js'
import { onControl, sendControl } from '../progress/control-message.js'
import type { Endpoint } from '../progress/endpoint.js'
import type { Incoming, Waiting } from '../progress/incoming.js'
import { Agreement, type AgreementWord } from './agreement.js'

/** A communicator, as far as its end and its failures go. */
export interface Mortal {
  readonly id: number
  readonly members: readonly number[]
  readonly revoked: boolean
  becomeRevoked(): void
}

/** Tags of what is said. */
const REVOKE = 0
const AGREE = 1

/** What a rank says to others about failures, in any communicator: on a way that is never revoked and that takes no credit. */
export class FailureNotices {
  readonly #endpoint: Endpoint
  readonly #mortals = new Map<number, Mortal>()
  readonly #survivors = new Map<number, Agreement>()
  /** Said of communicators that are not made here yet. */
  readonly #early = new Map<number, Incoming[]>()
  readonly #pending = new Set<Waiting & { readonly peer: number; readonly waits: boolean }>()
  #watching = false

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint
    endpoint.context(FAILURES).halves = this.#pending
    onControl(endpoint, FAILURES, (message) => this.#hear(message))
  }

  /** A communicator is made here. */
  join(mortal: Mortal): void {
    this.#mortals.set(mortal.id, mortal)
    const early = this.#early.get(mortal.id) ?? []
    this.#early.delete(mortal.id)
    for (const message of early) this.#hear(message)
  }

  /** Something is still said of it, so its contexts cannot be another's. */
  remembers(id: number): boolean {
    return this.#survivors.has(id) || this.#early.has(id)
  }

  leave({ id }: Mortal): void {
    this.#mortals.delete(id)
  }

  /** Tells all its ranks. Each tells all the others, so if one that lives on has heard of it, all have (reliable broadcast by flooding). */
  revoke(mortal: Mortal): void {
    if (mortal.revoked) return
    this.watch()
    this.#toAll(mortal)
    mortal.becomeRevoked()
  }

  /** The agreements of a communicator. */
  survivors({ id, members }: Pick<Mortal, 'id' | 'members'>): Agreement {
    this.watch()
    let survivors = this.#survivors.get(id)
    if (survivors === undefined) {
      survivors = new Agreement(this.#endpoint, id, members, (member, sequence, word) =>
        sendControl(this.#endpoint, member, FAILURES, [id, sequence, word], AGREE)
      )
      this.#survivors.set(id, survivors)
    }
    return survivors
  }

  /** Something here waits for an agreement; returns how to take that back. */
  wait(pending: Waiting & { readonly peer: number; readonly waits: boolean }): () => void {
    this.#pending.add(pending)
    return () => this.#pending.delete(pending)
  }

  /** Others count on this rank from now on, whether it waits for anything or not. */
  watch(): void {
    if (this.#watching) return
    this.#watching = true
    this.#endpoint.transport.watch()
  }

  /** A rank is no more. */
  gone(): void {
    for (const survivors of [...this.#survivors.values()]) survivors.gone()
  }

  #toAll({ id, members }: Mortal): void {
    for (const member of members) if (member !== this.#endpoint.transport.rank) sendControl(this.#endpoint, member, FAILURES, [id], REVOKE)
  }

  #hear(message: Incoming): void {
    const [id, sequence, word] = message.value() as [number, number, AgreementWord]
    const mortal = this.#mortals.get(id)
    const survivors = this.#survivors.get(id)
    if (message.tag === AGREE && (mortal ?? survivors) !== undefined) {
      ;(survivors ?? this.survivors(mortal!)).hear(message.source, sequence, word)
    } else if (message.tag === REVOKE && mortal !== undefined) this.revoke(mortal)
    else if (survivors === undefined) {
      const early = this.#early.get(id) ?? []
      this.#early.set(id, early)
      early.push(message)
    }
  }
}

/** Those of an endpoint; made with its first communicator. */
export function failureNoticesOf(endpoint: Endpoint): FailureNotices {
  endpoint.fates ??= new FailureNotices(endpoint)
  return endpoint.fates
}
