import { arrow, circle, colour, element, line, picture, rect, text } from '../../src/marble/svg.js'

/**
 * Draws the marble diagrams of docstrings:
 *
 *     rank 0   isend(a)   (u|)
 *     rank 1   irecv()    --(a|)
 *
 * Everything keeps its column, so that what stands below each other in the text happens at the same time in the picture.
 */

/** What stands in a line: words, or marbles in time. */
interface Piece {
  readonly column: number
  readonly text: string
  readonly isMarbles: boolean
}

const COLUMN = 13
const ROW = 34
const LEFT = 14
const RADIUS = 9

/** A picture of a block of text, if that is a marble diagram. */
export function drawMarbles(block: string): string | undefined {
  const lines = block.replace(/\s+$/, '').split('\n')
  const rows = lines.map(piecesOf)
  const drawable = rows.filter((row) => row.some(({ isMarbles }) => isMarbles))
  // Programs have marbles as well, in strings.
  if (drawable.length === 0 || (drawable.length < rows.length && /['"`={};]/.test(block))) return undefined
  const colours = new Map<string, string>()
  const width = LEFT * 2 + Math.max(...lines.map(({ length }) => length)) * COLUMN + 24
  const parts = rows.flatMap((row, k) => row.map((piece) => drawn(piece, 22 + k * ROW, colours)))
  return picture(width, 10 + rows.length * ROW, '', ...parts)
}

function piecesOf(line: string): Piece[] {
  const pieces: Piece[] = []
  const words = [...line.matchAll(/\S+/g)]
  for (const [k, { 0: text, index: column }] of words.entries()) {
    const isMarbles = areMarbles(text) || (k > 0 && k === words.length - 1 && /^[a-z]$/.test(text))
    const last = pieces.at(-1)
    const isNext = last !== undefined && column === last.column + last.text.length + 1
    if (isNext && !isMarbles && !last.isMarbles) pieces[pieces.length - 1] = { ...last, text: `${last.text} ${text}` }
    else pieces.push({ column, text, isMarbles })
  }
  return pieces
}

/** A mark of a line: time that passes, a value, several at once, a call, an end, when somebody subscribes and leaves. */
const MARK = /-|\((?:[A-Za-z\d|#!]+)\)|[a-z]+\(\d\)|[A-Za-z\d|#^!]/g

const areMarbles = (text: string): boolean =>
  new RegExp(`^(${MARK.source})+$`).test(text) &&
  /--|^-.|.-$|[|^]/.test(text) &&
  // A word with a hyphen, or an option of a command.
  !/[A-Za-z]{3}(?!\w*\()/.test(text.replace(/\([^)]*\)/g, '()'))

const x = (column: number): number => LEFT + column * COLUMN + COLUMN / 2

function drawn({ column, text: content, isMarbles }: Piece, y: number, colours: Map<string, string>): string {
  if (!isMarbles) return text(LEFT + column * COLUMN, y + 5, content)
  const end = x(column + content.length - 1)
  const isOver = /[|#!]\)?$/.test(content)
  const marks = [...content.matchAll(MARK)].map(({ 0: mark, index }) => markAt(x(column + index), y, mark, colours))
  return (isOver ? line(x(column) - 5, y, end, y) : arrow(x(column) - 5, y, end + 22, y)) + marks.join('')
}

function markAt(at: number, y: number, mark: string, colours: Map<string, string>): string {
  if (mark === '-') return ''
  if (mark.startsWith('(')) {
    const values = mark.slice(1, -1).replace(/[|#!]/g, '')
    const width = values === '' ? 0 : widthOf(values)
    const ends = [...mark]
      .filter((end) => '|#!'.includes(end))
      .map((end) => endAt(at + width - RADIUS + (width === 0 ? RADIUS : 8), y, end))
    return (values === '' ? '' : marble(at, y, values, colours)) + ends.join('')
  }
  return '|#!^'.includes(mark) ? endAt(at, y, mark) : marble(at, y, mark, colours)
}

const widthOf = (label: string): number => Math.max(2 * RADIUS, label.length * 8 + 8)

/** A value, whose colour is the same wherever it comes. */
function marble(at: number, y: number, label: string, colours: Map<string, string>): string {
  const kind = colours.get(label) ?? colour(colours.size)
  colours.set(label, kind)
  const width = widthOf(label)
  const shape =
    label.length === 1
      ? circle(at, y, RADIUS, { class: `${kind} marble` })
      : rect(at - RADIUS, y - RADIUS, width, 2 * RADIUS, { rx: RADIUS, class: `${kind} marble` })
  return shape + text(at - RADIUS + width / 2, y + 4, label, { 'text-anchor': 'middle', 'font-size': 12 })
}

function endAt(at: number, y: number, end: string): string {
  if (end === '|') return rect(at - 1.25, y - RADIUS, 2.5, 2 * RADIUS, { class: 'bar' })
  const crossed = (dx: number): string => line(at - dx, y - 6, at + dx, y + 6, { class: 'line bold', 'stroke-width': 2.5 })
  if (end === '#') return crossed(6) + crossed(-6)
  // Where somebody subscribes, and leaves.
  const points =
    end === '^'
      ? [`${at - 5},${y + 8}`, `${at + 5},${y + 8}`, `${at},${y - 1}`]
      : [`${at - 5},${y - 8}`, `${at + 5},${y - 8}`, `${at},${y + 1}`]
  return element('polygon', { points: points.join(' '), class: 'head' })
}
