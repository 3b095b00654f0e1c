/** A case's figures, ours beside the peer's, and what came of its bars. */

import type { Outcome } from './command.js'
import { median } from './median.js'
import type { Figure } from './plan.js'
import { sizeName } from './size.js'
import { besideOf, type Case, type PeerName, type Row, sizesOf } from './suite.js'

export interface Line {
  row: string
  label: string
  size?: number
  /** The same in words: '64 KiB', 'the first 1,000'. */
  sizeText?: string
  /** Medians over the runs; absent where none succeeded. */
  ours?: number
  theirs?: number
  /** ours ÷ theirs */
  ratio?: number
  bar?: string
  met?: boolean
  /** After so many calls rxmpi's times were flat; absent where the row measures cold calls, or they were not. */
  after?: number
}

export interface Result {
  case: string
  beside: PeerName
  title: string
  unit: string
  runs: number
  lines: Line[]
  failures: string[]
}

/** What each run of a case gave. */
export interface Runs {
  ours: Outcome[]
  theirs: Outcome[]
}

const figureOf = (row: Row, size: number | undefined, { figures }: Outcome): Figure | undefined =>
  figures.find((found) => found.row === row.name && (found.size ?? undefined) === size)

function valueIn({ measures = 'program' }: Case, row: Row, size: number | undefined, outcome: Outcome): number | undefined {
  if (measures === 'wall') return outcome.wall
  if (measures === 'cpu' && row.name === 'command') return outcome.cpu
  return figureOf(row, size, outcome)?.value
}

const medianOf = (values: readonly (number | undefined)[]): number | undefined => {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : median(known)
}

export function resultOf(subject: Case, quick: boolean, runs: Runs, failures: string[]): Result {
  const over = (row: Row, size: number | undefined, outcomes: Outcome[]): number | undefined =>
    medianOf(outcomes.map((outcome) => valueIn(subject, row, size, outcome)))
  const line = (row: Row, size: number | undefined): Line => {
    const ours = over(row, size, runs.ours)
    const theirs = over(row, size, runs.theirs)
    const bar = row.bar?.(size ?? 0)
    const met = ours === undefined ? undefined : bar?.met({ ours, theirs, at: (other) => over(row, other, runs.ours) })
    const ratio = ours === undefined || theirs === undefined ? undefined : ours / theirs
    const sizeText = size === undefined ? undefined : (row.sizeName ?? sizeName)(size)
    const after = medianOf(runs.ours.map((outcome) => figureOf(row, size, outcome)?.after))
    return { row: row.name, label: row.label, size, sizeText, ours, theirs, ratio, bar: bar?.text, met, after }
  }
  return {
    case: subject.name,
    beside: besideOf(subject),
    title: subject.title,
    unit: subject.unit,
    runs: Math.max(runs.ours.length, runs.theirs.length),
    lines: subject.rows.flatMap((row) => sizesOf(row, quick).map((size) => line(row, size))),
    failures
  }
}
