import type { Diagram, Lane, Mark } from './diagram.js'
import { joined, ticksOf } from './diagram.js'
import type { Message } from './run.js'
import { type Scale, timeText } from './scale.js'
import { arrow, circle, colour, line, picture, rankAt, rect, text } from './svg.js'

const COLUMN = 8
const LEFT = 96
const TOP = 64
const ROW = 58
const LINK_ROW = 42
const LEGEND_ROW = 24
const RADIUS = 10
/** The radius of what is sent. */
const DOT = 3.5
/** Marbles nearer than that are one. */
const NEAR = 2 * RADIUS
/** Letters that a marble has room for. */
const MOST = 3
/** Columns from one time of the scale to the next, at least. */
const TICK = 14
/** Of so many messages arrows are drawn faint, or the marbles could not be seen. */
const MANY = 120

/**
 * A diagram as a picture: a line for each rank, on which are what it sends (dots) and receives (marbles), and for each link. `alt` is for
 * who cannot see it.
 */
export function drawPicture(diagram: Diagram, alt = diagram.title): string {
  const { ranks, links, legend, scale, more, title, messages } = diagram
  const x = (time: number): number => LEFT + 24 + (Math.min(time, lastOf(scale)) - scale.since) * (COLUMN / scale.unit)
  const right = x(lastOf(scale)) + 30
  const meanings = legend.map(({ letter, text: meaning, count, from }) => ({ letter, from, meaning: `${meaning}  × ${count}` }))
  const width = Math.max(right + 20, 480, ...meanings.map(({ meaning }) => LEFT + 30 + meaning.length * 7))

  const rankY = new Map(ranks.map(({ rank }, row) => [rank, TOP + 34 + row * ROW]))
  const linksTop = TOP + 34 + ranks.length * ROW
  const linkY = (row: number): number => linksTop + (ranks.length > 0 ? 12 : 0) + row * LINK_ROW
  const omitted = [
    more.ranks > 0 ? `${more.ranks} more ranks` : undefined,
    more.links > 0 ? `${more.links} more links, of fewer messages` : undefined
  ].filter((words) => words !== undefined)
  const legendTop = (links.length > 0 ? linkY(links.length - 1) + LINK_ROW : linksTop) + 6
  const height = legendTop + (legend.length + (omitted.length > 0 ? 1 : 0)) * LEGEND_ROW + 10
  const bottom = legendTop - 26

  const ticks = ticksOf(scale, TICK).flatMap(({ time }, k) => [
    line(x(time), TOP, x(time), bottom, { class: 'line faint dashed' }),
    text(x(time), TOP - 8, k === 0 ? '0' : `+${timeText(time - scale.since)}`, { 'text-anchor': 'middle', class: 'soft' })
  ])
  const arrows = messages.flatMap(({ from, to, sent, received }) => {
    const [start, end] = [rankY.get(from), to === undefined ? undefined : rankY.get(to)]
    if (start === undefined || end === undefined || from === to || sent === undefined || received === undefined) return []
    if (!isIn(scale, sent) || !isIn(scale, received)) return []
    if (messages.length > MANY) return [line(x(sent), start, x(received), end, { class: 'line faint' })]
    return [between(x(sent), start, x(received), end)]
  })
  const ofRanks = ranks.flatMap(({ rank, title: name, sends, receives }) => {
    const y = rankY.get(rank)!
    return [
      text(LEFT - 40, y + 5, 'rank', { 'text-anchor': 'end', class: 'soft' }),
      name === String(rank) ? rankAt(LEFT - 20, y, rank) : text(LEFT - 10, y + 5, name, { 'text-anchor': 'end', class: 'bold' }),
      ...sends.marks
        .filter(({ message }) => message !== undefined)
        .map(({ time }) => circle(x(time), y, DOT, { class: `${colour(rank)} marble` })),
      ...marbles(receives, x, y)
    ]
  })
  const rankLines = ranks.map(({ rank }) => arrow(LEFT, rankY.get(rank)!, right, rankY.get(rank)!))
  const ofLinks = links.flatMap((link, row) => [
    text(LEFT - 10, linkY(row) + 5, link.label, { 'text-anchor': 'end' }),
    arrow(LEFT, linkY(row), right, linkY(row)),
    ...marbles(link, x, linkY(row))
  ])
  const ofLegend = meanings.flatMap(({ letter, from, meaning }, row) => {
    const y = legendTop + row * LEGEND_ROW
    return [marble(LEFT - 20, y, letter, from === undefined ? 'mixed' : colour(from)), text(LEFT, y + 5, meaning)]
  })
  const missing = omitted.length > 0 ? [text(LEFT, legendTop + legend.length * LEGEND_ROW + 5, omitted.join('; '), { class: 'soft' })] : []
  const heading = text(20, 26, `${title}, from ${timeText(scale.since)} on`, { class: 'bold' })
  return picture(width, height, alt, heading, ...ticks, ...rankLines, ...arrows, ...ofRanks, ...ofLinks, ...ofLegend, ...missing)
}

const lastOf = ({ since, unit, columns }: Scale): number => since + unit * columns
const isIn = (scale: Scale, time: number): boolean => time >= scale.since && time <= lastOf(scale)

/** Those of a line; such as would overlap are one, with the letters of all. */
function marbles({ marks }: Lane, x: (time: number) => number, y: number): string[] {
  const groups: Mark[][] = []
  for (const mark of marks.filter(({ message }) => message !== undefined)) {
    const group = groups.at(-1)
    if (group !== undefined && x(mark.time) - x(group.at(-1)!.time) < NEAR) group.push(mark)
    else groups.push([mark])
  }
  const drawn = groups.map((group) => {
    const letters = group.length <= MOST ? joined(group.map((mark) => mark.text)) : `${group.length} ×`
    const senders = new Set(group.map(({ message }) => (message as Message).from))
    const middle = (x(group[0]!.time) + x(group.at(-1)!.time)) / 2
    return marble(middle, y, letters, senders.size === 1 ? colour([...senders][0]!) : 'mixed', x(group.at(-1)!.time) - x(group[0]!.time))
  })
  const end = marks.at(-1)
  if (end === undefined || end.message !== undefined) return drawn
  const at = Math.max(x(end.time), ...groups.slice(-1).map((group) => x(group.at(-1)!.time) + RADIUS + 8))
  return [...drawn, ...(end.text === '|' ? [bar(at, y)] : cross(at, y))]
}

function marble(x: number, y: number, letters: string, kind: string, spread = 0): string {
  const width = Math.max(2 * RADIUS, letters.length * 8 + 8, spread + 2 * RADIUS)
  const shape = { rx: RADIUS, class: `${kind} marble` }
  return rect(x - width / 2, y - RADIUS, width, 2 * RADIUS, shape) + text(x, y + 4.5, letters, { 'text-anchor': 'middle', 'font-size': 13 })
}

/** From a dot to a marble. */
function between(x1: number, y1: number, x2: number, y2: number): string {
  const more = (RADIUS - DOT) / (Math.hypot(x2 - x1, y2 - y1) || 1)
  return arrow(x1 - (x2 - x1) * more, y1 - (y2 - y1) * more, x2, y2, RADIUS)
}

const bar = (x: number, y: number): string => line(x, y - 14, x, y + 14, { 'stroke-width': 3 })
const cross = (x: number, y: number): string[] => [
  line(x - 8, y - 8, x + 8, y + 8, { 'stroke-width': 3 }),
  line(x - 8, y + 8, x + 8, y - 8, { 'stroke-width': 3 })
]
