import { type BufferLike, datatypeOf, memoryOf, OBJECT } from '../codec/datatype.js'
import { checkAttached, checkOptions, shown } from '../diagnostics/arguments.js'
import type { AnyNames, OptionNames } from '../diagnostics/option-names.js'
import { AliasError, ArgumentError, TruncationError } from '../errors.js'
import { block } from '../memory/form.js'
import { Runs } from '../memory/runs.js'
import { elementsOf, sizeOf, typeOf } from './basic.js'
import { checkCount } from './check.js'
import { here } from './here.js'
import { Pickable, type Picked, pick } from './picked.js'
import type { Records } from './records.js'
import { Signature } from './signature.js'
import { checkThere, type View } from './view.js'

/** What `pack` puts one behind the other. */
// biome-ignore lint/suspicious/noExplicitAny: records of whatever fields, a view of whatever memory
export type PackPart = BufferLike | View<any> | Records<any>

/** As elements lie in memory here, or big-endian on every machine: MPI's portable form. */
export type PackFormat = 'native' | 'external32'

/**
 * Arrays, views and records of different types one behind the other, unaligned: in a new array, or in `into` from byte `at` on, which it
 * returns. What it makes is bytes, and is received as such.
 *
 * Shape: parts → a Uint8Array. Units: bytes, of `at`. Cost: one copy.
 * Errors: TruncationError where `into` is too short; ArgumentError. MPI: MPI_Pack, MPI_Pack_external, MPI 4.1 §5.2; mpi4py: Datatype.Pack,
 * Datatype.Pack_external.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { pack, unpack } from 'rxmpi/layout'
 *
 * const steps = new Int32Array(1)
 * const residuals = new Float64Array(2)
 * if (comm.rank === 0) await comm.send(pack([Int32Array.of(7), Float64Array.of(0.5, 0.25)]), { dest: 1 })
 * if (comm.rank === 1) {
 *   unpack(await comm.recv<Uint8Array>(), [steps, residuals])
 *   console.log(steps[0], residuals.join()) // [1] 7 0.5,0.25
 * }
 * ```
 */
export function pack(
  parts: readonly PackPart[],
  options: { into?: Uint8Array | undefined; at?: number; format?: PackFormat } = {}
): Uint8Array {
  return here(() => {
    const all = partsOf(parts, options, PACK)
    const { into, at = 0, format } = options
    const bytes = sum(all)
    if (into !== undefined) checkBytes(into, 'into')
    const target = into ?? new Uint8Array(at + bytes)
    if (at + bytes > target.length) {
      throw new TruncationError(
        `into: ${bytes} bytes from byte ${at} on end at ${at + bytes}, the array has only ${target.length}; give a larger one`
      )
    }
    let place = at
    for (const { runs, signature } of all) {
      runs.gather(0, runs.byteLength, target, place)
      if (format === 'external32') swap(target.subarray(place, place + runs.byteLength), signature)
      place += runs.byteLength
    }
    return target
  })
}

/**
 * Puts what `pack` has made, from byte `at` on, where the parts say; returns the position behind it.
 *
 * Units: bytes, of `at` and of what it returns. Cost: one copy.
 * Errors: TruncationError where there are fewer bytes than the parts have; AliasError where elements of a part overlap; ArgumentError.
 * MPI: MPI_Unpack, MPI_Unpack_external, MPI 4.1 §5.2; mpi4py: Datatype.Unpack, Datatype.Unpack_external.
 */
export function unpack(bytes: Uint8Array, parts: readonly PackPart[], options: { at?: number; format?: PackFormat } = {}): number {
  return here(() => {
    checkBytes(bytes, 'bytes')
    const all = partsOf(parts, options)
    const { at = 0, format } = options
    const end = at + sum(all)
    if (end > bytes.length) {
      throw new TruncationError(`bytes: the parts end at byte ${end}, there are only ${bytes.length}; give fewer parts, or all bytes`)
    }
    const aliased = all.findIndex(({ overlaps }) => overlaps)
    if (aliased >= 0) throw new AliasError(`parts[${aliased}]: its elements overlap, so that some would be written twice`)
    let place = at
    for (const { runs, signature } of all) {
      const isNative = format !== 'external32'
      const source = isNative ? bytes : bytes.slice(place, place + runs.byteLength)
      if (!isNative) swap(source, signature)
      runs.scatter(0, runs.byteLength, source, isNative ? place : 0)
      place += runs.byteLength
    }
    return end
  })
}

/** What `pack` makes of the parts, in either format. Units: bytes. Errors: ArgumentError. MPI: MPI_Pack_size, MPI_Pack_external_size. */
export function packedBytes(parts: readonly PackPart[]): number {
  return here(() => sum(partsOf(parts, {})))
}

const UNPACK: OptionNames<{ at?: number; format?: PackFormat }> = { at: true, format: true }
const PACK: OptionNames<{ into?: Uint8Array; at?: number; format?: PackFormat }> = { ...UNPACK, into: true }

const sum = (parts: readonly Picked[]): number => parts.reduce((bytes, { runs }) => bytes + runs.byteLength, 0)

function partsOf(parts: unknown, options: { at?: number; format?: PackFormat }, names: AnyNames = UNPACK): Picked[] {
  checkOptions(options, names, '{ at: 0 }')
  const { at = 0, format = 'native' } = options
  checkCount(at, 'at')
  if (format !== 'native' && format !== 'external32')
    throw new ArgumentError(`format: expected 'native' or 'external32', got ${shown(format)}`)
  if (!Array.isArray(parts)) throw new ArgumentError(`parts: expected an array of typed arrays, views and records, got ${shown(parts)}`)
  return parts.map((part: unknown, k) => {
    if (part instanceof Pickable) {
      checkThere(part, `parts[${k}]`)
      return part.picked
    }
    if (datatypeOf(part) === OBJECT) throw new ArgumentError(`parts[${k}]: expected a typed array, a view or records, got ${shown(part)}`)
    checkAttached(part as BufferLike, `parts[${k}]`)
    return whole(part as BufferLike)
  })
}

function whole(buffer: BufferLike): Picked {
  const code = elementsOf(buffer)
  const memory = memoryOf(buffer)
  return pick(new Runs(memory, block(memory.byteLength)), Signature.of(code).repeat(memory.byteLength / sizeOf(typeOf(code))), 0)
}

function checkBytes(bytes: unknown, name: string): void {
  if (!(ArrayBuffer.isView(bytes) && Object.prototype.toString.call(bytes) === '[object Uint8Array]')) {
    throw new ArgumentError(`${name}: expected a Uint8Array, got ${shown(bytes)}`)
  }
  checkAttached(bytes, name)
}

/** Turns each element round. */
function swap(bytes: Uint8Array, { root, times }: Signature): void {
  let at = 0
  for (let turn = 0; turn < times; turn++) {
    for (const [code, count] of root) {
      const size = sizeOf(typeOf(code))
      for (let k = 0; k < count; k++) {
        if (size > 1) bytes.subarray(at, at + size).reverse()
        at += size
      }
    }
  }
}
