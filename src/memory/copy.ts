/** A run of bytes: any view, or what looks like one. Where a `Uint8Array` of more than 4 GiB cannot be made (Node 20), others can. */
export interface Memory {
  readonly buffer: ArrayBufferLike
  readonly byteOffset: number
  readonly byteLength: number
}

/** Whether two have a byte in common. */
export function overlapping(a: Memory, b: Memory): boolean {
  if (a.buffer !== b.buffer || a.byteLength === 0 || b.byteLength === 0) return false
  return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
}

/** In Node 20; larger memory is any view but a `Uint8Array`. */
export const LARGEST_UINT8ARRAY = 2 ** 32 - 1

/**
 * Copies bytes between buffers, one of which may be shared between threads.
 *
 * `TypedArray.set` on shared memory moves word by word (6–16 GB/s, the slower the newer V8). `Buffer.fill` with a buffer for its pattern is
 * a plain `memcpy` (23 GB/s) behind a call of about 200 ns; for a few bytes a loop beats both.
 */
export function copy(from: Uint8Array, start: number, to: Uint8Array, at: number, count: number): void {
  if (count <= LOOP) for (let k = 0; k < count; k++) to[at + k] = from[start + k]!
  else if (count < MEMCPY) to.set(from.subarray(start, start + count), at)
  else fill.call(to, new Uint8Array(from.buffer, from.byteOffset + start, count), at, at + count)
}

/** The same for memory of any length; `count` stays below 4 GiB. */
export function copyRun(from: Memory, start: number, to: Memory, at: number, count: number): void {
  const target = new Uint8Array(to.buffer, to.byteOffset + at, count)
  fill.call(target, new Uint8Array(from.buffer, from.byteOffset + start, count), 0, count)
}

/** The same bytes in memory of their own: a `Uint8Array`, which `copy` needs, where there can be one. */
export function duplicate(from: Memory): Memory {
  const buffer = new ArrayBuffer(from.byteLength)
  const to = from.byteLength < LARGEST_UINT8ARRAY ? new Uint8Array(buffer) : { buffer, byteOffset: 0, byteLength: from.byteLength }
  copyAll(from, to)
  return to
}

/** Copies all of one to the front of the other. */
export function copyAll(from: Memory, to: Memory): void {
  if (from instanceof Uint8Array && to instanceof Uint8Array && from.length < MEMCPY) return copy(from, 0, to, 0, from.length)
  for (let at = 0; at < from.byteLength; at += RUN) copyRun(from, at, to, at, Math.min(RUN, from.byteLength - at))
}

const LOOP = 64
const MEMCPY = 2048
const RUN = 2 ** 30
const fill = Buffer.prototype.fill as (this: Uint8Array, pattern: Uint8Array, start: number, end: number) => void
