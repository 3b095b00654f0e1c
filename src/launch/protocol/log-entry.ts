import { BEGUN, BROKEN_OFF, ENDED_WELL, type Entry, GONE, type Log, QUEUED, RECEIVED } from '../../diagnostics/flight-recorder.js'
import { communicatorOf } from '../../progress/context-ids.js'
import { kindOf } from '../../progress/message-event.js'

/** An entry in words: 'sends 8 bytes to rank 1, tag 0'. */
export function told({ what, peer, context, tag, bytes }: Entry, { calls, communicators }: Log): string {
  const id = communicatorOf(context)
  const name = communicators.get(id)
  const on = name === undefined ? '' : ` on '${name}'`
  switch (what) {
    case BEGUN:
      return `begins ${calls[tag]}${on}, number ${bytes}`
    case ENDED_WELL:
      return `ends ${calls[tag]}${on}, number ${bytes}`
    case BROKEN_OFF:
      return `breaks off ${calls[tag]}${on}, number ${bytes}`
    case GONE:
      return `hears that rank ${peer} is no more`
  }
  const kind = kindOf(id, context - id)
  const part = kind === 'message' ? `, tag ${tag}` : kind === 'control' ? ", rxmpi's own" : `, of a ${kind}`
  const size = `${bytes} byte${bytes === 1 ? '' : 's'}`
  if (what === RECEIVED) return `receives ${size} from rank ${peer}${part}${on}`
  return `${what === QUEUED ? 'queues' : 'sends'} ${size} to rank ${peer}${part}${on}`
}
