import { ArgumentError, CountError } from '../errors.js'
import type { Compiled } from '../layout/compile.js'
import { bytesIn, eachRun } from '../memory/form.js'
import type { Run } from './view.js'

/** Blocks of bytes of a file with holes between, which repeat. What is picked is known by its place when packed. */
export interface Tile {
  /** Where each block begins, and how many bytes it has; ascending, apart from each other. */
  readonly offsets: Float64Array
  readonly lengths: Float64Array
  /** Where each begins when packed, */
  readonly places: Float64Array
  /** and how many bytes a tile has then. */
  readonly packed: number
  /** Bytes from one tile to the next. */
  readonly extent: number
}

/** Of what lies in a row there is none. */
export function tileOf({ form, extent }: Compiled): Tile | undefined {
  const offsets: number[] = []
  const lengths: number[] = []
  const places: number[] = []
  let packed = 0
  let end = 0
  eachRun(form, (offset, length) => {
    if (offset < end) {
      throw new ArgumentError(
        'layout: in a file its elements ascend from 0 on, and none is there twice; order them, and give the data in that order'
      )
    }
    const last = offsets.length - 1
    if (last >= 0 && end === offset) lengths[last]! += length
    else {
      offsets.push(offset)
      lengths.push(length)
      places.push(packed)
    }
    packed += length
    end = offset + length
  })
  if (packed > 0 && end - offsets[0]! > extent) {
    throw new ArgumentError(
      `layout: it repeats after ${extent} bytes, and its elements reach over ${end - offsets[0]!}; give it a larger extent by resized`
    )
  }
  if (offsets.length === 1 && offsets[0] === 0 && packed === extent) return undefined
  const all = (list: number[]): Float64Array => Float64Array.from(list)
  return { offsets: all(offsets), lengths: all(lengths), places: all(places), packed: bytesIn(form), extent }
}

/** Where a packed byte lies, from the start of the first tile on. */
export function placeIn(tile: Tile | undefined, byte: number): number {
  if (tile === undefined) return byte
  checkSome(tile)
  const repetition = Math.floor(byte / tile.packed)
  const rest = byte - repetition * tile.packed
  const k = blockAt(tile, rest)
  return repetition * tile.extent + tile.offsets[k]! + rest - tile.places[k]!
}

/** The runs that so many packed bytes from one on are, of tiles that start at byte `at`. */
export function runsOf(tile: Tile, at: number, from: number, bytes: number): Run[] {
  checkSome(tile)
  const { offsets, lengths, places, packed, extent } = tile
  const runs: { position: number; length: number }[] = []
  let repetition = Math.floor(from / packed)
  let within = from - repetition * packed
  let k = blockAt(tile, within)
  for (let left = bytes; left > 0; ) {
    const skipped = within - places[k]!
    const length = Math.min(lengths[k]! - skipped, left)
    const position = at + repetition * extent + offsets[k]! + skipped
    const last = runs[runs.length - 1]
    if (last !== undefined && last.position + last.length === position) last.length += length
    else runs.push({ position, length })
    left -= length
    k++
    if (k === offsets.length) {
      k = 0
      repetition++
    }
    within = places[k]!
  }
  return runs
}

/** How many picked bytes lie before a byte. */
export function bytesBefore(tile: Tile | undefined, byte: number): number {
  if (tile === undefined) return byte
  const { offsets, lengths, packed, extent } = tile
  if (packed === 0) return 0
  const repetitions = Math.max(0, Math.floor((byte - offsets[0]!) / extent))
  const rest = byte - repetitions * extent
  return offsets.reduce((sum, offset, k) => sum + Math.max(0, Math.min(lengths[k]!, rest - offset)), repetitions * packed)
}

/** The last block that begins no later than a packed byte. */
function blockAt({ places }: Tile, byte: number): number {
  let low = 0
  let high = places.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (places[middle]! <= byte) low = middle
    else high = middle
  }
  return low
}

function checkSome({ packed }: Tile): void {
  if (packed === 0) throw new CountError('layout: it picks no element, so there is nothing to read or write')
}
