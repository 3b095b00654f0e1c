import { type BufferLike, datatypeOf, elementSize, matches, memoryOf, nameOf, RECORDS } from '../../codec/datatype.js'
import { shown } from '../../diagnostics/arguments.js'
import { ArgumentError, CountError, DatatypeError } from '../../errors.js'
import { Pickable } from '../../layout/picked.js'
import { checksum } from '../../memory/checksum.js'
import { copyRun, type Memory } from '../../memory/copy.js'
import type { Runs } from '../../memory/runs.js'
import type { Target } from '../options.js'

/** What both ends must say alike of the memory: how it is cut is each one's own business. */
export interface Form {
  readonly bytes: number
  readonly datatype: number
  /** Of records, of which types. */
  readonly shape: number
}

/** Some memory, cut evenly into partitions. */
export class Cut implements Form {
  readonly partitions: number
  readonly bytes: number
  readonly datatype: number
  readonly shape: number
  /** Of one partition. */
  readonly elements: number
  readonly partBytes: number
  /** Of records, bytes of one as it travels. */
  readonly recordBytes: number
  readonly #memory: Memory | undefined
  readonly #runs: Runs | undefined

  constructor(target: Target, partitions: unknown, name: string) {
    if (!Number.isSafeInteger(partitions) || (partitions as number) < 1) {
      throw new CountError(`partitions: expected an integer from 1 on, got ${shown(partitions)}`)
    }
    const picked = target instanceof Pickable ? target.picked : undefined
    this.#memory = picked === undefined ? memoryOf(target as BufferLike) : undefined
    this.#runs = picked?.runs
    this.partitions = partitions as number
    this.datatype = picked?.datatype ?? datatypeOf(target)
    this.shape = this.datatype === RECORDS ? picked!.shape : 0
    this.recordBytes = picked?.recordBytes ?? 0
    this.bytes = (this.#memory ?? this.#runs!).byteLength
    const elements = this.bytes / (this.recordBytes || elementSize(this.datatype))
    if (elements % this.partitions !== 0) {
      throw new CountError(
        `partitions: the ${elements} elements of ${name} cannot be cut evenly into ${this.partitions}; give a number that divides them`
      )
    }
    this.elements = elements / this.partitions
    this.partBytes = this.bytes / this.partitions
  }

  /** Throws where there is no partition of that number. */
  check(partition: unknown, name = 'partition'): void {
    if (Number.isInteger(partition) && (partition as number) >= 0 && (partition as number) < this.partitions) return
    throw new CountError(`${name}: ${shown(partition)} is none; expected an integer from 0 to ${this.partitions - 1}`)
  }

  /** Where some bytes of it are, unless they are in pieces. */
  part(at: number, byteLength: number): Memory | undefined {
    const memory = this.#memory
    return memory && { buffer: memory.buffer, byteOffset: memory.byteOffset + at, byteLength }
  }

  /** What a partition comes to: another where it has been changed. */
  sum(partition: number): number {
    const bytes = this.read(partition * this.partBytes, this.partBytes)
    return checksum(bytes.buffer, bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  }

  /** Some bytes of it, as they travel; of memory in pieces a copy. */
  read(at: number, count: number): Uint8Array {
    const runs = this.#runs
    if (runs === undefined) return new Uint8Array(this.#memory!.buffer, this.#memory!.byteOffset + at, count)
    const packed = new Uint8Array(count)
    runs.gather(at, count, packed, 0)
    return packed
  }

  /** Puts bytes that have come where they belong. */
  write(at: number, bytes: Uint8Array, from: number, count: number): void {
    if (count === 0) return
    if (this.#runs !== undefined) this.#runs.scatter(at, count, bytes, from)
    else copyRun(bytes, from, this.#memory!, at, count)
  }

  describe(): string {
    return describeForm(this)
  }
}

export const isSameForm = (a: Form, b: Form): boolean => a.bytes === b.bytes && isSameType(a, b)

const isSameType = (a: Form, b: Form): boolean => matches(a.datatype, b.datatype) && a.shape === b.shape

/** '64 bytes of Float64Array' */
const describeForm = ({ bytes, datatype }: Form): string => `${bytes} bytes of ${nameOf(datatype)}`

/** The two ends do not go together. `whose` is the other one: 'the send of rank 1 that it meets'. */
export function misfitError(argument: string, call: string, cut: Cut, whose: string, other: Form): Error {
  const what = `${argument}: this ${call} has ${cut.describe()}, ${whose} ${describeForm(other)}`
  return isSameType(other, cut)
    ? new CountError(`${what}; give as many elements at both ends`)
    : new DatatypeError(`${what}; give the same types at both ends`)
}

/** Partitions that follow each other. */
export interface PartitionRange {
  /** The first. */
  from: number
  /** The one behind the last. */
  to: number
}

/** The partitions that are meant, as ranges in the order given, those that follow each other joined. Throws what is none. */
export function rangesOf(which: unknown, cut: Cut): PartitionRange[] {
  if (typeof which === 'object' && which !== null && !Array.isArray(which)) {
    const { from, to } = which as PartitionRange
    const isRange = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= cut.partitions
    if (!isRange) {
      throw new CountError(`partitions: ${shown(which)} are none; expected { from, to } within 0 and ${cut.partitions}, to excluded`)
    }
    return from === to ? [] : [{ from, to }]
  }
  if (typeof which !== 'number' && !Array.isArray(which)) {
    throw new ArgumentError(`partitions: expected a number, an array of numbers or { from, to }, got ${shown(which)}`)
  }
  const ranges: PartitionRange[] = []
  for (const one of typeof which === 'number' ? [which] : which) {
    cut.check(one)
    const last = ranges.at(-1)
    if (last?.to === one) last!.to++
    else ranges.push({ from: one, to: one + 1 })
  }
  return ranges
}
