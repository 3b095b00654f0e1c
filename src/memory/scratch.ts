import { constants } from 'node:buffer'

/**
 * Memory for a while. Fresh memory costs more than filling it, for the system hands it out page by page at the first touch: so what was
 * used before is used again. Several buffers, for several may be in use at the same time.
 */
const idle: ArrayBuffer[] = []
let idleBytes = 0

/** At least `bytes` long, and no longer than `most`; holds what the last user has left. */
export function takeScratch(bytes: number, most = Number.POSITIVE_INFINITY): ArrayBuffer {
  for (let at = idle.length - 1; at >= 0; at--) {
    const { byteLength } = idle[at]!
    if (byteLength < bytes || byteLength > most) continue
    const [buffer] = idle.splice(at, 1) as [ArrayBuffer]
    idleBytes -= buffer.byteLength
    return buffer
  }
  return unfilled(bytes)
}

/** Whoever gives it back has no view of it left. What is kept is kept for as long as the rank lives. */
export function giveScratch(buffer: ArrayBuffer): void {
  if (buffer.byteLength > KEPT_BYTES) return
  while (idle.length === KEPT || idleBytes + buffer.byteLength > KEPT_BYTES) idleBytes -= idle.shift()!.byteLength
  idle.push(buffer)
  idleBytes += buffer.byteLength
}

const KEPT = 8
const KEPT_BYTES = 2 ** 26

/** Memory that is not zeroed first, for all of it will be written: a quarter off the cost of a fresh array. */
export function unfilled(bytes: number): ArrayBuffer {
  const worthwhile = bytes >= 4096 && bytes <= constants.MAX_LENGTH
  return worthwhile ? (Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer) : new ArrayBuffer(bytes)
}

const number = new Float64Array(1)
const numberBytes = new Uint8Array(number.buffer)

/** A number as it travels, in memory that all calls share: valid until the next. */
export function bytesOfNumber(value: number): Uint8Array {
  number[0] = value
  return numberBytes
}
