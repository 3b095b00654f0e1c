/** Data to give, that tells whose it is. */

const made = new Map<string, Float64Array>()

/** Numbers without a pattern that a wrong offset would keep. */
export function fields(length: number, seed: number): Float64Array {
  const key = `${length} ${seed}`
  let array = made.get(key)
  if (array === undefined) {
    array = new Float64Array(length)
    let state = (seed + 1) * 2654435761
    for (let k = 0; k < length; k++) {
      state = (state * 1103515245 + 12345) % 2147483648
      array[k] = state
    }
    made.set(key, array)
  }
  return array.slice()
}

export function joined(arrays: readonly Float64Array[]): Float64Array {
  const array = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of arrays) {
    array.set(part, at)
    at += part.length
  }
  return array
}

/** The same with each run where its displacement says, and zeros between. */
export function spread(runs: readonly Float64Array[], displs: readonly number[], length: number): Float64Array {
  const array = new Float64Array(length)
  for (const [k, run] of runs.entries()) array.set(run, displs[k])
  return array
}

/** Another count for each rank; one of them gets nothing. */
export const unevenCounts = (size: number, scale: number): number[] =>
  Array.from({ length: size }, (_, rank) => ((rank * 5 + 2) % 7 === 1 ? 0 : ((rank * 5 + 2) % 7) * scale + (rank % 3)))

/** A value of each sort, made by a seed; alike values are equal. */
export const values: readonly (readonly [name: string, make: (seed: number) => unknown])[] = [
  ['numbers', (seed) => seed + 0.5],
  ['strings', (seed) => `rank ${seed}`],
  ['objects', (seed) => ({ seed, list: [seed, { deep: new Set([seed]) }], when: new Date(seed) })],
  ['values of many kinds', (seed) => [-0, 2n ** 70n, null, undefined, ['a', seed], new Map([[seed, 'b']]), Uint8Array.of(seed)][seed % 7]],
  ['large objects', (seed) => ({ text: 'x'.repeat((seed % 2 === 0 ? 10_000 : 70_000) + seed), more: fields(100, seed) })],
  ['small arrays', (seed) => fields(3 + seed, seed)],
  ['large arrays', (seed) => fields(9000 + seed, seed)],
  ['small and large arrays', (seed) => fields(seed % 2 === 0 ? 10 : 5000, seed)]
]

type Kind = { new (length: number): ArrayBufferView }
const typed: readonly Kind[] = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array],
  ...[BigInt64Array, BigUint64Array]
]

export const kinds: readonly (readonly [name: string, make: (length: number) => ArrayBufferView])[] = [
  ...typed.map((type) => [type.name, (length: number) => filled(new type(length))] as const),
  ['Buffer', (length) => filled(Buffer.alloc(length))]
]

function filled(array: ArrayBufferView): ArrayBufferView {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  // The highest byte of an element stays small, so that no floating-point number is NaN.
  for (let k = 0; k < bytes.length; k++) bytes[k] = (k * 7 + 3) % 61
  return array
}

/** Arrays are equal when they are of one kind and have the same bytes: a thousand times as fast as to look at each element. */
export function bytewise(a: unknown, b: unknown): boolean | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) return undefined
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer => Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
  return a.constructor === b.constructor && bytes(a).equals(bytes(b))
}
