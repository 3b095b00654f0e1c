import type { Diagram, Lane, Mark } from './diagram.js'
import { joined, ticksOf } from './diagram.js'
import { columnOf, type Scale, timeText } from './scale.js'

/** Marks of a group that are all shown; of more each once. */
const ALL = 4
const MOST = 6
/** Columns from one time of the scale to the next, at least. */
const TICK = 12

/** A diagram for the terminal, in the marbles of RxJS. */
export function drawText(diagram: Diagram): string {
  const { ranks, links, legend, scale, more, title } = diagram
  const head = `${title}, from ${timeText(scale.since)} on; a column is ${timeText(scale.unit)}`
  const names = ranks.map(({ title: name }) => `rank ${name}`)
  const name = Math.max(0, ...names.map((own) => own.length))
  const rows = [
    ...ranks.flatMap(({ sends, receives }, k) => [
      undefined,
      [`${names[k]!.padEnd(name)}  ${sends.label}`, row(sends, scale)],
      [`${' '.repeat(name)}  ${receives.label}`, row(receives, scale)]
    ]),
    ...(links.length > 0 ? [undefined] : []),
    ...links.map((link) => [link.label, row(link, scale)])
  ]
  const width = Math.max(0, ...rows.map((each) => (each?.[0] ?? '').length))
  const lines = rows.map((each) => (each === undefined ? '' : `${each[0]!.padEnd(width)}  ${each[1]}`))
  const counts = legend.map(({ count }) => `× ${count}`)
  const meanings = legend.map(({ text }) => text)
  const widest = Math.max(0, ...meanings.map((text) => text.length))
  const omitted = [
    more.ranks > 0 ? `${more.ranks} more ranks: choose some by --ranks` : undefined,
    more.links > 0 ? `${more.links} more links, of fewer messages: choose some by --links` : undefined
  ].filter((line) => line !== undefined)
  const all = [
    head,
    ...(rows.length > 0 ? ['', `${' '.repeat(width)}  ${axis(scale)}`] : []),
    ...lines,
    ...(omitted.length > 0 ? ['', ...omitted] : []),
    ...(legend.length > 0 ? [''] : []),
    ...legend.map(({ letter }, k) => `${letter}  ${meanings[k]!.padEnd(widest)}  ${counts[k]}`),
    ''
  ]
  return all.map((line) => line.trimEnd()).join('\n')
}

function axis(scale: Scale): string {
  let drawn = ''
  for (const { column, time } of ticksOf(scale, TICK)) {
    if (column < drawn.length) continue
    drawn = `${drawn.padEnd(column)}${column === 0 ? '0' : `+${timeText(time - scale.since)}`} `
  }
  return drawn.trimEnd()
}

/** A line of marbles: what falls into one column, or into those that a group takes, is a group. */
export function row({ marks }: Lane, scale: Scale): string {
  let drawn = ''
  for (let k = 0; k < marks.length; ) {
    const column = columnOf(scale, marks[k]!.time)
    const group: string[] = [marks[k++]!.text]
    while (k < marks.length && columnOf(scale, marks[k]!.time) < column + grouped(group).length) group.push(marks[k++]!.text)
    drawn = `${drawn.padEnd(column, '-')}${grouped(group)}`
  }
  const isOver = isEnd(marks.at(-1))
  return isOver ? drawn : drawn.padEnd(scale.columns, '-')
}

const isEnd = (mark: Mark | undefined): boolean => mark !== undefined && mark.message === undefined

function grouped(marks: readonly string[]): string {
  if (marks.length === 1) return marks[0]!
  if (marks.length <= ALL) return `(${joined(marks)})`
  const different = [...new Set(marks)]
  const end = ['|', '#'].find((mark) => different.at(-1) === mark) ?? ''
  const letters = end === '' ? different : different.slice(0, -1)
  return `(${joined(letters.slice(0, MOST))}…${end})`
}
