import { nameOf } from '../codec/datatype.js'
import { communicatorOf } from '../progress/context-ids.js'
import { kindOf } from '../progress/message-event.js'
import { Arrows, corrections, type End } from './arrows.js'
import {
  BYTES,
  CALLED,
  type Clock,
  DURATION,
  RECEIVED,
  ROW,
  type Route,
  SENT,
  SEQUENCE,
  TAG,
  TIME,
  type TraceChunk,
  type TracedCall,
  WAITED,
  WHAT,
  WHAT_BITS,
  WORDS
} from './rows.js'

/** Rows as they are read. */
class Rows {
  readonly length: number
  readonly #doubles: Float64Array
  readonly #words: Int32Array

  constructor(doubles: Float64Array) {
    this.#doubles = doubles
    this.#words = new Int32Array(doubles.buffer, doubles.byteOffset, doubles.length * WORDS)
    this.length = doubles.length / ROW
  }

  what(row: number): number {
    return this.#word(row, WHAT) & ((1 << WHAT_BITS) - 1)
  }

  /** Of its route, or its call. */
  number(row: number): number {
    return this.#word(row, WHAT) >>> WHAT_BITS
  }

  tag(row: number): number {
    return this.#word(row, TAG)
  }

  sequence(row: number): number {
    return this.#word(row, SEQUENCE)
  }

  double(row: number, which: typeof TIME | typeof BYTES | typeof WAITED | typeof DURATION): number {
    return this.#doubles[row * ROW + which]!
  }

  #word(row: number, which: number): number {
    return this.#words[row * ROW * WORDS + which]!
  }
}

/** What is known of a process beside its rows. */
export class Traced {
  readonly process: number
  readonly title: string
  readonly fabrics: TraceChunk['fabrics'][number][] = []
  readonly routes: Route[] = []
  readonly calls: TracedCall[] = []
  clock: Clock | undefined
  /** When it has ended, in milliseconds since the job began; `cut`: with the job. */
  end: { readonly time: number; readonly what: 'end' | 'failure' | 'cut'; readonly reason: string | undefined } | undefined

  constructor(process: number, title: string) {
    this.process = process
    this.title = title
  }

  learn({ clock, fabrics, routes, calls }: Omit<TraceChunk, 'rows'>): void {
    this.clock ??= clock
    this.fabrics.push(...fabrics)
    this.routes.push(...routes)
    this.calls.push(...calls)
  }

  path({ fabric, context, peer }: Route, what: number, tag: number): string {
    const { name, rank } = this.fabrics[fabric]!
    const ends = what === SENT ? `${rank}>${peer}` : `${peer}>${rank}`
    return `${name}:${context}:${ends}:${tag}`
  }

  /** Who the other end of a route is in the job. */
  peer({ fabric, peer }: Route): number | string {
    return this.fabrics[fabric]!.processes?.[peer] ?? peer
  }
}

export interface Recorded {
  /** The clock of the launcher when the job began. */
  readonly clock: Clock
  readonly since: number
  readonly traced: readonly Traced[]
  /** All rows, as often as they are asked for. */
  chunks(): Iterable<{ readonly traced: Traced; readonly rows: Float64Array }>
}

/** Times of all ranks as µs since the job began. */
class Times {
  readonly #offsets: (number | undefined)[] = []
  readonly #clocks: number[] = []
  readonly #forward: number[]
  /** When messages were sent that by the clocks came before: where one has drifted, no correction of it does for all. */
  readonly late = new Map<number, number>()

