import { arrow, cell, colour, picture, rankAt, text } from '../../src/marble/svg.js'

/** A cell of a rank's memory. */
export interface Block {
  label: string
  /** The ranks that it comes from; one gives it its colour, several give it none. */
  of: readonly number[]
  /** What it is known by in the next column; default its label. */
  key?: string
  /** The keys, in the column before, of what it was made of; default its own. */
  from?: readonly string[]
}

/** What each rank has at one time. */
export interface Column {
  title: string
  rows: readonly (readonly Block[])[]
  cellWidth?: number
  /** What happens before it. */
  step?: string
}

const ROW = 46
const HEIGHT = 30
const TOP = 54
const LEFT = 76
const GAP = 140

/** What each rank has, time after time, and from where to where it moves. */
export function blocks(alt: string, columns: readonly Column[]): string {
  const y = (rank: number): number => TOP + rank * ROW
  const size = columns[0]!.rows.length
  let left = LEFT
  const placed = columns.map((column) => {
    const { cellWidth = 44, rows } = column
    const place = { ...column, cellWidth, left }
    left += Math.max(column.title.length * 7.5, ...rows.map((row) => row.length * (cellWidth + 4))) + GAP
    return place
  })
  const moves = placed.flatMap((column, k) => (k === 0 ? [] : movesBetween(placed[k - 1]!, column, y)))
  const parts = placed.flatMap(({ title, rows, cellWidth, left, step }) => {
    const at = (j: number): number => left + j * (cellWidth + 4)
    const cells = rows.flatMap((row, rank) =>
      row.map(({ label, of }, j) => cell(at(j), y(rank), cellWidth, HEIGHT, label, of.length === 1 ? colour(of[0]!) : 'mixed'))
    )
    const name = step === undefined ? [] : [text(left - GAP / 2, 30, step, { 'text-anchor': 'middle', class: 'bold mono halo' })]
    return [...cells, text(left, 30, title, { class: 'soft' }), ...name]
  })
  const ranks = columns[0]!.rows.map((_, rank) => rankAt(36, y(rank) + HEIGHT / 2, rank))
  return picture(left - GAP + 20, y(size) + 4, alt, ...moves, ...ranks, ...parts)
}

interface Placed {
  rows: readonly (readonly Block[])[]
  cellWidth: number
  left: number
}

/** From row to row: which cell has moved, its label tells. */
function movesBetween(before: Placed, after: Placed, y: (rank: number) => number): string[] {
  const middle = HEIGHT / 2
  return after.rows.flatMap((row, to) => {
    const wanted = new Set(row.flatMap(({ label, key = label, from = [key] }) => from))
    return before.rows.flatMap((given, giver) => {
      if (!given.some(({ label, key = label }) => wanted.has(key))) return []
      const right = before.left + given.length * (before.cellWidth + 4)
      return [arrow(right, y(giver) + middle, after.left - 2, y(to) + middle, 2, { class: 'arrow faint' })]
    })
  })
}
