import { subscribe } from 'node:diagnostics_channel'
import type { CollectiveEvent } from '../diagnostics/channels.js'
import { communicatorOf } from '../progress/context-ids.js'
import { kindOf, type MessageReport } from '../progress/message-event.js'
import { clockHere } from './clock.js'
import {
  BYTES,
  CALLED,
  COMMUNICATOR,
  CONTEXT,
  DATATYPE,
  DURATION,
  FROM,
  NAME,
  OK,
  RECEIVED,
  ROW,
  ROWS,
  SENT,
  SEQUENCE,
  TAG,
  TIME,
  TO,
  type TraceChunk,
  WAITED,
  WHAT,
  WHAT_BITS
} from './rows.js'

/** How long rows are kept, where the rank's event loop has a turn. */
const FLUSH_MS = 500

/** Notes what a rank sends, receives and calls, and hands it on in chunks. */
export class Tracer {
  readonly #write: (chunk: TraceChunk) => void
  #rows = new Float64Array(ROW * ROWS)
  #at = 0
  #clock: TraceChunk['clock'] = clockHere()
  /** What numbers stand for, and what of it was not handed on yet. */
  readonly #fabrics = new Map<string, number>()
  readonly #communicators = new Map<string, Set<number>>()
  readonly #names = new Map<string, number>()
  #newFabrics: TraceChunk['fabrics'][number][] = []
  #newCommunicators: TraceChunk['communicators'][number][] = []
  #newNames: string[] = []
  /** The context and the fabric of the last message: most are of the same as the one before. */
  #context = Number.NaN
  #fabric: string | undefined
  #number = 0
  #isControl = false

  constructor(write: (chunk: TraceChunk) => void) {
    this.#write = write
    subscribe('rxmpi:send', (event) => this.#message(event as MessageReport, SENT))
    subscribe('rxmpi:receive', (event) => this.#message(event as MessageReport, RECEIVED))
    subscribe('rxmpi:collective', (event) => this.#collective(event as CollectiveEvent))
    setInterval(() => this.flush(), FLUSH_MS).unref()
  }

  flush(): void {
    if (this.#at === 0) return
    const chunk: TraceChunk = {
      // A whole one is handed over as it is.
      rows: this.#at === this.#rows.length ? this.#rows : this.#rows.slice(0, this.#at),
      clock: this.#clock,
      fabrics: this.#newFabrics,
      communicators: this.#newCommunicators,
      names: this.#newNames
    }
    if (this.#at === this.#rows.length) this.#rows = new Float64Array(ROW * ROWS)
    this.#at = 0
    this.#clock = undefined
    this.#newFabrics = []
    this.#newCommunicators = []
    this.#newNames = []
    this.#write(chunk)
  }

  #message(event: MessageReport, what: number): void {
    const { context } = event
    if (context !== this.#context || event.fabric !== this.#fabric) this.#turn(event)
    if (this.#isControl) return
    const rows = this.#rows
    const at = this.#at
    rows[at + WHAT] = what | (this.#number << WHAT_BITS)
    rows[at + TIME] = event.time
    rows[at + CONTEXT] = context
    rows[at + FROM] = event.from
    rows[at + TO] = event.to
    rows[at + TAG] = event.tag
    rows[at + DATATYPE] = event.code
    rows[at + BYTES] = event.bytes
    rows[at + WAITED] = event.waited ?? -1
    this.#next()
  }

  #collective({ phase, name, communicator, sequence, time, duration, ok }: CollectiveEvent): void {
    if (phase === 'begin' || duration === undefined) return
    const rows = this.#rows
    const at = this.#at
    rows[at + WHAT] = CALLED
    rows[at + TIME] = time
    rows[at + DURATION] = duration
    rows[at + NAME] = this.#named(name)
    rows[at + COMMUNICATOR] = this.#named(communicator)
    rows[at + SEQUENCE] = sequence
    rows[at + OK] = ok === true ? 1 : 0
    this.#next()
  }

  #next(): void {
    this.#at += ROW
    if (this.#at === this.#rows.length) this.flush()
  }

  /** A message of another context than the last. */
  #turn(event: MessageReport): void {
    const { fabric, context, processes, communicator } = event
    let number = this.#fabrics.get(fabric)
    if (number === undefined) {
      number = this.#fabrics.size
      this.#fabrics.set(fabric, number)
      this.#newFabrics.push({ name: fabric, processes })
    }
    const id = communicatorOf(context)
    const known = this.#communicators.get(fabric) ?? new Set()
    this.#communicators.set(fabric, known)
    if (communicator !== undefined && !known.has(id)) {
      known.add(id)
      this.#newCommunicators.push({ fabric: number, id, name: communicator })
    }
    this.#context = context
    this.#fabric = fabric
    this.#number = number
    // What rxmpi says itself.
    this.#isControl = kindOf(id, context - id) === 'control'
  }

  #named(name: string): number {
    let number = this.#names.get(name)
    if (number === undefined) {
      number = this.#names.size
      this.#names.set(name, number)
      this.#newNames.push(name)
    }
    return number
  }
}
