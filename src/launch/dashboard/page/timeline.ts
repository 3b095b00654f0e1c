import type { Subject } from 'rxjs'
import { clusters, type Lane, type Lanes, SHOWN_MS } from '../model/lanes.js'
import type { MarkKind, Picture } from '../model/picture.js'
import { MARKS } from '../model/words.js'
import { byId, element, setAttribute } from './dom.js'
import type { Choice } from './state.js'
import { sized, type Theme } from './theme.js'

const LEFT = 52
const RIGHT = 24
const AXIS = 22
/** How near two marks may be. */
const APART = 11

const COLOURS: Record<MarkKind, string> = {
  send: 'accent',
  queue: 'accent',
  receive: 'second',
  begin: 'third',
  end: 'third',
  break: 'failed',
  gone: 'failed'
}

/** What a rank sends stands above its line, what it receives below. */
const HEIGHTS: Record<MarkKind, number> = { send: -1, queue: -1, receive: 1, begin: 0, end: 0, break: 0, gone: 0 }

/** A lane a rank: single messages as marbles, and behind them how much it has done that could not be seen one by one. */
export function timeline(choices: Subject<Partial<Choice>>): (lanes: Lanes, picture: Picture, choice: Choice, theme: Theme) => void {
  const canvas = element('canvas', { role: 'img' })
  const box = element('div', { class: 'scroll lanes', tabindex: 0, role: 'region', 'aria-label': 'Last messages of each rank' }, canvas)
  const keys = (Object.keys(MARKS) as MarkKind[]).map((kind) => {
    const sample = element('canvas', { 'aria-hidden': 'true' })
    return { kind, sample, item: element('li', {}, sample, ` ${MARKS[kind]}`) }
  })
  byId('timeline').append(box, element('ul', { class: 'keys', 'aria-label': 'What the marks are' }, ...keys.map(({ item }) => item)))
  let drawnIn: Theme | undefined
  let processes: readonly number[] = []
  let height = 20
  canvas.onclick = ({ offsetY }) => {
    const process = processes[Math.floor(offsetY / height)]
    if (process !== undefined) choices.next({ rank: process })
  }
  return (lanes, { ranks, time }, { rank: chosen, only }, theme) => {
    const shown = ranks.filter(({ state }) => only === undefined || state === only)
    processes = shown.map(({ process }) => process)
    height = ranks.length > 16 ? 15 : 24
    const width = box.clientWidth
    if (width < LEFT + RIGHT + 50) return
    const context = sized(canvas, width, shown.length * height + AXIS)
    const scale = (width - LEFT - RIGHT) / SHOWN_MS
    const x = (at: number): number => LEFT + (at - (time - SHOWN_MS)) * scale
    setAttribute(
      canvas,
      'aria-label',
      `Lanes of ${shown.length} ranks over the last ${SHOWN_MS / 1000} seconds; the messages of the rank that is chosen follow as a table`
    )
    drawAxis(context, x, time, shown.length * height, theme)
    for (const [k, { process, title }] of shown.entries()) {
      const lane = lanes.get(process)
      const middle = (k + 0.5) * height
      if (process === chosen) {
        context.fillStyle = theme('chosen')
        context.fillRect(0, k * height, width, height)
      }
      context.fillStyle = theme(process === chosen ? 'text' : 'quiet')
      context.font = '12px system-ui, sans-serif'
      context.textAlign = 'right'
      context.textBaseline = 'middle'
      context.fillText(title, LEFT - 10, middle, LEFT - 14)
      context.fillStyle = theme('line')
      context.fillRect(LEFT, middle, width - LEFT - RIGHT, 1)
      if (lane !== undefined) drawLane(context, lane, x, time, middle, height, scale, theme)
    }
    if (theme === drawnIn) return
    drawnIn = theme
    for (const { kind, sample } of keys) mark(sized(sample, 14, 14), kind, 7, 7, 5, theme)
  }
}

function drawAxis(context: CanvasRenderingContext2D, x: (at: number) => number, time: number, bottom: number, theme: Theme): void {
  context.fillStyle = theme('quiet')
  context.font = '11px system-ui, sans-serif'
  context.textBaseline = 'middle'
  context.textAlign = 'center'
  for (let ago = 0; ago <= SHOWN_MS; ago += SHOWN_MS / 4) {
    context.fillStyle = theme('line')
    context.fillRect(x(time - ago), 0, 1, bottom)
    context.fillStyle = theme('quiet')
    context.fillText(ago === 0 ? 'now' : `−${ago / 1000} s`, x(time - ago), bottom + AXIS / 2)
  }
}

function drawLane(
  context: CanvasRenderingContext2D,
  lane: Lane,
  x: (at: number) => number,
  time: number,
  middle: number,
  height: number,
  scale: number,
  theme: Theme
): void {
  const from = time - SHOWN_MS
  context.fillStyle = theme('busyness')
  for (const span of lane.spans) {
    const left = Math.max(LEFT, x(span.from))
    // A million a second fills the lane.
    const tall = Math.min(1, Math.log10(1 + span.count) / 6) * (height - 4)
    context.fillRect(left, middle - tall / 2, Math.max(1, x(span.to) - left), tall)
  }
  for (const { kind, time } of clusters(lane, from, APART / scale)) {
    mark(context, kind, x(time), middle + HEIGHTS[kind] * (height / 2 - 6), height > 20 ? 4 : 3, theme)
  }
}

/** Each kind has a shape of its own. */
function mark(context: CanvasRenderingContext2D, kind: MarkKind, x: number, y: number, r: number, theme: Theme): void {
  context.strokeStyle = theme(COLOURS[kind])
  context.fillStyle = theme(COLOURS[kind])
  context.lineWidth = 1.6
  context.beginPath()
  if (kind === 'send' || kind === 'queue') polygon(context, [x - r, y + r * 0.8, x + r, y + r * 0.8, x, y - r])
  else if (kind === 'receive') context.arc(x, y, r * 0.85, 0, 2 * Math.PI)
  else if (kind === 'begin') polygon(context, [x - r * 0.7, y - r, x + r * 0.8, y, x - r * 0.7, y + r])
  else if (kind === 'end') context.rect(x - r * 0.7, y - r * 0.7, r * 1.4, r * 1.4)
  else if (kind === 'gone') {
    context.arc(x, y, r * 0.9, 0, 2 * Math.PI)
    context.moveTo(x - r * 0.6, y + r * 0.6)
    context.lineTo(x + r * 0.6, y - r * 0.6)
  } else {
    context.moveTo(x - r, y - r)
    context.lineTo(x + r, y + r)
    context.moveTo(x + r, y - r)
    context.lineTo(x - r, y + r)
  }
  if (kind === 'queue' || kind === 'begin' || kind === 'break' || kind === 'gone') context.stroke()
  else context.fill()
}

function polygon(context: CanvasRenderingContext2D, points: readonly number[]): void {
  context.moveTo(points[0]!, points[1]!)
  for (let k = 2; k < points.length; k += 2) context.lineTo(points[k]!, points[k + 1]!)
  context.closePath()
}
