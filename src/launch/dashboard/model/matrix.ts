import type { Picture } from './picture.js'

/** Who has sent how much to whom; of many ranks several share a row and a column. */
export interface ByteMatrix {
  /** Rows, and columns. */
  readonly size: number
  /** Ranks of a row. */
  readonly step: number
  /** What the first and the last rank of each row are called. */
  readonly labels: readonly string[]
  /** Row by row, senders first. */
  readonly bytes: Float64Array
  readonly messages: Float64Array
  readonly most: number
}

const MOST_ROWS = 128

export function byteMatrix({ ranks, pairs }: Pick<Picture, 'ranks' | 'pairs'>): ByteMatrix {
  const step = Math.max(1, Math.ceil(ranks.length / MOST_ROWS))
  const size = Math.ceil(ranks.length / step)
  const rowOf = new Map(ranks.map(({ process }, k) => [process, Math.floor(k / step)] as const))
  const bytes = new Float64Array(size * size)
  const messages = new Float64Array(size * size)
  for (const [from, to, count, length] of pairs) {
    const [row, column] = [rowOf.get(from), rowOf.get(to)]
    if (row === undefined || column === undefined) continue
    bytes[row * size + column]! += length
    messages[row * size + column]! += count
  }
  const labels = Array.from({ length: size }, (_, row) => {
    const [first, last] = [ranks[row * step]!, ranks[Math.min(ranks.length, (row + 1) * step) - 1]!]
    return first === last ? first.title : `${first.title}…${last.title}`
  })
  return { size, step, labels, bytes, messages, most: bytes.reduce((most, one) => Math.max(most, one), 0) }
}

/** How dark a cell is, 0 to 1: by its logarithm, for pairs differ by orders of magnitude. Whoever has sent anything can be seen. */
export function shade(bytes: number, messages: number, most: number): number {
  if (messages === 0) return 0
  return most <= 1 ? 0.15 : 0.15 + 0.85 * (Math.log1p(bytes) / Math.log1p(most))
}
