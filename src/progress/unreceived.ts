import { withArticle } from '../codec/article.js'
import { NUMBER, nameOf, OBJECT, RECORDS } from '../codec/datatype.js'
import { shown } from '../diagnostics/arguments.js'
import { CHANNELS, CONTEXTS, CONTROL, GROUPS, kindIn, MESSAGES, NEXT, PARTITIONS, TURNS } from './context-ids.js'
import type { Endpoint } from './endpoint.js'
import type { Incoming } from './incoming.js'

/** A message of the user's that has come and that nobody has received. */
export interface Unreceived {
  readonly message: Incoming
  /** 'rank 0, tag 7', 'rank 0, in a collective on 'world.dup(1)'' */
  readonly origin: string
  /** The same without the rank. */
  readonly where: string
}

/** Those of a rank, or of one source. Messages whose senders still wait for a receive are not among them: of these their senders tell. */
export function* unreceived(endpoint: Endpoint, source?: number): Generator<Unreceived> {
  for (const message of endpoint.unreceived()) {
    if (message.answer || (source !== undefined && message.source !== source)) continue
    const kind = message.context & (CONTEXTS - 1)
    if (!isUsers(message, kind)) continue
    const id = message.context - kind
    const where = `${placeOf(message, kind)}${endpoint.on(id)}`
    yield { message, origin: `rank ${endpoint.rankIn(id, message.source)}, ${where}`, where }
  }
}

/** Whether it carries something of the user's, and not what ranks say to each other beside it. */
function isUsers({ call }: Incoming, kind: number): boolean {
  if (kind === CHANNELS) return kindIn(call) === NEXT
  return kind !== CONTROL && kind !== GROUPS && kind !== PARTITIONS && kind !== TURNS
}

function placeOf({ tag }: Incoming, kind: number): string {
  if (kind === MESSAGES) return `tag ${tag}`
  return kind === CHANNELS ? `in a stream, tag ${tag}` : 'in a collective'
}

/** For a report of a rank: 'rank 1 never received a number from rank 0, tag 7'. */
export function unreceivedBy(endpoint: Endpoint, title = `${endpoint.transport.rank}`): string[] {
  const lines = new Map<string, number>()
  for (const { message, origin } of unreceived(endpoint)) {
    const line = `rank ${title} never received ${contentOf(message)} from ${origin}`
    lines.set(line, (lines.get(line) ?? 0) + 1)
  }
  return Array.from(lines, ([line, count]) => (count === 1 ? line : `${line} (${count} times)`))
}

/** The value, if it is there and `show` can tell it in a few words; or what kind it is of. */
export function contentOf(message: Incoming, show: (value: unknown) => string = shown): string {
  try {
    if (message.complete) return show(message.value())
  } catch {}
  return kindOf(message)
}

/** 'a number', 'a Float64Array(3)', 'an object of 20 bytes' */
function kindOf({ datatype, bytes }: Incoming): string {
  if (datatype === NUMBER) return 'a number'
  if (datatype === RECORDS) return `records of ${bytes} bytes`
  return datatype === OBJECT ? `an object of ${bytes} bytes` : `${withArticle(nameOf(datatype))} of ${bytes} bytes`
}
