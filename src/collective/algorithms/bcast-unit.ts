import type { Observable } from 'rxjs'
import { type BufferLike, datatypeOf, isScalar, memoryOf, NUMBER, OBJECT, valueOn } from '../../codec/datatype.js'
import { encodeObject } from '../../codec/object.js'
import { copyAll, type Memory } from '../../memory/copy.js'
import { bytesOfNumber, unfilled } from '../../memory/scratch.js'
import type { Incoming } from '../../progress/incoming.js'
import { fitting } from '../../request/receive-request.js'
import { Misfit } from '../definition.js'
import type { Links, Unit } from '../steps.js'

/** Larger buffers are announced, and follow in pieces. */
export const PIECE_BYTES = 2 ** 15

/** Of a message that is the whole value; another shape is the datatype of the buffer that the message announces. */
const WHOLE = 0

/** A root's value on its way to the other ranks. */
export class BcastUnit implements Unit {
  pending = 0
  readonly datatype: number
  readonly value: unknown
  /** The memory of a buffer that is only announced. */
  readonly large: Memory | undefined
  readonly misfit: Misfit | undefined
  /** What is passed on, as long as that lasts; or the number, for the memory of numbers is shared by all that is sent. */
  readonly #bytes: Memory | number

  private constructor(datatype: number, value: unknown, bytes: Memory | number, large?: Memory, misfit?: Misfit) {
    this.datatype = datatype
    this.value = value
    this.#bytes = bytes
    this.large = large
    this.misfit = misfit
  }

  /** At the root, for so many others; `cuts` large buffers into pieces. */
  static of(data: unknown, into: BufferLike | undefined, cuts: boolean, others: number): BcastUnit {
    const datatype = datatypeOf(data)
    if (typeof data === 'number') return new BcastUnit(NUMBER, data, data)
    if (datatype === OBJECT) return new BcastUnit(OBJECT, data, encodeObject(data, others))
    const memory = memoryOf(data as BufferLike)
    if (into !== undefined && into !== data)
      copyAll(
        memory,
        fitting(into, datatype, memory.byteLength, () => 'data')
      )
    if (!cuts || memory.byteLength <= PIECE_BYTES) return new BcastUnit(datatype, into ?? data, memory)
    return new BcastUnit(datatype, into ?? data, memory.byteLength, memory)
  }

  /** From the messages of another rank, into the place that the call has for them where they fit. */
  static from(links: Links, rank: number): Observable<BcastUnit> {
    let misfit: Misfit | undefined
    const target = (datatype: number, bytes: number): Memory | undefined => {
      misfit = undefined
      const { into } = links.options
      if (into === undefined) return undefined
      try {
        return fitting(into, datatype, bytes, () => `rank ${links.call.signature.root ?? rank}`)
      } catch (error) {
        misfit = new Misfit(error as Error)
        return undefined
      }
    }
    const place = (message: Incoming): void => {
      if (message.shape !== WHOLE) return
      const memory = target(message.datatype, message.bytes)
      if (memory !== undefined) message.redirect(memory)
    }
    const take = (message: Incoming): BcastUnit => {
      const datatype = message.shape
      const { into } = links.options
      const received = (value: () => unknown): unknown => (into === undefined || misfit !== undefined ? value() : into)
      if (datatype === WHOLE) {
        const value = received(() => message.value())
        const bytes = message.datatype === NUMBER ? message.number : message.run
        return new BcastUnit(message.datatype, value, bytes, undefined, misfit)
      }
      const bytes = message.number
      const large = target(datatype, bytes) ?? { buffer: unfilled(bytes), byteOffset: 0, byteLength: bytes }
      const value = received(() => valueOn(datatype, large.buffer as ArrayBuffer))
      return new BcastUnit(datatype, value, bytes, { buffer: large.buffer, byteOffset: large.byteOffset, byteLength: bytes }, misfit)
    }
    return links.from(rank, take, place)
  }

  /** Sends it on. */
  send(links: Links, to: number): void {
    const bytes = typeof this.#bytes === 'number' ? bytesOfNumber(this.#bytes) : this.#bytes
    if (this.large === undefined) links.send(this, to, this.datatype, bytes, WHOLE, !isScalar(this.datatype))
    else links.send(this, to, NUMBER, bytes, this.datatype)
  }
}
