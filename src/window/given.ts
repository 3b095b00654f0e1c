import { type BufferLike, datatypeOf, memoryOf, OBJECT } from '../codec/datatype.js'
import { checkAttached, shown } from '../diagnostics/arguments.js'
import { ArgumentError } from '../errors.js'
import { elementsOf } from '../layout/basic.js'
import { Pickable } from '../layout/picked.js'
import { Signature } from '../layout/signature.js'
import { checkThere } from '../layout/view.js'
import { copy, type Memory } from '../memory/copy.js'
import type { Runs } from '../memory/runs.js'

/** Memory that a call is given, to read from or to write to. */
export interface Given {
  readonly signature: Signature
  readonly bytes: number
  /** Where it is in a row; */
  readonly memory: Memory | undefined
  /** where it is in pieces. */
  readonly runs: Runs | undefined
}

/** Throws what is wrong with it. */
export function givenBy(data: unknown, name: string): Given {
  if (data instanceof Pickable) {
    checkThere(data, name)
    const { runs, signature } = data.picked
    return { signature, bytes: runs.byteLength, memory: undefined, runs }
  }
  if (datatypeOf(data) === OBJECT) {
    throw new ArgumentError(`${name}: expected a typed array, DataView, Buffer, ArrayBuffer, view or records, got ${shown(data)}`)
  }
  checkAttached(data as BufferLike, name)
  const memory = memoryOf(data as BufferLike)
  const size = (data as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1
  return { signature: Signature.of(elementsOf(data)).repeat(memory.byteLength / size), bytes: memory.byteLength, memory, runs: undefined }
}

/** Bytes of it as they lie packed, which are good until it changes. */
export function piece({ memory, runs }: Given, from: number, bytes: number): Memory {
  if (memory !== undefined) return within(memory, from, bytes)
  const packed = new Uint8Array(bytes)
  runs!.gather(from, bytes, packed, 0)
  return packed
}

/** Writes bytes of it as they lie packed. */
export function fill({ memory, runs }: Given, from: number, bytes: Uint8Array): void {
  if (memory !== undefined) copy(bytes, 0, new Uint8Array(memory.buffer, memory.byteOffset + from, bytes.length), 0, bytes.length)
  else runs!.scatter(from, bytes.length, bytes, 0)
}

export const within = ({ buffer, byteOffset }: Memory, from: number, byteLength: number): Memory => ({
  buffer,
  byteOffset: byteOffset + from,
  byteLength
})
