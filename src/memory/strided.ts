import { bytes1, bytes2, bytes4, bytes8, bytes32, eightDoubles, fourDoubles, oneDouble, twoDoubles } from './columns.js'
import { copy } from './copy.js'
import type { Words } from './words.js'

/**
 * Copies blocks of bytes that lie apart: `blocks` of them, each of `width` bytes, `step` bytes from one to the next where they come from
 * and `leap` where they go to.
 *
 * A call for each block costs more than a short block. So blocks are copied in columns: eight elements of every block, and then what is
 * left of every block. Where blocks overlap, that is not in order.
 */
export function copyBlocks(
  from: Words,
  start: number,
  step: number,
  to: Words,
  at: number,
  leap: number,
  width: number,
  blocks: number
): void {
  const places = blocks === 1 ? start | at | width : start | at | width | step | leap
  const isOfDoubles = (places & 7) === 0
  if (width > (isOfDoubles ? SHORT_OF_DOUBLES : SHORT) || (!isOfDoubles && isFar(start, step, at, leap, width, blocks))) {
    for (let k = 0; k < blocks; k++) copy(from.bytes, start + k * step, to.bytes, at + k * leap, width)
  } else if (blocks > 1 && blocks * width > GROUP) {
    const group = Math.floor(GROUP / width)
    for (let k = 0; k < blocks; k += group) {
      copyBlocks(from, start + k * step, step, to, at + k * leap, leap, width, Math.min(group, blocks - k))
    }
  } else if (isOfDoubles) doubles(from.doubles, start / 8, step / 8, to.doubles, at / 8, leap / 8, width / 8, blocks)
  else if (width >= 8) unaligned(from.any, start, step, to.any, at, leap, width, blocks)
  else bytes(from.any, start, step, to.any, at, leap, width, blocks)
}

/** Blocks up to here are moved by loops: eight doubles take 4 ns, a call for a block some 100. */
const SHORT_OF_DOUBLES = 1024
const SHORT = 512
/** So many bytes at a time: they are in the cache from one column to the next. */
const GROUP = 2 ** 14

/** Whether an integer of 32 bits does not reach all bytes. */
function isFar(start: number, step: number, at: number, leap: number, width: number, blocks: number): boolean {
  return Math.max(start, start + blocks * step, at, at + blocks * leap) + width > 0x7fffffff
}

function doubles(
  from: Float64Array,
  start: number,
  step: number,
  to: Float64Array,
  at: number,
  leap: number,
  width: number,
  blocks: number
): void {
  let i = 0
  if (blocks === 1) {
    // It is itself so many blocks, one behind the other.
    if (width < 16) return oneDouble(from, start, 1, to, at, 1, width)
    eightDoubles(from, start, 8, to, at, 8, width >> 3)
    i = width & ~7
  }
  for (; i + 8 <= width; i += 8) eightDoubles(from, start + i, step, to, at + i, leap, blocks)
  if (width & 4) {
    fourDoubles(from, start + i, step, to, at + i, leap, blocks)
    i += 4
  }
  if (width & 2) {
    twoDoubles(from, start + i, step, to, at + i, leap, blocks)
    i += 2
  }
  if (width & 1) oneDouble(from, start + i, step, to, at + i, leap, blocks)
}

/** The last 8 bytes of a block may overlap with those before: they are the same. */
function unaligned(
  from: DataView,
  start: number,
  step: number,
  to: DataView,
  at: number,
  leap: number,
  width: number,
  blocks: number
): void {
  const last = width - 8
  let i = 0
  if (blocks === 1) {
    bytes8(from, start, 8, to, at, 8, width >> 3)
    i = width & ~7
  }
  for (; i + 32 <= width; i += 32) bytes32(from, start + i, step, to, at + i, leap, blocks)
  for (; i <= last; i += 8) bytes8(from, start + i, step, to, at + i, leap, blocks)
  if (i < width) bytes8(from, start + last, step, to, at + last, leap, blocks)
}

/** Fewer than 8. */
function bytes(from: DataView, start: number, step: number, to: DataView, at: number, leap: number, width: number, blocks: number): void {
  if (width & 4) bytes4(from, start, step, to, at, leap, blocks)
  if (width & 2) bytes2(from, start + (width & 4), step, to, at + (width & 4), leap, blocks)
  if (width & 1) bytes1(from, start + (width & 6), step, to, at + (width & 6), leap, blocks)
}
