import { nameOf } from '../codec/datatype.js'
import type { MessageEvent } from '../diagnostics/channels.js'
import { CHANNELS, COLLECTIVES, communicatorOf, LENT, MESSAGES, PARTITIONS, SECOND_LANE } from './context-ids.js'
import type { Endpoint } from './endpoint.js'

/** A message as those who listen to diagnostics channels are told of it. */
export function messageEvent(
  endpoint: Endpoint,
  from: number,
  to: number,
  { context, tag, datatype, bytes }: Told,
  waited?: number
): MessageEvent {
  const id = communicatorOf(context)
  const { rank } = endpoint.transport
  return {
    rank: endpoint.rankIn(id, rank),
    peer: endpoint.rankIn(id, from === rank ? to : from),
    tag,
    communicator: endpoint.registry.communicator(id)?.name,
    kind: kindOf(id, context - id),
    datatype: nameOf(datatype),
    bytes,
    path: `${endpoint.fabric}:${context}:${from}>${to}:${tag}`,
    waited
  }
}

interface Told {
  readonly context: number
  readonly tag: number
  readonly datatype: number
  readonly bytes: number
}

/** What it is part of, going by the id of its communicator and its context there. */
export function kindOf(id: number, part: number): MessageEvent['kind'] {
  if (id === LENT || part === CHANNELS) return 'stream'
  if (part === COLLECTIVES || part === SECOND_LANE) return 'collective'
  return (part === MESSAGES || part === PARTITIONS) && id >= 0 ? 'message' : 'control'
}
