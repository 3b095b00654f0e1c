import { types } from 'node:util'

/** What is smaller is not worth the system call. */
const SMALL = 2 ** 16
/** For each shared buffer, private memory that counts as much. */
const counted = new WeakMap<SharedArrayBuffer, ArrayBuffer>()

/** Memory that threads share, which the collector counts. */
export const sharedBuffer = (bytes: number): SharedArrayBuffer => counting(new SharedArrayBuffer(bytes))

/**
 * Lets the collector of this thread count memory that threads share: V8 does not, and would let gigabytes of it lie before it looks. So
 * private memory of that length lives as long. Nobody touches that, and one that may be resized takes addresses until it is touched, no
 * memory.
 */
export function counting<B extends ArrayBufferLike>(buffer: B): B {
  const { byteLength } = buffer
  if (byteLength < SMALL || !types.isSharedArrayBuffer(buffer) || counted.has(buffer)) return buffer
  try {
    counted.set(buffer, new Resizable(byteLength, { maxByteLength: byteLength }))
  } catch {
    // No addresses are left: it is not counted.
  }
  return buffer
}

// The types of ES2023 do not know the second argument.
const Resizable = ArrayBuffer as unknown as new (bytes: number, options: { maxByteLength: number }) => ArrayBuffer
