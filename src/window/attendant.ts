import { OBJECT } from '../codec/datatype.js'
import { decodeObject, encodeObject } from '../codec/object.js'
import {
  ANSWERED,
  CREDIT,
  contextOf,
  flagsOf,
  HEADER,
  idOf,
  kindOf,
  START,
  shapeOf,
  tagOf,
  totalOf,
  writeHeader
} from '../progress/frame.js'
import { ENVELOPE_BYTES } from '../progress/send-queue.js'
import { ATTENDED, SAID } from '../service/service.js'
import type { Slot } from '../transport/transport.js'
import { ACCUMULATE, apply, GET, PUT } from './apply.js'
import { type Asked, RMA, TOLD, WRITTEN } from './calls.js'
import { Control } from './control.js'
import { Part, type PartSay } from './part.js'

/** A part as its rank tells the main thread of its host of it. */
export interface AttendedPart {
  readonly say: PartSay
  /** The rank's number in the window, */
  readonly rank: number
  /** and the endpoint's ranks that are in it, in order. */
  readonly members: readonly number[]
}

interface Attended {
  readonly part: Part
  readonly members: readonly number[]
  /** Calls that were left to the rank, by who has asked. */
  readonly left: Int32Array
}

type Call = readonly [id: number, kind: string, ...asked: Asked]

/**
 * Does for the ranks of a host what those of other hosts ask of their parts of windows, where these are shared memory: it is the host's
 * main thread, which has turns while the ranks compute. It stands where segments come in, so what one rank asks of another keeps its order.
 *
 * What would have to wait, for a lock, or is about other memory, is left to the part's rank; and so is all that comes after it from the
 * same rank, until that is done: the part's rank counts what it has done in the part's control words.
 */
export class Attendant {
  readonly #answer: (source: number, dest: number, segment: Uint8Array) => void
  readonly #hasGone: (rank: number) => boolean
  /** By rank and context. */
  readonly #parts = new Map<number, Map<number, Attended>>()
  readonly #header = slotOn(new Uint8Array(HEADER))

  /** `answer` sends a segment in the name of a rank of this host; `hasGone`: whether one is no more. */
  constructor(answer: (source: number, dest: number, segment: Uint8Array) => void, hasGone: (rank: number) => boolean) {
    this.#answer = answer
    this.#hasGone = hasGone
  }

  add(member: number, context: number, { say, rank, members }: AttendedPart, memory: readonly SharedArrayBuffer[]): void {
    const [buffer, control] = memory as [SharedArrayBuffer, SharedArrayBuffer]
    const { length: size } = members
    const part = new Part(rank, say)
    part.lies(buffer)
    part.reach(new Control(control, size, size, (other) => other < size && this.#hasGone(members[other]!)))
    const own = this.#parts.get(member) ?? new Map<number, Attended>()
    this.#parts.set(member, own)
    own.set(context, { part, members, left: new Int32Array(size) })
  }

  remove(member: number, context: number): void {
    this.#parts.get(member)?.delete(context)
  }

  /** A rank has ended. */
  lose(member: number): void {
    this.#parts.delete(member)
  }

  /** Answers a segment, or leaves it: as `Attend` of the router. */
  readonly attend = (source: number, dest: number, bytes: Uint8Array, at: number, length: number): Uint8Array | null | undefined => {
    const parts = this.#parts.get(dest)
    if (parts === undefined || parts.size === 0 || length < HEADER) return undefined
    const header = this.#header
    header.bytes.set(bytes.subarray(at, at + HEADER))
    if (kindOf(header) !== START || tagOf(header) !== ATTENDED) return undefined
    const attended = parts.get(contextOf(header))
    const origin = attended?.members.indexOf(source) ?? -1
    if (attended === undefined || origin < 0) return undefined
    const total = totalOf(header)
    const isWhole = total === length - HEADER && flagsOf(header) === 0
    const did = isWhole && this.#does(attended, origin) ? this.#do(attended, origin, bytes, at + HEADER, total, shapeOf(header)) : undefined
    if (did === undefined) {
      attended.left[origin]++
      return undefined
    }
    const { id, got, told } = did
    // The rank counts what comes to it, and its sender has counted what was asked: the difference goes back.
    const spare = told === undefined ? ENVELOPE_BYTES + total : total - told.length
    if (told !== undefined) writeHeader(header, START, OBJECT, 0, contextOf(header), SAID, idOf(header), told.length, 0, 0)
    const left = told === undefined ? null : segmentOf(header, told)
    this.#answer(dest, source, id === 0 ? credit(spare) : answer(contextOf(header), id, got, spare))
    return left
  }

  /** Whether the next call of a rank is to be done here. */
  #does({ part, left }: Attended, origin: number): boolean {
    return part.control!.handled(origin) === left[origin]
  }

  #do(
    { part }: Attended,
    origin: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    said: number
  ): { id: number; got: Uint8Array | undefined; told: Uint8Array | undefined } | undefined {
    const [id, of, ...asked] = decodeObject(bytes, at, said || length) as Call
    if (of !== RMA || asked[0] !== 0) return undefined
    const [, kind, offset, count, form, code, op, from, size, notify, begin, span] = asked
    const data = said === 0 ? undefined : bytes.subarray(at + said, at + length)
    const control = part.control!
    if (!control.enter(origin)) return undefined
    const got = kind === PUT || kind === ACCUMULATE ? undefined : new Uint8Array(size)
    try {
      apply(part, { kind, offset, bytes: count, form, code, op }, from, data, got)
    } finally {
      control.leave()
    }
    const changes = kind !== GET && control.isWatched
    if (begin < 0 || (!changes && notify === null)) return { id, got, told: undefined }
    return { id, got, told: encodeObject([0, TOLD, notify, begin, span, changes]).slice() }
  }
}

function slotOn(bytes: Uint8Array): Slot {
  return { bytes, words: new Int32Array(bytes.buffer), doubles: new Float64Array(bytes.buffer), at: 0, length: bytes.length }
}

const NOTHING: Uint8Array = new Uint8Array(0)

/** What is told to who waits for no answer. */
function credit(bytes: number): Uint8Array {
  const header = slotOn(new Uint8Array(HEADER))
  writeHeader(header, CREDIT, 0, 0, 0, 0, 0, bytes, 0, 0)
  return header.bytes
}

/** What is told to who waits; `spare`: the credit that goes back with it. */
function answer(context: number, id: number, got: Uint8Array | undefined, spare: number): Uint8Array {
  const header = slotOn(new Uint8Array(HEADER))
  const said = encodeObject([-id, null, got === undefined ? WRITTEN : undefined])
  const shape = got === undefined ? 0 : said.length
  writeHeader(header, ANSWERED, OBJECT, 0, context, SAID, spare, said.length + (got?.length ?? 0), 0, shape)
  return segmentOf(header, said, got)
}

function segmentOf({ bytes }: Slot, data: Uint8Array, along = NOTHING): Uint8Array {
  const segment = new Uint8Array(HEADER + data.length + along.length)
  segment.set(bytes)
  segment.set(data, HEADER)
  segment.set(along, HEADER + data.length)
  return segment
}
