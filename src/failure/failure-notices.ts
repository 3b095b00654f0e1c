import { FAILURES } from '../progress/context-ids.js'
import { onControl, sendControl } from '../progress/control-message.js'
import type { Endpoint, FailureListener } from '../progress/endpoint.js'
import type { Incoming, Waiting } from '../progress/incoming.js'
import { Agreement, type AgreementWord } from './agreement.js'

/** A communicator, as far as its end and its failures go. */
export interface Revocable {
  readonly id: number
  readonly members: readonly number[]
  readonly revoked: boolean
  becomeRevoked(): void
}

/** Tags of what is said. */
const REVOKE = 0
const AGREE = 1

/** What a rank says to others about failures, in any communicator: on a way that is never revoked and that takes no credit. */
export class FailureNotices implements FailureListener {
  readonly #endpoint: Endpoint
  readonly #communicators = new Map<number, Revocable>()
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
  join(communicator: Revocable): void {
    this.#communicators.set(communicator.id, communicator)
    const early = this.#early.get(communicator.id) ?? []
    this.#early.delete(communicator.id)
    for (const message of early) this.#hear(message)
  }

  leave({ id }: Revocable): void {
    this.#communicators.delete(id)
  }

  /** Tells all its ranks. Each tells all the others, so if one that lives on has heard of it, all have (reliable broadcast by flooding). */
  revoke(communicator: Revocable): void {
    if (communicator.revoked) return
    this.watch()
    this.#toAll(communicator)
    communicator.becomeRevoked()
  }

  /** The agreements of a communicator. */
  survivors({ id, members }: Pick<Revocable, 'id' | 'members'>): Agreement {
    this.watch()
    let survivors = this.#survivors.get(id)
    if (survivors === undefined) {
      survivors = new Agreement(this.#endpoint, members, (member, sequence, word) =>
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

  /** There will be no such communicator. */
  forget(id: number): void {
    this.#early.delete(id)
  }

  /** A rank is no more. */
  gone(): void {
    for (const survivors of [...this.#survivors.values()]) survivors.gone()
  }

  #toAll({ id, members }: Revocable): void {
    for (const member of members) if (member !== this.#endpoint.transport.rank) sendControl(this.#endpoint, member, FAILURES, [id], REVOKE)
  }

  #hear(message: Incoming): void {
    const [id, sequence, word] = message.value() as [number, number, AgreementWord]
    const communicator = this.#communicators.get(id)
    const survivors = this.#survivors.get(id)
    if (message.tag === AGREE && (communicator ?? survivors) !== undefined) {
      ;(survivors ?? this.survivors(communicator!)).hear(message.source, sequence, word)
    } else if (message.tag === REVOKE && communicator !== undefined) this.revoke(communicator)
    else if (survivors === undefined && this.#endpoint.registry.mayBe(id)) {
      const early = this.#early.get(id) ?? []
      this.#early.set(id, early)
      early.push(message)
    }
  }
}

const noticesOf = new WeakMap<Endpoint, FailureNotices>()

/** Those of an endpoint; made with its first communicator. */
export function failureNoticesOf(endpoint: Endpoint): FailureNotices {
  let notices = noticesOf.get(endpoint)
  if (notices === undefined) {
    notices = new FailureNotices(endpoint)
    endpoint.failureNotices = notices
    noticesOf.set(endpoint, notices)
  }
  return notices
}
