/**
 * What a rank has done last: a ring of entries in memory that the main thread of its host can read, whatever the rank does, and after its
 * end. Always on: an entry is a few stores, without garbage, and the clock, which costs more than all of them, is read for every 64th and
 * after each sleep.
 */

/** What an entry tells. */
export const SENT = 1
/** A message that could not go at once, or whole. */
export const QUEUED = 2
export const RECEIVED = 3
/** A collective has begun here, or is over; its name is in the place of the tag, its number in that of the bytes. */
export const BEGUN = 4
export const ENDED_WELL = 5
export const BROKEN_OFF = 6
/** A rank is no more. */
export const GONE = 7

/** Entries of a ring: a power of two. */
export const ENTRIES = 1024
/** Doubles of an entry: what, peer, context, tag, bytes, time. */
const FIELDS = 6
/** Before the entries: how many there have been. */
const HEAD = 1
const CLOCK = 63

/** Names that entries have numbers for: of collectives, and of communicators by their ids. */
const NAMES = 64
const NAME_BYTES = 48
const NAMES_AT = 8 * (HEAD + ENTRIES * FIELDS)
const nameAt = (table: number, slot: number): number => NAMES_AT + (table * NAMES + slot) * NAME_BYTES
const CALLS = 0
const COMMUNICATORS = 1

export const LOG_BYTES = NAMES_AT + 2 * NAMES * NAME_BYTES

export class FlightRecorder {
  readonly #entries: Float64Array
  readonly #bytes: Uint8Array
  readonly #calls = new Map<string, number>()
  #communicators = 0
  #count = 0
  #time = 0
  /** The clock is to be read for the next entry. */
  isStale = true

  constructor(memory: SharedArrayBuffer) {
    this.#entries = new Float64Array(memory, 0, HEAD + ENTRIES * FIELDS)
    this.#bytes = new Uint8Array(memory)
    this.#write(CALLS, NAMES - 1, 'another collective')
  }

  note(what: number, peer: number, context: number, tag: number, bytes: number): void {
    const count = this.#count++
    if (this.isStale || (count & CLOCK) === 0) this.#look()
    const entries = this.#entries
    const at = HEAD + (count & (ENTRIES - 1)) * FIELDS
    entries[at] = what
    entries[at + 1] = peer
    entries[at + 2] = context
    entries[at + 3] = tag
    entries[at + 4] = bytes
    entries[at + 5] = this.#time
    entries[0] = count + 1
  }

  /** Of a collective. */
  noteCall(what: number, context: number, name: string, sequence: number): void {
    const number = this.#calls.get(name) ?? this.#number(name)
    this.note(what, -1, context, number, sequence)
  }

  /** Names are few; where they are not, as those of a program that makes halos without end, the last number is for all that are left. */
  #number(name: string): number {
    const number = this.#calls.size
    if (number === NAMES - 1) return number
    this.#calls.set(name, number)
    this.#write(CALLS, number, name)
    return number
  }

  /** What a communicator is called. */
  name(id: number, name: string): void {
    const slot = this.#communicators++ & (NAMES - 1)
    this.#write(COMMUNICATORS, slot, `${id} ${name}`)
  }

  #look(): void {
    this.isStale = false
    this.#time = performance.timeOrigin + performance.now()
  }

  #write(table: number, slot: number, text: string): void {
    const place = this.#bytes.subarray(nameAt(table, slot), nameAt(table, slot) + NAME_BYTES)
    place.fill(0)
    for (let k = 0; k < Math.min(text.length, NAME_BYTES); k++) place[k] = text.charCodeAt(k)
  }
}

export interface Entry {
  what: number
  peer: number
  context: number
  tag: number
  bytes: number
  /** Milliseconds since 1970, to within the 64 entries of one look at the clock. */
  time: number
}

/** The last entries of a rank, from the oldest, and what their numbers mean. */
export interface Log {
  /** How many there have been. */
  count: number
  entries: Entry[]
  calls: string[]
  communicators: Map<number, string>
}

/** Reads what a rank writes, who may write meanwhile: then the oldest may be newer than they say. */
export function readLog(memory: SharedArrayBuffer, last: number): Log {
  const doubles = new Float64Array(memory, 0, HEAD + ENTRIES * FIELDS)
  const count = doubles[0]!
  const entries: Entry[] = []
  for (let k = Math.max(0, count - Math.min(last, ENTRIES)); k < count; k++) {
    const at = HEAD + (k & (ENTRIES - 1)) * FIELDS
    const [what, peer, context, tag, bytes, time] = doubles.subarray(at, at + FIELDS) as unknown as [
      number,
      number,
      number,
      number,
      number,
      number
    ]
    entries.push({ what, peer, context, tag, bytes, time })
  }
  const communicators = names(memory, COMMUNICATORS).flatMap((text) => {
    const [id, name] = [text.slice(0, text.indexOf(' ')), text.slice(text.indexOf(' ') + 1)]
    return text === '' ? [] : [[Number(id), name] as const]
  })
  return { count, entries, calls: names(memory, CALLS), communicators: new Map(communicators) }
}

function names(memory: SharedArrayBuffer, table: number): string[] {
  const bytes = new Uint8Array(memory)
  return Array.from({ length: NAMES }, (_, slot) => {
    if (bytes[nameAt(table, slot)] === 0) return ''
    const text = bytes.slice(nameAt(table, slot), nameAt(table, slot) + NAME_BYTES)
    return String.fromCharCode(...text).replace(/\0.*$/s, '')
  })
}
