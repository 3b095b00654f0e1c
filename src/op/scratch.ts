/** Memory for a while. A stack and not one buffer: an op that the program has made may start another collective. */

const idle: ArrayBuffer[] = []

/** At least `bytes` long; holds what the last user has left. */
export function takeScratch(bytes: number): ArrayBuffer {
  const buffer = idle.pop()
  return buffer !== undefined && buffer.byteLength >= bytes ? buffer : new ArrayBuffer(bytes)
}

/** Whoever gives it back has no view of it left. */
export function giveScratch(buffer: ArrayBuffer): void {
  if (buffer.byteLength <= KEPT_BYTES && idle.length < KEPT) idle.push(buffer)
}

const KEPT = 4
const KEPT_BYTES = 2 ** 20
