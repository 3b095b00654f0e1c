import { ArgumentError } from '../errors.js'

/** A message of a run. Ranks are those of the job; times are µs since it began. */
export interface Message {
  readonly from: number
  /** Undefined where nobody has received it and its sender did not tell. */
  readonly to: number | undefined
  /** Undefined where the trace has only its coming in. */
  readonly sent: number | undefined
  /** Undefined where it was not received. */
  readonly received: number | undefined
  /** How long a call of the program has waited for it, in µs. */
  readonly waited: number | undefined
  /** What it is part of. */
  readonly kind: string
  /** Of a message of the program. */
  readonly tag: number | undefined
  readonly communicator: string
  readonly datatype: string
  readonly bytes: number
}

export interface Rank {
  readonly rank: number
  /** What it is called: `3`, or `1.0` in a world that was not there from the start. */
  readonly title: string
  /** `cut`: it was ended with the job; undefined: the trace does not tell. */
  readonly end: { readonly time: number; readonly how: 'end' | 'failure' | 'cut'; readonly reason: string | undefined } | undefined
}

/** What a trace tells. */
export interface Run {
  readonly ranks: readonly Rank[]
  /** In the order in which they were sent. */
  readonly messages: readonly Message[]
}

interface TraceEvent {
  ph: string
  name: string
  pid: number
  ts: number
  cat?: string
  id?: string
  args?: {
    name?: string
    to?: unknown
    from?: unknown
    tag?: number
    communicator?: string
    datatype?: string
    bytes?: number
    reason?: string
  }
  id2?: { local?: string }
}

/** Reads what `rxmpi run --trace` has written; `name` is the file's, for errors. */
export function readRun(text: string, name: string): Run {
  const events = parsed(text)
  if (events === undefined || !events.some(({ ph, name }) => ph === 'M' && name === 'process_name'))
    throw new ArgumentError(`${name}: expected a trace that rxmpi run --trace has written`)
  const titles = new Map<number, string>()
  const ends = new Map<number, NonNullable<Rank['end']>>()
  const messages = new Map<string, { -readonly [K in keyof Message]: Message[K] }>()
  const begun = new Map<string, number>()
  /** How long the receive has waited that ends with the next coming in on its rank. */
  const waits = new Map<number, { end: number; waited: number }>()
  /** The slice in which an arrow ends stands before it. */
  const slices = new Map<number, TraceEvent>()
  for (const event of events) {
    const { ph, pid, ts, cat } = event
    if (ph === 'M' && event.name === 'process_name') titles.set(pid, (event.args?.name ?? '').replace(/^rank /, ''))
    else if (ph === 'X') slices.set(pid, event)
    else if (ph === 'i' && cat === 'end') ends.set(pid, { time: ts, how: event.name as 'end', reason: event.args?.reason })
    else if (ph === 'b' && cat === 'receive') begun.set(`${pid} ${event.id2?.local}`, ts)
    else if (ph === 'e' && cat === 'receive') {
      const key = `${pid} ${event.id2?.local}`
      waits.set(pid, { end: ts, waited: ts - (begun.get(key) ?? ts) })
      begun.delete(key)
    } else if (ph === 's' || ph === 'f') {
      const { args = {} } = slices.get(pid) ?? {}
      const { tag, communicator = '', datatype = '', bytes = 0 } = args
      let message = messages.get(event.id!)
      if (message === undefined) {
        message = {
          from: ph === 's' ? pid : (rankOf(args.from) ?? ELSEWHERE),
          to: ph === 's' ? rankOf(args.to) : pid,
          sent: undefined,
          received: undefined,
          waited: undefined,
          kind: cat ?? 'message',
          tag,
          communicator,
          datatype,
          bytes
        }
        messages.set(event.id!, message)
      }
      if (ph === 's') {
        message.from = pid
        message.sent = ts
      } else {
        message.to = pid
        message.received = ts
        const wait = waits.get(pid)
        if (wait?.end === ts) message.waited = wait.waited
        waits.delete(pid)
      }
    }
  }
  const ranks = [...titles].map(([rank, title]) => ({ rank, title, end: ends.get(rank) })).sort((one, other) => one.rank - other.rank)
  const known = [...messages.values()].filter(({ from }) => from !== ELSEWHERE)
  const when = ({ sent, received }: Message): number => sent ?? received ?? 0
  return { ranks, messages: known.sort((one, other) => when(one) - when(other)) }
}

const ELSEWHERE = -1
/** Ranks of other jobs have no lines. */
const rankOf = (told: unknown): number | undefined => (typeof told === 'number' ? told : undefined)

/**
 * All events, an object a line as they were written, or as JSON that somebody has laid out anew. A trace that was broken off has no end.
 */
function parsed(text: string): TraceEvent[] | undefined {
  try {
    const whole = JSON.parse(text) as TraceEvent[] | { traceEvents?: TraceEvent[] }
    const events = Array.isArray(whole) ? whole : whole.traceEvents
    return Array.isArray(events) ? events : undefined
  } catch {
    const lines = text.split('\n').filter((line) => line.startsWith('{') && line.endsWith('},'))
    try {
      return lines.map((line) => JSON.parse(line.slice(0, -1)) as TraceEvent)
    } catch {
      return undefined
    }
  }
}
