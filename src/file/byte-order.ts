import type { Memory } from '../memory/copy.js'

/** Turns the bytes of each element round, in place: between this machine's order and the big-endian one of external32. */
export function swapBytes({ buffer, byteOffset, byteLength }: Memory, size: number): void {
  if (size === 1) return
  const RUN = 2 ** 28
  for (let at = 0; at + size <= byteLength; at += RUN) {
    const whole = Math.floor(Math.min(RUN, byteLength - at) / size) * size
    const bytes = Buffer.from(buffer as ArrayBuffer, byteOffset + at, whole)
    if (size === 2) bytes.swap16()
    else if (size === 4) bytes.swap32()
    else bytes.swap64()
  }
}
