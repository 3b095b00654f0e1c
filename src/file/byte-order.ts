import { elementSize } from '../codec/datatype.js'
import type { Signature } from '../layout/signature.js'
import type { Memory } from '../memory/copy.js'

/** Bytes that a Buffer turns round at once. */
const RUN = 2 ** 28

/** Turns each element of packed ones round, in place: between this machine's order and the big-endian one of external32. */
export function swapBytes(memory: Memory, types: Signature): void {
  if (types.isHomogeneous) return swapElements(memory, elementSize(types.datatype))
  const bytes = Buffer.from(memory.buffer as ArrayBuffer, memory.byteOffset, memory.byteLength)
  for (let at = 0; at < bytes.length; ) {
    for (const [code, count] of types.root) {
      const size = elementSize(code)
      for (let k = 0; k < count; k++, at += size) if (size > 1) bytes.subarray(at, at + size).reverse()
    }
  }
}

function swapElements({ buffer, byteOffset, byteLength }: Memory, size: number): void {
  if (size === 1) return
  for (let at = 0; at + size <= byteLength; at += RUN) {
    const whole = Math.floor(Math.min(RUN, byteLength - at) / size) * size
    const bytes = Buffer.from(buffer as ArrayBuffer, byteOffset + at, whole)
    if (size === 2) bytes.swap16()
    else if (size === 4) bytes.swap32()
    else bytes.swap64()
  }
}
