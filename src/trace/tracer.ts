import { subscribe } from 'node:diagnostics_channel'
import type { CollectiveEvent } from '../diagnostics/channels.js'
import type { Endpoint } from '../progress/endpoint.js'
import { type MessageObserver, observeMessages } from '../progress/message-observers.js'
import { clockHere } from './clock.js'
import { CONTROL, Routes } from './routes.js'
import { RowMemory } from './row-memory.js'
import { BYTES, CALLED, RECEIVED, ROW, SENT, TAG, TIME, type TraceChunk, WAITED, WHAT, WHAT_BITS, WORDS } from './rows.js'

/** How long rows are kept, where the rank's event loop has a turn. */
const FLUSH_MS = 500

/** Notes what a rank sends, receives and calls, and hands it on in chunks. */
export class Tracer implements MessageObserver {
  readonly timesSends = true
  readonly #write: (chunk: TraceChunk) => void
  readonly #memory = new RowMemory()
  #rows = this.#memory.take()
  #words = new Int32Array(this.#rows.buffer)
  #at = 0
  #clock: TraceChunk['clock'] = clockHere()
  readonly #routes = new Routes()
  /** Numbers of calls, and what of them was not handed on yet. */
  readonly #calls = new Map<string, number>()
  #newCalls: TraceChunk['calls'][number][] = []

  constructor(write: (chunk: TraceChunk) => void) {
    this.#write = write
    observeMessages(this)
    subscribe('rxmpi:collective', (event) => this.#collective(event as CollectiveEvent))
    setInterval(() => this.flush(), FLUSH_MS).unref()
  }

  flush(): void {
    if (this.#at === 0) return
    const chunk: TraceChunk = {
      rows: this.#rows.subarray(0, this.#at),
      clock: this.#clock,
      ...this.#routes.takeNew(),
      calls: this.#newCalls
    }
    this.#rows = this.#memory.take()
    this.#words = new Int32Array(this.#rows.buffer)
    this.#at = 0
    this.#clock = undefined
    this.#newCalls = []
    this.#write(chunk)
  }

  sent(endpoint: Endpoint, context: number, to: number, bytes: number, _: unknown, tag: number, datatype: number, time: number): void {
    const route = this.#routes.of(endpoint, context, to, datatype)
    if (route !== CONTROL) this.#note(SENT | (route << WHAT_BITS), tag, time, bytes, -1)
  }

  received(
    endpoint: Endpoint,
    context: number,
    time: number,
    waited: number,
    _: unknown,
    from: number,
    tag: number,
    datatype: number,
    bytes: number
  ): void {
    const route = this.#routes.of(endpoint, context, from, datatype)
    if (route !== CONTROL) this.#note(RECEIVED | (route << WHAT_BITS), tag, time, bytes, waited)
  }

  #collective({ phase, name, communicator, sequence, time, duration, ok = false }: CollectiveEvent): void {
    if (phase === 'begin' || duration === undefined) return
    // The places are those of a message's tag and bytes.
    this.#note(CALLED | (this.#called(name, communicator, ok) << WHAT_BITS), sequence, time, duration, 0)
  }

  #note(what: number, tag: number, time: number, bytes: number, waited: number): void {
    const rows = this.#rows
    const at = this.#at
    this.#words[at * WORDS + WHAT] = what
    this.#words[at * WORDS + TAG] = tag
    rows[at + TIME] = time
    rows[at + BYTES] = bytes
    rows[at + WAITED] = waited
    this.#at = at + ROW
    if (at + ROW === rows.length) this.flush()
  }

  #called(name: string, communicator: string, ok: boolean): number {
    const key = `${ok} ${name} ${communicator}`
    let number = this.#calls.get(key)
    if (number === undefined) {
      number = this.#calls.size
      this.#calls.set(key, number)
      this.#newCalls.push({ name, communicator, ok })
    }
    return number
  }
}
