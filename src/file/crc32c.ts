/** CRC-32C (Castagnoli; RFC 3720, appendix B.4): what tells whether bytes are those that were written. */

const POLYNOMIAL = 0x82f63b78

/** Eight tables: eight bytes are taken at a time (slicing by 8; Kounavis, Berry, ISCC 2005). Made when first needed. */
let tables: Int32Array[] | undefined

function makeTables(): Int32Array[] {
  const first = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1
    first[byte] = sum
  }
  const all = [first]
  for (let k = 1; k < 8; k++) all.push(all[k - 1]!.map((sum) => (sum >>> 8) ^ first[sum & 255]!))
  return all
}

/** Of a run of bytes, as an unsigned number; `before` is that of what came before them. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, before = 0): number {
  tables ??= makeTables()
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array
  ]
  let sum = ~before
  let at = start
  for (; at + 8 <= end; at += 8) {
    const low = sum ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    sum =
      t7[low & 255]! ^
      t6[(low >>> 8) & 255]! ^
      t5[(low >>> 16) & 255]! ^
      t4[low >>> 24]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!
  }
  for (; at < end; at++) sum = (sum >>> 8) ^ t0[(sum ^ bytes[at]!) & 255]!
  return ~sum >>> 0
}
