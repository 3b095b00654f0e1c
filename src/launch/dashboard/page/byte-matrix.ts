import { type ByteMatrix, byteMatrix, shade } from '../model/matrix.js'
import type { Picture } from '../model/picture.js'
import { bytes, count } from '../model/words.js'
import { byId, element, setAttribute, setText } from './dom.js'
import { sized, type Theme } from './theme.js'

const MOST_WIDTH = 420
const EDGE = 34
const PAIRS = 8

/** A cell for each sender and receiver; the pointer and the arrow keys read it, and the busiest pairs stand beside it as a table. */
export function byteMatrixView(): (picture: Picture, theme: Theme) => void {
  const canvas = element('canvas', { tabindex: 0, role: 'img' })
  const reading = element('p', { class: 'reading', 'aria-live': 'polite' })
  const body = element('tbody')
  const rest = element('p', { class: 'quiet' })
  const heads = ['From', 'To', 'Bytes', 'Messages'].map((name) => element('th', { scope: 'col' }, name))
  const table = element(
    'table',
    { class: 'pairs' },
    element('caption', {}, 'The busiest pairs of ranks'),
    element('thead', {}, element('tr', {}, ...heads)),
    body
  )
  const figure = element('div', { class: 'figure' }, canvas, reading)
  byId('byte-matrix').append(element('div', { class: 'beside' }, figure, element('div', {}, table, rest)))

  let matrix: ByteMatrix | undefined
  let at: { row: number; column: number } | undefined
  let redraw = (): void => undefined
  const move = (row: number, column: number): void => {
    if (matrix === undefined) return
    at = { row: Math.max(0, Math.min(matrix.size - 1, row)), column: Math.max(0, Math.min(matrix.size - 1, column)) }
    redraw()
  }
  canvas.onpointermove = ({ offsetX, offsetY }) => {
    if (matrix === undefined) return
    const cell = (canvas.clientWidth - EDGE) / matrix.size
    move(Math.floor((offsetY - EDGE) / cell), Math.floor((offsetX - EDGE) / cell))
  }
  canvas.onkeydown = (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key]
    if (step === undefined) return
    move((at?.row ?? 0) + step[0]!, (at?.column ?? -1) + step[1]!)
    event.preventDefault()
  }
  return (picture, theme) => {
    const found = byteMatrix(picture)
    matrix = found
    redraw = () => {
      draw(canvas, found, at, Math.min(MOST_WIDTH, figure.clientWidth), theme)
      setText(reading, at === undefined ? 'Senders are rows, receivers columns.' : cellText(found, at))
      setAttribute(canvas, 'aria-label', `Bytes from each rank to each other; arrow keys read a cell. ${reading.textContent}`)
    }
    redraw()
    const titles = new Map(picture.ranks.map(({ process, title }) => [process, title]))
    const rows = picture.pairs
      .slice(0, PAIRS)
      .map(([from, to, messages, length]) => [titles.get(from) ?? `${from}`, titles.get(to) ?? `${to}`, bytes(length), count(messages)])
    fill(body, rows)
    const others = picture.pairs.length + picture.morePairs - rows.length
    setText(rest, rows.length === 0 ? 'No rank has sent a message yet.' : others > 0 ? `and ${count(others)} other pairs` : '')
  }
}

function fill(body: HTMLTableSectionElement, rows: readonly (readonly string[])[]): void {
  while (body.rows.length > rows.length) body.deleteRow(-1)
  for (const [k, cells] of rows.entries()) {
    const row = body.rows[k] ?? body.insertRow()
    for (const [j, text] of cells.entries()) {
      const cell = row.cells[j] ?? row.insertCell()
      cell.className = 'number'
      setText(cell, text)
    }
  }
}

function cellText({ size, labels, bytes: all, messages }: ByteMatrix, { row, column }: { row: number; column: number }): string {
  const place = row * size + column
  return `rank ${labels[row]} to rank ${labels[column]}: ${bytes(all[place]!)} in ${count(messages[place]!)} messages`
}

function draw(
  canvas: HTMLCanvasElement,
  matrix: ByteMatrix,
  at: { row: number; column: number } | undefined,
  width: number,
  theme: Theme
): void {
  const { size, labels, bytes: all, messages, most } = matrix
  if (size === 0 || width <= EDGE) return
  const context = sized(canvas, width, width)
  const cell = (width - EDGE) / size
  const gap = cell > 8 ? 1 : 0
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const place = row * size + column
      const dark = shade(all[place]!, messages[place]!, most)
      context.globalAlpha = dark === 0 ? 1 : dark
      context.fillStyle = theme(dark === 0 ? 'empty' : 'heat')
      context.fillRect(EDGE + column * cell, EDGE + row * cell, cell - gap, cell - gap)
      if (cell < 52 || messages[place] === 0) continue
      context.globalAlpha = 1
      context.fillStyle = theme(dark > 0.6 ? 'on-heat' : 'text')
      context.font = '11px system-ui, sans-serif'
      context.textAlign = 'center'
      context.textBaseline = 'middle'
      context.fillText(bytes(all[place]!), EDGE + (column + 0.5) * cell, EDGE + (row + 0.5) * cell, cell - 4)
    }
  }
  context.globalAlpha = 1
  drawLabels(context, labels, cell, theme)
  if (at === undefined) return
  context.strokeStyle = theme('text')
  context.lineWidth = 2
  context.strokeRect(EDGE + at.column * cell, EDGE + at.row * cell, Math.max(2, cell - gap), Math.max(2, cell - gap))
}

function drawLabels(context: CanvasRenderingContext2D, labels: readonly string[], cell: number, theme: Theme): void {
  const each = Math.ceil(24 / cell)
  context.fillStyle = theme('quiet')
  context.font = '11px system-ui, sans-serif'
  context.textBaseline = 'middle'
  for (let k = 0; k < labels.length; k += each) {
    const middle = EDGE + (k + 0.5) * cell
    context.textAlign = 'right'
    context.fillText(labels[k]!, EDGE - 6, middle, EDGE - 8)
    context.textAlign = 'center'
    context.fillText(labels[k]!, middle, EDGE - 12, Math.max(24, cell * each) - 2)
  }
}