  constructor({ clock, since, traced, chunks }: Recorded) {
    const ids = [clock.id]
    const walls = [clock.wall]
    for (const { process, clock: own } of traced) {
      if (own === undefined) continue
      if (!ids.includes(own.id)) {
        ids.push(own.id)
        walls.push(own.wall)
      }
      const number = ids.indexOf(own.id)
      this.#clocks[process] = number
      // On one machine the clocks on the wall, which somebody may have set meanwhile, say nothing.
      this.#offsets[process] = own.offset + (number === 0 ? 0 : walls[number]! - clock.wall) - since
    }
    this.#forward = ids.map(() => 0)
    if (ids.length === 1) return
    const least = new Map<string, [number, number, number]>()
    this.#pairs(chunks, (_, sent, received) => {
      if (sent.clock === received.clock) return
      const key = `${sent.clock} ${received.clock}`
      const time = received.time - sent.time
      if (time < (least.get(key)?.[2] ?? Number.POSITIVE_INFINITY)) least.set(key, [sent.clock, received.clock, time])
    })
    this.#forward = corrections(ids.length, least)
    const holds = [...least.values()].every(([from, to, time]) => time + this.#forward[to]! - this.#forward[from]! >= 0)
    if (holds) return
    this.#pairs(chunks, (id, sent, received) => {
      if (received.time < sent.time) this.late.set(id, sent.time)
    })
  }

  of(process: number, time: number): number {
    return (time + (this.#offsets[process] ?? 0)) * 1000 + this.#forward[this.#clocks[process] ?? 0]!
  }

  /** Of the launcher itself. */
  here(time: number): number {
    return time * 1000 + this.#forward[0]!
  }

  #pairs(chunks: Recorded['chunks'], meet: (id: number, sent: End, received: End) => void): void {
    const arrows = new Arrows(meet)
    for (const { traced, rows: doubles } of chunks()) {
      const { process } = traced
      const rows = new Rows(doubles)
      for (let row = 0; row < rows.length; row++) {
        const what = rows.what(row)
        if (what === CALLED) continue
        const time = this.of(process, rows.double(row, TIME))
        const path = traced.path(traced.routes[rows.number(row)]!, what, rows.tag(row))
        arrows.add({ path, time, clock: this.#clocks[process]! }, what === SENT)
      }
    }
  }
}

/** A sending or a coming in is drawn as a slice of so many µs, where nothing follows sooner: an arrow begins and ends in one. */
const WIDTH = 0.5

/** Texts of a few values as JSON: they are asked for again and again. */
class Quoted {
  readonly #known = new Map<string | number, string>()

  of(value: string | number): string {
    let text = this.#known.get(value)
    if (text === undefined) {
      text = JSON.stringify(value)
      this.#known.set(value, text)
    }
    return text
  }
}

/**
 * Writes what ranks have done as events of Chrome's trace format, an object a line. A rank is what the format calls a process: the messages
 * are its thread, each call a track of its own, so that calls that overlap stay apart.
 */
export function formatTrace(recorded: Recorded, write: (text: string) => void): void {
  const times = new Times(recorded)
  const arrows = new Arrows()
  /** Calls of each process. */
  const calls = new Map<number, number>()

  const quoted = new Quoted()

  // By hand: there are millions of them, and JSON.stringify takes several times as long.
  const put = (pid: number, ts: number | undefined, event: string): void =>
    write(`{${event},"pid":${pid},"tid":0${ts === undefined ? '' : `,"ts":${rounded(ts)}`}},\n`)
  const call = (pid: number, name: string, cat: string, begin: number, end: number, args: string): void => {
    const number = calls.get(pid) ?? 0
    calls.set(pid, number + 1)
    const what = `"cat":"${cat}","name":${quoted.of(name)},"id2":{"local":"${number}"}`
    put(pid, begin, `"ph":"b",${what},"args":{${args}}`)
    put(pid, end, `"ph":"e",${what}`)
  }
  const message = (traced: Traced, rows: Rows, row: number, ts: number, id: number, next: number): void => {
    const { process } = traced
    const isSent = rows.what(row) === SENT
    const route = traced.routes[rows.number(row)]!
    const { context, communicator, datatype } = route
    const part = communicatorOf(context)
    const kind = kindOf(part, context - part)
    const peer = traced.peer(route)
    const args = [
      `"${isSent ? 'to' : 'from'}":${quoted.of(peer)}`,
      kind === 'message' ? `,"tag":${rows.tag(row)}` : '',
      communicator === undefined ? '' : `,"communicator":${quoted.of(communicator)}`,
      `,"datatype":"${nameOf(datatype)}","bytes":${rows.double(row, BYTES)}`
    ].join('')
    const waited = rows.double(row, WAITED)
    if (waited >= 0) call(process, 'recv', 'receive', ts - waited * 1000, ts, args)
    const dur = rounded(Math.max(0, Math.min(WIDTH, next - ts)))
    put(process, ts, `"ph":"X","cat":"${kind}","name":${quoted.of(isSent ? `to ${peer}` : `from ${peer}`)},"dur":${dur},"args":{${args}}`)
    put(process, ts, `"ph":${isSent ? '"s"' : '"f","bp":"e"'},"cat":"${kind}","name":"${kind}","id":"${id}"`)
  }

  for (const { process, title, end } of recorded.traced) {
    put(process, undefined, `"ph":"M","name":"process_name","args":{"name":${quoted.of(`rank ${title}`)}}`)
    put(process, undefined, `"ph":"M","name":"process_sort_index","args":{"sort_index":${process}}`)
    put(process, undefined, '"ph":"M","name":"thread_name","args":{"name":"messages"}')
    if (end === undefined) continue
    const args = end.reason === undefined ? '' : `,"args":{"reason":${quoted.of(end.reason)}}`
    put(process, times.here(end.time), `"ph":"i","s":"p","cat":"end","name":"${end.what}"${args}`)
  }
  for (const { traced, rows: doubles } of recorded.chunks()) {
    const { process } = traced
    const rows = new Rows(doubles)
    const found: { row: number; ts: number; id: number }[] = []
    for (let row = 0; row < rows.length; row++) {
      const ts = times.of(process, rows.double(row, TIME))
      const what = rows.what(row)
      if (what === CALLED) {
        const { name, communicator, ok } = traced.calls[rows.number(row)]!
        const args = `"communicator":${quoted.of(communicator)},"sequence":${rows.sequence(row)},"ok":${ok}`
        call(process, name, 'collective', ts - rows.double(row, DURATION) * 1000, ts, args)
        continue
      }
      const path = traced.path(traced.routes[rows.number(row)]!, what, rows.tag(row))
      const id = arrows.add({ path, time: ts, clock: 0 }, what === SENT)
      found.push({ row, id, ts: what === RECEIVED ? Math.max(ts, times.late.get(id) ?? ts) : ts })
    }
    // What was told of last may have begun before: a message to itself is received within the call that sends it.
    found.sort((one, other) => one.ts - other.ts)
    for (const [k, { row, ts, id }] of found.entries()) message(traced, rows, row, ts, id, found[k + 1]?.ts ?? Number.POSITIVE_INFINITY)
  }
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000
