import { unfilled } from './incoming.js'

/**
 * Memory for a while. Fresh memory costs more than filling it, for the system hands it out page by page at the first touch: so what was used before is used again. Several
 * buffers, for several may be in use at the same time.
 */
const idle: ArrayBuffer[] = []
let idleBytes = 0

/** At least `bytes` long; holds what the last user has left. */
export function takeScratch(bytes: number): ArrayBuffer {
  for (let at = idle.length - 1; at >= 0; at--) {
    if (idle[at]!.byteLength < bytes) continue
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

const KEPT = 4
const KEPT_BYTES = 2 ** 26
