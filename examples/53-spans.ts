/**
 * Spans of messages, as OpenTelemetry has them, of a program that knows nothing of it: one where a message is sent, and one of its receive,
 * whose parent is the first, on whatever rank that is.
 *
 *     npx rxmpi run -n 4 examples/53-spans.ts
 *
 * Nothing is added to a message: its path and its number on it are the same at both ends, so both make the same ids of them.
 * MPI: the profiling interface, PMPI.
 */
import { createHash } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import { COMM_WORLD as comm } from 'rxmpi'

/** What is read here of what the channels tell. */
interface Message {
  rank: number
  peer: number
  tag: number
  kind: string
  bytes: number
  path: string
  time: number
  waited?: number
}

/** As in OTLP's JSON: POST { resourceSpans: [{ scopeSpans: [{ spans }] }] } to a collector's /v1/traces. */
interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: 'SPAN_KIND_PRODUCER' | 'SPAN_KIND_CONSUMER'
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: { key: string; value: { intValue: number } }[]
}

const spans: Span[] = []
const count = { sent: new Map<string, number>(), received: new Map<string, number>() }

const nanoseconds = (time: number): string => `${Math.round((performance.timeOrigin + time) * 1000)}000`
const idOf = (text: string, bytes: number): string =>
  createHash('sha256')
    .update(text)
    .digest('hex')
    .slice(0, 2 * bytes)

function note({ peer, tag, kind, bytes, path, time, waited = 0 }: Message, end: 'sent' | 'received'): void {
  if (kind !== 'message') return
  const number = count[end].get(path) ?? 0
  count[end].set(path, number + 1)
  const message = `${path}#${number}`
  spans.push({
    traceId: idOf(message, 16),
    spanId: idOf(`${message} ${end}`, 8),
    ...(end === 'received' ? { parentSpanId: idOf(`${message} sent`, 8) } : {}),
    name: end === 'sent' ? `send to ${peer}` : `receive from ${peer}`,
    kind: end === 'sent' ? 'SPAN_KIND_PRODUCER' : 'SPAN_KIND_CONSUMER',
    startTimeUnixNano: nanoseconds(time - waited),
    endTimeUnixNano: nanoseconds(time),
    attributes: Object.entries({ peer, tag, bytes }).map(([key, intValue]) => ({ key: `rxmpi.${key}`, value: { intValue } }))
  })
}

subscribe('rxmpi:send', (message) => note(message as Message, 'sent'))
subscribe('rxmpi:receive', (message) => note(message as Message, 'received'))

// The program itself: a token that goes round twice.
const left = (comm.rank - 1 + comm.size) % comm.size
const right = (comm.rank + 1) % comm.size
for (let round = 0; round < 2; round++) {
  if (comm.rank === 0) await comm.send(round, { dest: right, tag: 5 })
  await comm.recv({ source: left })
  if (comm.rank !== 0) await comm.send(round, { dest: right, tag: 5 })
}

const all = (await comm.gather(spans))?.flat()
if (all !== undefined) {
  const sent = new Map(all.filter(({ kind }) => kind === 'SPAN_KIND_PRODUCER').map((span) => [span.spanId, span]))
  const received = all.filter(({ kind }) => kind === 'SPAN_KIND_CONSUMER')
  const joined = received.filter(({ traceId, parentSpanId }) => sent.get(parentSpanId!)?.traceId === traceId)
  console.log(`${sent.size} messages sent and ${received.length} received, ${joined.length} spans have their parent on the rank that sent`)
  if (process.argv.includes('--otlp')) console.log(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: all }] }] }))
}
