import { subscribe } from 'node:diagnostics_channel'
import type { CollectiveEvent, MessageEvent } from '../diagnostics/channels.js'

/** Of a rank whose job is traced. */
export interface TraceSetting {
  /** When the job began, in milliseconds since 1970: the zero of all times. */
  readonly since: number
}

/** Text that is kept before it is handed on. */
const CHUNK = 32 * 1024
/** How long it is kept, where the rank's event loop has a turn. */
const FLUSH_MS = 500
/** A sending or a coming in is drawn as a slice of this many µs, for an arrow begins and ends in one. */
const WIDTH = 0.5

/**
 * Writes what a rank sends, receives and calls as events of Chrome's trace format, an object a line with a comma behind it. A rank is what
 * the format calls a process: the messages are its thread, each call a track of its own, so that calls that overlap stay apart.
 */
export class Tracer {
  readonly #rank: number
  readonly #zero: number
  readonly #write: (text: string) => void
  /** Messages of each path that were sent or received until now: the how-many-th tells which arrow it is. */
  readonly #sent = new Map<string, number>()
  readonly #received = new Map<string, number>()
  /** When the last slice of a message ends. */
  #free = 0
  #calls = 0
  #text = ''

  /** `rank` is that of the job, `title` what it is called. */
  constructor(rank: number, title: string, { since }: TraceSetting, write: (text: string) => void) {
    this.#rank = rank
    this.#zero = since - performance.timeOrigin
    this.#write = write
    this.#put({ ph: 'M', name: 'process_name', args: { name: `rank ${title}` } })
    this.#put({ ph: 'M', name: 'process_sort_index', args: { sort_index: rank } })
    this.#put({ ph: 'M', name: 'thread_name', args: { name: 'messages' } })
    subscribe('rxmpi:send', (event) => this.#message(event as MessageEvent, true))
    subscribe('rxmpi:receive', (event) => this.#message(event as MessageEvent, false))
    subscribe('rxmpi:collective', (event) => this.#collective(event as CollectiveEvent))
    setInterval(() => this.flush(), FLUSH_MS).unref()
  }

  flush(): void {
    if (this.#text === '') return
    const text = this.#text
    this.#text = ''
    this.#write(text)
  }

  #message({ peer, tag, communicator, kind, datatype, bytes, path, waited }: MessageEvent, out: boolean): void {
    if (kind === 'control') return
    const now = this.#now()
    const counts = out ? this.#sent : this.#received
    const count = counts.get(path) ?? 0
    counts.set(path, count + 1)
    const ts = Math.max(now, this.#free)
    this.#free = ts + WIDTH
    const args = { [out ? 'to' : 'from']: peer, tag: kind === 'message' ? tag : undefined, communicator, datatype, bytes }
    if (waited !== undefined) this.#call('recv', 'receive', now - waited * 1000, now, args)
    this.#put({ ph: 'X', cat: kind, name: out ? `to ${peer}` : `from ${peer}`, ts, dur: WIDTH, args })
    const arrow = { cat: kind, name: kind, id: `${path}#${count}`, ts }
    this.#put(out ? { ph: 's', ...arrow } : { ph: 'f', bp: 'e', ...arrow })
  }

  #collective({ phase, name, communicator, sequence, duration, ok }: CollectiveEvent): void {
    if (phase === 'begin' || duration === undefined) return
    const now = this.#now()
    this.#call(name, 'collective', now - duration * 1000, now, { communicator, sequence, ok })
  }

  #call(name: string, cat: string, begin: number, end: number, args: object): void {
    const id2 = { local: String(this.#calls++) }
    this.#put({ ph: 'b', cat, name, id2, ts: begin, args })
    this.#put({ ph: 'e', cat, name, id2, ts: end })
  }

  /** µs since the job began. */
  #now(): number {
    return (performance.now() - this.#zero) * 1000
  }

  #put(event: { ph: string; ts?: number; [name: string]: unknown }): void {
    const ts = event.ts === undefined ? undefined : Math.round(event.ts * 1000) / 1000
    this.#text += `${JSON.stringify({ ...event, pid: this.#rank, tid: 0, ts })},\n`
    if (this.#text.length >= CHUNK) this.flush()
  }
}
