import { nameOf } from '../codec/datatype.js'
import type { CallSite } from '../diagnostics/call-site.js'
import type { MessageEvent } from '../diagnostics/channels.js'
import { CHANNELS, COLLECTIVES, communicatorOf, LENT, MESSAGES, PARTITIONS, SECOND_LANE } from './context-ids.js'
import type { Endpoint } from './endpoint.js'

/**
 * A message as those who listen to diagnostics channels are told of it. It is made for every message while somebody listens, so it only
 * keeps what is at hand: names, ranks and the path are found when they are asked for.
 */
export class MessageReport implements MessageEvent {
  readonly #endpoint: Endpoint
  /** @internal Which of the job's fabrics it goes through. */
  readonly fabric: string
  /** @internal Numbers of the fabric, not of the communicator. */
  readonly from: number
  /** @internal */
  readonly to: number
  /** @internal */
  readonly context: number
  /** @internal */
  readonly code: number
  readonly tag: number
  readonly bytes: number
  readonly time: number
  readonly waited: number | undefined
  readonly site: CallSite | undefined

  constructor(
    endpoint: Endpoint,
    from: number,
    to: number,
    context: number,
    tag: number,
    code: number,
    bytes: number,
    time: number,
    waited: number | undefined,
    site: CallSite | undefined
  ) {
    this.#endpoint = endpoint
    this.fabric = endpoint.fabric
    this.from = from
    this.to = to
    this.context = context
    this.tag = tag
    this.code = code
    this.bytes = bytes
    this.time = time
    this.waited = waited
    this.site = site
  }

  get rank(): number {
    return this.#rankOf(this.#endpoint.transport.rank)
  }

  get peer(): number {
    return this.#rankOf(this.from === this.#endpoint.transport.rank ? this.to : this.from)
  }

  get communicator(): string | undefined {
    return this.#endpoint.registry.communicator(communicatorOf(this.context))?.name
  }

  get kind(): MessageEvent['kind'] {
    const id = communicatorOf(this.context)
    return kindOf(id, this.context - id)
  }

  get datatype(): string {
    return nameOf(this.code)
  }

  get path(): string {
    return `${this.fabric}:${this.context}:${this.from}>${this.to}:${this.tag}`
  }

  /** @internal Who a number of the fabric is. */
  get processes(): Endpoint['processes'] {
    return this.#endpoint.processes
  }

  /** What it tells, as an object of its own. */
  toJSON(): MessageEvent {
    const { rank, peer, tag, communicator, kind, datatype, bytes, path, time, waited } = this
    return { rank, peer, tag, communicator, kind, datatype, bytes, path, time, waited }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): MessageEvent {
    return this.toJSON()
  }

  #rankOf(member: number): number {
    return this.#endpoint.rankIn(communicatorOf(this.context), member)
  }
}

/** What it is part of, going by the id of its communicator and its context there. */
export function kindOf(id: number, part: number): MessageEvent['kind'] {
  if (id === LENT || part === CHANNELS) return 'stream'
  if (part === COLLECTIVES || part === SECOND_LANE) return 'collective'
  return (part === MESSAGES || part === PARTITIONS) && id >= 0 ? 'message' : 'control'
}
