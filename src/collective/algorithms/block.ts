import { type BufferLike, datatypeOf, memoryOf, NUMBER, OBJECT, valueOn } from '../../codec/datatype.js'
import { decodeObject, encodeObject } from '../../codec/object.js'
import { copyAll, duplicate, type Memory } from '../../memory/copy.js'
import { bytesOfNumber } from '../../memory/scratch.js'
import type { Incoming } from '../../progress/incoming.js'
import { ABSENT } from '../definition.js'
import type { Links, Unit } from '../steps.js'
import { cutEqually, isBuffer, runOf } from './counts-displs.js'

/** Blocks from here on go straight to whom they are for; smaller ones travel together, in bundles. */
export const LARGE_BYTES = 4096

/** The kind of what a rank gives whose stream is over. */
export const NOBODY = 31

/** What one rank gives another: the bytes of a value. */
export class Block {
  readonly datatype: number
  /** In bytes. */
  readonly length: number
  /** It goes a way of its own: in a bundle it is only announced. */
  readonly apart: boolean
  /** Not there while it is announced and has not come. Those of a number are not needed. */
  bytes: Memory | undefined
  /** Memory that was made for this block alone. */
  #received: Memory | undefined
  #number: number

  constructor(datatype: number, length: number, apart: boolean, bytes?: Memory, number = 0) {
    this.datatype = datatype
    this.length = length
    this.apart = apart
    this.bytes = bytes
    this.#number = number
  }

  /**
   * Of a value; from `limit` bytes on it goes apart; so many `readers` will have it. A buffer's memory must not change until the round is
   * over.
   */
  static of(value: unknown, limit: number, readers = 1): Block {
    if (typeof value === 'number') return new Block(NUMBER, 8, limit <= 8, undefined, value)
    if (value === ABSENT) return new Block(NOBODY, 0, false)
    const datatype = datatypeOf(value)
    return Block.run(datatype, datatype === OBJECT ? encodeObject(value, readers).slice() : memoryOf(value as BufferLike), limit)
  }

  /** Of a run of a buffer. */
  static run(datatype: number, bytes: Memory, limit: number): Block {
    return new Block(datatype, bytes.byteLength, bytes.byteLength >= limit, bytes)
  }

