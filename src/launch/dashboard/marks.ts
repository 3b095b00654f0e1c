import { BEGUN, BROKEN_OFF, ENDED_WELL, GONE, type Log, QUEUED, RECEIVED, SENT } from '../../diagnostics/flight-recorder.js'
import { told } from '../protocol/log-entry.js'
import type { Mark, MarkKind } from './model/picture.js'

const KINDS: Record<number, MarkKind> = {
  [SENT]: 'send',
  [QUEUED]: 'queue',
  [RECEIVED]: 'receive',
  [BEGUN]: 'begin',
  [ENDED_WELL]: 'end',
  [BROKEN_OFF]: 'break',
  [GONE]: 'gone'
}

/** What a rank has done last, with its peers by the job's numbering; `base` is rank 0 of its world. */
export function marksOf(log: Log, base: number): Mark[] {
  const first = log.count - log.entries.length
  return log.entries.flatMap((entry, k) => {
    const kind = KINDS[entry.what]
    if (kind === undefined) return []
    return { n: first + k, time: entry.time, kind, peer: entry.peer < 0 ? undefined : base + entry.peer, text: told(entry, log) }
  })
}
