import { nameOf } from '../codec/datatype.js'
import type { MessageEvent } from '../diagnostics/channels.js'
import { CHANNELS, COLLECTIVES, communicatorOf, LENT, MESSAGES, PARTITIONS, SECOND_LANE } from './context-ids.js'
import type { Endpoint } from './endpoint.js'

/** A message as those who listen to diagnostics channels are told of it. */
export function messageEvent(
  endpoint: Endpoint,
  member: number,
  context: number,
  tag: number,
  datatype: number,
  bytes: number
): MessageEvent {
  const id = communicatorOf(context)
  return {
    rank: endpoint.rankIn(id, endpoint.transport.rank),
    peer: endpoint.rankIn(id, member),
    tag,
    communicator: endpoint.registry.communicator(id)?.name,
    kind: kindOf(id, context - id),
    datatype: nameOf(datatype),
    bytes
  }
}

function kindOf(id: number, part: number): MessageEvent['kind'] {
  if (id === LENT || part === CHANNELS) return 'stream'
  if (part === COLLECTIVES || part === SECOND_LANE) return 'collective'
  return (part === MESSAGES || part === PARTITIONS) && id >= 0 ? 'message' : 'control'
}
