import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { ArgumentError } from '../../errors.js'
import { diagramOf } from '../../marble/diagram.js'
import { drawPicture } from '../../marble/picture.js'
import { replay } from '../../marble/replay.js'
import { type Run, readRun } from '../../marble/run.js'
import type { Selection } from '../../marble/select.js'
import { drawText } from '../../marble/text.js'

export interface MarbleOptions extends Selection {
  trace: string
  /** Columns that the drawing may take. */
  width?: number | undefined
  by?: 'ranks' | 'links' | 'both' | undefined
  /** Files to write. */
  svg?: string | undefined
  test?: string | undefined
  /** What a frame of the test is, in µs. */
  unit?: number | undefined
}

const WIDTH = 100
/** Columns that labels take at most, as a rule. */
const LABELS = 20
const NARROWEST = 10

/** Draws a trace; what is to be printed. */
export function marble({ trace, width, svg, test, unit, by, ...selection }: MarbleOptions): string {
  const run = readRun(read(trace), trace)
  check(run, selection)
  const columns = Math.max(NARROWEST, (width ?? process.stdout.columns ?? WIDTH) - LABELS)
  const diagram = diagramOf(run, { ...selection, by, columns })
  if (svg !== undefined) write(svg, drawPicture(diagram))
  if (test !== undefined) write(test, replay(run, basename(trace), { ...selection, unit }))
  return svg === undefined && test === undefined ? drawText(diagram) : ''
}

/** A rank that is not there would be one that has no messages. */
function check({ ranks }: Run, { ranks: wanted = [], links = [] }: Selection): void {
  const known = new Set(ranks.map(({ rank }) => rank))
  const most = Math.max(...known)
  for (const rank of wanted) if (!known.has(rank)) throw new ArgumentError(`--ranks named ${rank}: the trace has ranks from 0 to ${most}`)
  for (const [from, to] of links)
    for (const rank of [from, to])
      if (!known.has(rank)) throw new ArgumentError(`--links named ${from}:${to}: the trace has ranks from 0 to ${most}`)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ArgumentError(`${path}: expected a trace that rxmpi run --trace has written, got ${(error as Error).message}`, {
      cause: error
    })
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new ArgumentError(`${path}: expected a file that can be written, got ${(error as Error).message}`, { cause: error })
  }
}
