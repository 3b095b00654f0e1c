import { MAX_NESTING } from './kinds.js'

/** How many items are still to come at each level above the present one. */
const outer = new Float64Array(MAX_NESTING + 1)

/**
 * Whether `bytes[0] … bytes[end - 1]` is one CBOR item of those that the encoder writes: no tags, no indefinite lengths, lengths that fit,
 * and no deeper than `MAX_NESTING`. cbor-x trusts its input too much to be shown anything else: tags 28 and 258 alone make it read 40 bytes
 * for hours, tag 2 takes quadratic time, deep nesting overflows the stack and leaves its state behind, and unknown ones become its own
 * objects.
 */
export function isTree(bytes: Uint8Array, end: number): boolean {
  let at = 0
  let level = 0
  let left = 1
  for (;;) {
    while (left === 0) {
      if (level === 0) return at === end
      left = outer[--level]!
    }
    if (at >= end) return false
    left--
    const head = bytes[at++]!
    const major = head >> 5
    let count = head & 31
    if (major === 7) {
      // false, true, null, undefined; then half, single and double floats.
      if (count >= 20 && count <= 23) continue
      if (count < 25 || count > 27) return false
      at += 1 << (count - 24)
      if (at > end) return false
      continue
    }
    if (count > 23) {
      if (count > 27) return false
      const width = 1 << (count - 24)
      if (at + width > end) return false
      if (major < 2) {
        at += width
        continue
      }
      count = 0
      for (let i = 0; i < width; i++) count = count * 256 + bytes[at++]!
    }
    if (major < 2) continue
    if (major === 6) return false
    // Every item has at least one byte.
    if (major === 5) count *= 2
    if (count > end - at) return false
    if (major < 4) {
      at += count
      continue
    }
    if (level === MAX_NESTING) return false
    outer[level++] = left
    left = count
  }
}