  /** The value, on memory of its own. */
  get value(): unknown {
    if (this.datatype === NUMBER) return this.#number
    if (this.datatype === NOBODY) return undefined
    const bytes = this.bytes!
    if (this.datatype === OBJECT) return decodeObject(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    const { buffer, byteLength } = this.#received === bytes ? bytes : duplicate(bytes)
    return valueOn(this.datatype, buffer as ArrayBuffer, 0, byteLength)
  }

  /** Its bytes have come as a message. */
  receive(message: Incoming): Block {
    if (this.datatype === NUMBER) this.#number = message.number
    else {
      const { target, bytes } = message
      // Those of a small object are only there during this call.
      this.bytes = target!.byteLength === bytes ? target : runOf(duplicate(message.run), 0, bytes)
      this.#received = this.bytes
    }
    return this
  }

  /** Sends it whole, to whom knows what comes. */
  send(links: Links, unit: Unit, to: number, shape: number): void {
    if (this.datatype === NUMBER) links.send(unit, to, NUMBER, bytesOfNumber(this.#number), shape)
    else links.send(unit, to, this.datatype, this.bytes!, shape, true)
  }

  get number(): number {
    return this.#number
  }
}

/**
 * What the shape of a message says: its bytes are one block, or many of any kind, or none; or they are many of the kind that is added to
 * `ALIKE` and of one length; or they are the length of a block, of the kind that is added to `ANNOUNCED`, which comes apart.
 */
const ONE = 0
const MANY = 1
const NONE = 2
const ALIKE = 32
const ANNOUNCED = 64

const KINDS = 32
const UINT8 = 2
const nothing = new Uint8Array(0)

/** Sends blocks in one message. */
export function sendBlocks(links: Links, unit: Unit, to: number, blocks: readonly Block[]): void {
  const first = blocks[0]!
  if (blocks.length > 1) {
    if (blocks.every((block) => isLike(block, first))) links.send(unit, to, UINT8, inRow(blocks), ALIKE + first.datatype, true)
    else links.send(unit, to, UINT8, bundle(blocks), MANY, true)
  } else if (first.apart) links.send(unit, to, NUMBER, bytesOfNumber(first.length), ANNOUNCED + first.datatype)
  else if (first.datatype === NOBODY) links.send(unit, to, UINT8, nothing, NONE)
  else first.send(links, unit, to, ONE)
}

/** The blocks of such a message. */
export function blocksOf(message: Incoming, count: number): Block[] {
  const { shape, datatype, bytes } = message
  if (shape === MANY) return unbundle(message.run as Uint8Array, count)
  if (shape === NONE) return [new Block(NOBODY, 0, false)]
  if (shape >= ANNOUNCED) return [new Block(shape - ANNOUNCED, message.number, true)]
  if (shape >= ALIKE) return outOfRow(message.run as Uint8Array, shape - ALIKE, count)
  return [new Block(datatype, bytes, false).receive(message)]
}

const isLike = (block: Block, { datatype, length }: Block): boolean =>
  block.datatype === datatype && block.length === length && !block.apart

function inRow(blocks: readonly Block[]): Uint8Array {
  const { datatype, length } = blocks[0]!
  if (datatype === NUMBER) return new Uint8Array(Float64Array.from(blocks, ({ number }) => number).buffer)
  const bytes = new Uint8Array(blocks.length * length)
  if (length > 0) for (const [k, block] of blocks.entries()) copyAll(block.bytes!, bytes.subarray(k * length, (k + 1) * length))
  return bytes
}

function outOfRow(bytes: Uint8Array, datatype: number, count: number): Block[] {
  const length = bytes.byteLength / count
  const blocks: Block[] = []
  if (datatype === NUMBER) {
    for (const number of new Float64Array(bytes.buffer, bytes.byteOffset, count))
      blocks.push(new Block(NUMBER, 8, false, undefined, number))
  } else {
    for (let k = 0; k < count; k++) blocks.push(new Block(datatype, length, false, bytes.subarray(k * length, (k + 1) * length)))
  }
  return blocks
}

/**
 * Blocks one behind the other: first a double for each that says its kind and length and whether it comes apart, then the data of those
 * that do not, each from a multiple of 8 on.
 */
function bundle(blocks: readonly Block[]): Uint8Array {
  let total = 8 * blocks.length
  for (const { apart, length } of blocks) if (!apart) total += padded(length)
  const doubles = new Float64Array(total >> 3)
  const bytes = new Uint8Array(doubles.buffer)
  let at = 8 * blocks.length
  for (const [k, block] of blocks.entries()) {
    doubles[k] = (block.length * 2 + (block.apart ? 1 : 0)) * KINDS + block.datatype
    if (block.apart || block.length === 0) continue
    if (block.datatype === NUMBER) doubles[at >> 3] = block.number
    else copyAll(block.bytes!, bytes.subarray(at, at + block.length))
    at += padded(block.length)
  }
  return bytes
}

function unbundle(bytes: Uint8Array, count: number): Block[] {
  const doubles = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 3)
  const blocks: Block[] = []
  let at = 8 * count
  for (let k = 0; k < count; k++) {
    const entry = doubles[k]!
    const datatype = entry % KINDS
    const doubled = Math.floor(entry / KINDS)
    const length = Math.floor(doubled / 2)
    if (doubled % 2 === 1) {
      blocks.push(new Block(datatype, length, true))
      continue
    }
    if (datatype === NUMBER) blocks.push(new Block(NUMBER, 8, false, undefined, doubles[at >> 3]))
    else blocks.push(new Block(datatype, length, false, bytes.subarray(at, at + length)))
    at += padded(length)
  }
  return blocks
}

const padded = (length: number): number => Math.ceil(length / 8) * 8

/** A block for each rank: of an array its values, of a buffer equal runs. */
export const partsOf = (data: unknown, size: number, limit: number): Block[] =>
  isBuffer(data)
    ? cutEqually(data, size).map((run) => Block.run(datatypeOf(data), run, limit))
    : (data as readonly unknown[]).map((value) => Block.of(value, limit))
