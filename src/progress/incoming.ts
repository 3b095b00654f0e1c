import { NUMBER, OBJECT, valueOn } from '../codec/datatype.js'
import { decodeObject } from '../codec/object.js'
import { ANY_SOURCE } from '../constants.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { copy, copyAll, copyRun, LARGEST_UINT8ARRAY, type Memory } from '../memory/copy.js'
import type { Runs } from '../memory/runs.js'
import { giveScratch, takeScratch, unfilled } from '../memory/scratch.js'
import type { Slot } from '../transport/transport.js'
import { ANSWER, LATER, MOVES } from './frame.js'
import type { Arrived, Posted } from './matching.js'

/** A message on its way in, and where its data goes. */
export class Incoming implements Arrived {
  readonly order: number
  gone = false
  /** Bytes that have come. */
  arrived = 0
  /** Who gets it; without one it is unexpected. */
  taker: Taker | undefined
  /** The memory its bytes go to; absent while its sender waits for a match, and where nobody wants them. */
  target: Memory | undefined
  /** The receiver's own memory is the target. */
  inPlace = false
  /** The receiver's own memory, where it is in pieces: the sink is theirs. */
  #runs: Runs | undefined
  /** Where the data goes instead: it is told each run of it, once and in order. */
  sink: Sink | undefined
  /** Of a collective: what the sender has called, and on how much. */
  call = 0
  shape = 0
  /** The memory that came by a move. */
  moved: ArrayBuffer | undefined
  /** Where in the target the data starts. */
  #offset = 0
  /** Its data was kept for whoever wants it: the memory, until that is known. */
  #kept: ArrayBuffer | undefined
  #number: number | undefined
  readonly source: number
  readonly tag: number
  readonly context: number
  readonly datatype: number
  readonly bytes: number
  readonly id: number
  /** Its sender still waits to hear that it was matched. */
  answer: boolean
  /** Its data comes only after that. */
  readonly later: boolean

  /** Its data comes as a buffer that changes its owner. */
  readonly moves: boolean

  constructor(order: number, source: number, tag: number, context: number, datatype: number, bytes: number, id: number, flags: number) {
    this.order = order
    this.source = source
    this.tag = tag
    this.context = context
    this.datatype = datatype
    this.bytes = bytes
    this.id = id
    this.answer = (flags & ANSWER) !== 0
    this.later = (flags & LATER) !== 0
    this.moves = (flags & MOVES) !== 0
  }

  get complete(): boolean {
    return this.arrived === this.bytes
  }

  /** The only segment has it all, and it will be read before that goes: no need to take anything over. */
  borrow(slot: Slot, at: number): void {
    this.target = slot.bytes
    if (this.datatype === NUMBER) this.#number = slot.doubles[at >> 3]!
    this.#offset = at
    this.arrived = this.bytes
  }

