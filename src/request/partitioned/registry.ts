import { UINT8 } from '../../codec/datatype.js'
import { ANY_SOURCE, ANY_TAG } from '../../constants.js'
import type { CommunicatorCore } from '../../core/communicator-core.js'
import { PARTITIONS } from '../../progress/context-ids.js'
import { Listener, sendControl } from '../../progress/control-message.js'
import { type Incoming, nobody, type Taker, type Waiting } from '../../progress/incoming.js'
import type { Form } from './cut.js'

/**
 * The ends of partitioned sends of a communicator on this rank.
 *
 * A start of the receiver sends a grant, with a number for its data: the sender writes its partitions under that number as they become
 * ready, each with its place, and straight to where it belongs. So nothing is ever kept for a receive that has not started. The n-th start
 * meets the n-th of the other end.
 */

/** The receiver has started: its number, the first time with its form. */
const GRANT = 1
/** The sender has given up the start that the number was granted to. */
const ABANDONED = 2
/** The sender's form, which is another. */
const MISFIT = 3

export interface Grant {
  readonly handle: number
  /** Of the receiver's memory; only the first says it. */
  readonly form: Form | undefined
}

/** What a sender tells of itself when the two do not go together. */
export interface Other extends Form {
  /** ', at a.ts:3:1', or nothing. */
  readonly made: string
}

/** A sending end. */
interface Sender {
  granted(grant: Grant): void
}

/** A start of a receiving end. */
interface Receiver {
  taker(message: Incoming): Taker
  abandoned(): void
  misfits(other: Other): void
}

/** A start that waits. */
export type Half = Waiting & { readonly peer: number; readonly waits: boolean }

/** An end is known to the other by peer, tag and its number among those that were made for them. */
export interface End {
  readonly peer: number
  readonly tag: number
  readonly number: number
}

export class PartitionRegistry {
  readonly #comm: CommunicatorCore
  readonly #starts = new Set<Half>()
  readonly #senders = new Map<string, Sender>()
  readonly #receivers = new Map<number, Receiver>()
  /** Of receivers whose sender was not made yet. */
  readonly #early = new Map<string, Grant[]>()
  /** Ends made so far, by direction, peer and tag. */
  readonly #made = new Map<string, number>()
  readonly #listener = new Listener((message) => this.#hear(message))
  #handles = 0

  constructor(comm: CommunicatorCore) {
    this.#comm = comm
    const { endpoint } = comm
    const context = endpoint.context(comm.id + PARTITIONS)
    context.halves = this.#starts
    context.listener = (message) => this.#takerOf(message)
    for (let early = context.matching.find(ANY_SOURCE, ANY_TAG); early !== undefined; early = context.matching.find(ANY_SOURCE, ANY_TAG)) {
      endpoint.take(context, early)
      endpoint.assign(early, this.#takerOf(early))
    }
  }

  /** A sending end is made. */
  addSender(peer: number, tag: number, sender: Sender): End {
    const end = this.#next('to', peer, tag)
    this.#senders.set(keyOf(end), sender)
    const early = this.#early.get(keyOf(end)) ?? []
    this.#early.delete(keyOf(end))
    for (const grant of early) sender.granted(grant)
    return end
  }

  removeSender(end: End): void {
    this.#senders.delete(keyOf(end))
  }

  addReceiver(peer: number, tag: number): End {
    return this.#next('from', peer, tag)
  }

  begin(start: Half): void {
    this.#starts.add(start)
  }

  end(start: Half): void {
    this.#starts.delete(start)
  }

  /** A receiver has started. Returns the number of its data. */
  grant({ peer, tag, number }: End, receiver: Receiver, form: Form | undefined): number {
    do this.#handles = (this.#handles + 1) | 0
    while (this.#receivers.has(this.#handles))
    const handle = this.#handles
    this.#receivers.set(handle, receiver)
    this.#say(peer, tag, number, GRANT, form === undefined ? handle : { handle, form })
    return handle
  }

  /** Nothing is wanted any more under that number. */
  revoke(handle: number): void {
    this.#receivers.delete(handle)
  }

  abandon({ peer }: End, handle: number): void {
    this.#say(peer, handle, 0, ABANDONED, 0)
  }

  misfit({ peer }: End, handle: number, other: Other): void {
    this.#say(peer, handle, 0, MISFIT, other)
  }

  #say(peer: number, tag: number, call: number, kind: number, saying: unknown): void {
    sendControl(this.#comm.endpoint, peer, this.#comm.id + PARTITIONS, saying, tag, call, kind)
  }

  #next(direction: 'to' | 'from', peer: number, tag: number): End {
    const key = `${direction} ${peer} ${tag}`
    const number = this.#made.get(key) ?? 0
    this.#made.set(key, number + 1)
    return { peer, tag, number }
  }

  #takerOf(message: Incoming): Taker {
    if (message.datatype !== UINT8) return this.#listener
    return this.#receivers.get(message.tag)?.taker(message) ?? nobody(message.tag)
  }

  #hear(message: Incoming): void {
    const { source: peer, tag, call: number, shape: kind } = message
    const saying = message.value()
    if (kind === ABANDONED) this.#receivers.get(tag)?.abandoned()
    else if (kind === MISFIT) this.#receivers.get(tag)?.misfits(saying as Other)
    else if (kind === GRANT) {
      const grant = typeof saying === 'number' ? { handle: saying, form: undefined } : (saying as Grant)
      const key = keyOf({ peer, tag, number })
      const sender = this.#senders.get(key)
      if (sender !== undefined) sender.granted(grant)
      else if (number >= (this.#made.get(`to ${peer} ${tag}`) ?? 0)) {
        const early = this.#early.get(key)
        if (early === undefined) this.#early.set(key, [grant])
        else early.push(grant)
      }
    }
  }
}

const keyOf = ({ peer, tag, number }: End): string => `${peer} ${tag} ${number}`

const registries = new WeakMap<CommunicatorCore, PartitionRegistry>()

export function partitionsOf(comm: CommunicatorCore): PartitionRegistry {
  let registry = registries.get(comm)
  if (registry === undefined) {
    registry = new PartitionRegistry(comm)
    registries.set(comm, registry)
  }
  return registry
}
