import { readFileSync } from 'node:fs'
import { EMPTY, type Observable } from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { type SimulateOptions, simulate } from '../../testing/simulate.js'

/**
 * The marbles that a docstring (or a page) of `file` draws behind labels; a test that runs them keeps the drawing true.
 *
 *     rank 0 (root)   source --a--b--|   out --a--b--|
 *     rank 1                             out ---a--b--|
 *
 * is read by `drawn(file, 'source', 'rank 0 / out', 'rank 1 / out')`: what stands before the slash begins the line, and can be left out
 * where the label is there once. A drawing is a run of indented lines; the first one that has all the labels counts. Marbles end at two
 * spaces.
 */
export function drawn(file: string, ...labels: string[]): string[] {
  const drawings = drawingsOf(file)
  for (const lines of drawings) {
    const found = labels.map((label) => behind(label, lines))
    if (found.every((marbles) => marbles !== undefined)) return found as string[]
  }
  const nowhere = labels.filter((label) => drawings.every((lines) => behind(label, lines) === undefined))
  throw new Error(
    `${file} draws ${nowhere.length > 0 ? `no '${nowhere.join("' and no '")}'` : `'${labels.join("' and '")}' in no one drawing`}`
  )
}

interface AsDrawn<T> extends SimulateOptions {
  /** What the letters of sources and results stand for; default themselves. */
  values?: Record<string, T>
  /** Which of the file's drawings that say what comes `out`; default the first. */
  drawing?: number
}

/**
 * Runs the drawing of an operator in virtual time: on every rank `program` over the source that its line draws, and what comes `out` is as
 * drawn. A rank without a source (or one that is `(ignored)`) has an empty one.
 *
 *     rank 0 (root)   source --a--b--|   out --a--b--|
 *     rank 1                             out ---a--b--|
 */
export function asDrawn<T>(
  file: string,
  { values, drawing = 0, ...options }: AsDrawn<T>,
  program: (comm: Communicator, source: Observable<T>) => Observable<unknown>
): void {
  const drawings = drawingsOf(file).filter((lines) =>
    lines.some((line) => behind('out', [line]) !== undefined && rowOf(line) !== undefined)
  )
  const rows = drawings[drawing]?.filter((line) => rowOf(line) !== undefined)
  if (rows === undefined) throw new Error(`${file} has no drawing ${drawing} with lines 'rank 0 … out …'`)
  rows.forEach((line, rank) => {
    if (rowOf(line) !== rank || behind('out', [line]) === undefined)
      throw new Error(`${file}: expected 'rank ${rank} … out …', got '${line}'`)
  })
  simulate(rows.length, options, ({ ranks, cold, expectObservable }) => {
    const outs = ranks((comm) => {
      const source = behind('source', [rows[comm.rank]!])
      return program(comm, source === undefined || source === '(ignored)' ? EMPTY : cold(source, values))
    })
    for (const [rank, out] of outs.entries()) expectObservable(out).toBe(behind('out', [rows[rank]!])!, values)
  })
}

/** The rank whose line it is. */
function rowOf(line: string): number | undefined {
  const [, rank] = /^rank (\d+)\b/.exec(line) ?? []
  return rank === undefined ? undefined : Number(rank)
}

/** All drawings of a file, as lines without their indentation. */
export function drawingsOf(file: string): string[][] {
  const drawings: string[][] = [[]]
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, text] = /^\s*\* {4,}(\S.*)$/.exec(line) ?? /^ {4,}(\S.*)$/.exec(line) ?? []
    if (text !== undefined) drawings.at(-1)!.push(text.trimEnd())
    else if (drawings.at(-1)!.length > 0) drawings.push([])
  }
  return drawings
}

/** The marbles behind a label. */
export function behind(label: string, lines: readonly string[]): string | undefined {
  const name = label.split(' / ').at(-1)!
  const row = label.slice(0, -name.length).replace(/ \/ $/, '')
  const isRow = new RegExp(`^${literal(row)}(?:\\s|$)`)
  const marbles = new RegExp(`(?:^|\\s)${literal(name)}\\s+(\\S+(?: \\S+)*)`)
  const line = lines.find((text) => (row === '' || isRow.test(text)) && marbles.test(text))
  return line && marbles.exec(line)![1]
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/\s+/g, '\\s+')