  /** It will be read later: what it has borrowed is copied. */
  own(): void {
    if (this.datatype !== OBJECT || this.later || this.target === undefined) return
    const borrowed = this.target as Uint8Array
    const at = this.#offset
    this.allocate()
    copy(borrowed, at, this.target as Uint8Array, this.#offset, this.bytes)
  }

  /** The data is one number: it needs no room. */
  keepNumber(slot: Slot, at: number): void {
    this.#number = slot.doubles[at >> 3]!
    this.target = nothing
    this.arrived = this.bytes
  }

  /** Takes over a segment's data. */
  add(slot: Slot, from: number, count: number): void {
    if (this.sink !== undefined) this.sink(slot.bytes, from, this.arrived, count)
    else if (this.target !== undefined && this.later) copyRun(slot.bytes, from, this.target, this.arrived, count)
    else if (this.target !== undefined) copy(slot.bytes, from, this.target as Uint8Array, this.#offset + this.arrived, count)
    this.arrived += count
  }

  /** Makes room of its own for the data. */
  allocate(): void {
    if (this.bytes === 0 && this.datatype === OBJECT) {
      this.target = nothing
      return
    }
    if (this.datatype === OBJECT && this.bytes <= SMALL) {
      this.#offset = inPool(this.bytes)
      this.target = pool
      return
    }
    const buffer = unfilled(this.bytes)
    this.target = this.later ? { buffer, byteOffset: 0, byteLength: this.bytes } : new Uint8Array(buffer)
  }

  /**
   * Makes room for the data of a message that nobody wants yet: memory that was used before, for most are copied to a place of their own
   * when they are received.
   */
  keep(): void {
    if (this.bytes < SCRATCH || this.datatype === OBJECT) return this.allocate()
    this.#kept = takeScratch(this.bytes, this.bytes)
    this.target = new Uint8Array(this.#kept)
  }

  /** Gives it a place in the receiver's memory, with what has come so far. */
  redirect(target: Memory): void {
    const buffer = this.moved ?? this.target?.buffer
    if (buffer !== undefined) copyAll({ buffer, byteOffset: this.target?.byteOffset ?? 0, byteLength: this.arrived }, target)
    this.target = target
    this.inPlace = true
    this.#giveBack()
  }

  /** Gives it places in the receiver's memory, which is in pieces, with what has come so far. */
  spread(runs: Runs): void {
    if (this.moved !== undefined) runs.scatter(0, this.bytes, { buffer: this.moved, byteOffset: 0, byteLength: this.bytes }, 0)
    else if (this.arrived > 0) runs.scatter(0, this.arrived, this.target!, this.#offset)
    this.target = undefined
    this.sink = runs.sink
    this.#runs = runs
    this.#giveBack()
  }

  /** All of it has come at once, as a buffer that has changed its owner. */
  takeOver(buffer: ArrayBuffer): void {
    this.arrived = this.bytes
    if (this.#runs !== undefined) this.#runs.scatter(0, this.bytes, { buffer, byteOffset: 0, byteLength: this.bytes }, 0)
    else if (this.inPlace) copyAll({ buffer, byteOffset: 0, byteLength: buffer.byteLength }, this.target!)
    else this.moved = buffer
  }

  /** Has each run of the data told to `sink`, with what has come so far. */
  pour(sink: Sink): void {
    this.sink = sink
    if (this.arrived > 0) sink(this.target as Uint8Array, this.#offset, 0, this.arrived)
    this.target = undefined
    this.#giveBack()
  }

  #giveBack(): void {
    if (this.#kept === undefined) return
    giveScratch(this.#kept)
    this.#kept = undefined
  }

  /** The receiver's memory is gone, for it was transferred away, or its sink has thrown: what is still to come is only counted. */
  lose(cause: unknown, taker = this.taker): void {
    this.target = undefined
    this.sink = undefined
    this.#runs = undefined
    taker?.spoil?.(cause)
  }

  /** Whether its data was wanted: it is somewhere, or will be. */
  get isWanted(): boolean {
    return this.target !== undefined || this.#runs !== undefined || this.moves
  }

  /** Leaves the receiver's memory, with what has come so far. */
  leave(): void {
    const { target } = this
    if (this.#runs !== undefined) return this.#gatherBack(this.#runs)
    if (!this.inPlace || target === undefined) return
    this.inPlace = false
    this.target = undefined
    if (this.moves) return
    this.allocate()
    copyAll({ buffer: target.buffer, byteOffset: target.byteOffset, byteLength: this.arrived }, this.target!)
  }

  #gatherBack(runs: Runs): void {
    this.sink = undefined
    this.#runs = undefined
    if (this.moves) return
    this.allocate()
    runs.gather(0, this.arrived, this.target!, 0)
  }

  /** The bytes of a message of one segment, or of one that has been taken in. Those of a segment are there during the call only. */
  get run(): Memory {
    const { buffer, byteOffset } = this.target!
    const byteLength = this.bytes
    if (byteLength >= LARGEST_UINT8ARRAY) return { buffer, byteOffset: byteOffset + this.#offset, byteLength }
    return new Uint8Array(buffer, byteOffset + this.#offset, byteLength)
  }

  /** The data as one number. */
  get number(): number {
    return this.#number ?? new Float64Array(this.target!.buffer, 0, 1)[0]!
  }

  /** Of what was sent by `sendControlWith`: what is said, and the bytes that go along, which are good during the call only. */
  get saidWith(): [said: unknown, along: Uint8Array] {
    const { buffer, byteOffset } = this.target!
    const bytes = new Uint8Array(buffer, byteOffset + this.#offset, this.bytes)
    return [decodeObject(bytes, 0, this.shape), bytes.subarray(this.shape)]
  }

  /** The data as a value that shares nothing. */
  value(): unknown {
    if (this.datatype === NUMBER) return this.number
    if (this.datatype !== OBJECT) return valueOn(this.datatype, this.moved ?? (this.target!.buffer as ArrayBuffer))
    if (this.later) return decodeObject(new Uint8Array(this.target!.buffer))
    return decodeObject(this.target as Uint8Array, this.#offset, this.bytes)
  }
}

/** Takes `count` bytes, of which the first has the place `at` in the message, from `from` on; they are there during the call only. */
export type Sink = (bytes: Uint8Array, from: number, at: number, count: number) => void

const POOL_BYTES = 2 ** 16
const SMALL = 2 ** 10
const SCRATCH = 2 ** 12
let pool = new Uint8Array(0)
let pooled = 0

/** A place in `pool` for what will be decoded: a buffer for each small object costs more than all else about keeping it. */
function inPool(bytes: number): number {
  if (pooled + bytes > pool.length) {
    pool = new Uint8Array(POOL_BYTES)
    pooled = 0
  }
  pooled += bytes
  return pooled - bytes
}

/** A receive, and all that takes messages as one does. */
/** Reading the clock costs a tenth of a message: who does not wait does not. */
export const AT_ONCE = -1

export interface Taker extends Posted, Waiting {
  /** It takes the message out of the queue and leaves its data where it is: `finish` follows at once. */
  readonly claims?: boolean
  /** When a call of the program began to wait for it, where somebody listens to what is received; `AT_ONCE` as long as it need not. */
  since?: number | undefined
  /**
   * The message is this one's: gives it a `target`. Returns false where its data is of no use; then only `finish` follows.
   */
  accept(message: Incoming): boolean
  /** Its memory is gone: `finish` is to fail. */
  spoil?(cause: unknown): void
  /** All its data has come. User code may run. */
  finish(message: Incoming): void
}

/** An operation that waits for another rank. */
export interface Waiting {
  /** Where it was called, if that was recorded. */
  readonly site: CallSite | undefined
  /** It waits for as long as somebody is subscribed, and that is nothing to worry about. */
  readonly endless?: boolean
  /**
   * The call that waits for this and maybe for more, and is given up as a whole; `null` where no call waits any more. Default this itself.
   */
  readonly partOf?: Waiting | null
  /** It can never be done. */
  fail(error: Error): void
  /** The same, with an error that is only made, once, when it is known where the operation was called. */
  giveUp(makeError: (site: CallSite | undefined) => Promise<Error>): void
  /** What it waits for: 'in recv for rank 1, tag 0'. */
  describe(): string
}

const nothing = new Uint8Array(0)

/** Takes messages that nobody wants any more. */
export const nobody = (tag: number): Taker => ({
  order: 0,
  gone: true,
  site: undefined,
  partOf: null,
  peer: ANY_SOURCE,
  tag,
  accept: () => false,
  finish: () => undefined,
  fail: () => undefined,
  giveUp: () => undefined,
  describe: () => 'for nobody'
})
