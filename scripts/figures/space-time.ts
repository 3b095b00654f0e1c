import { arrow, circle, colour, line, picture, rankAt, text } from '../../src/marble/svg.js'
import type { Message } from './record.js'

export interface SpaceTime {
  size: number
  messages: readonly Message[]
  alt: string
  /** What is written at a message; default nothing. */
  label?: (message: Message) => string
  /** What is written below a time; default its milliseconds. */
  tick?: (time: number) => string
  /** Pixels for a millisecond. */
  scale?: number
  /** What is written behind a rank's line. */
  end?: (rank: number) => string
  endWidth?: number
}

const ROW = 62
const LEFT = 110
const TOP = 40

/** How far along its arrow a label may stand: at the first place where it is clear of the others. */
const PLACES = [0.25, 0.62, 0.4, 0.75]
const CLEAR = 20

/** A line for each rank, from which time runs to the right, and an arrow for each message, from when it was sent to when it arrived. */
export function spaceTime(options: SpaceTime): string {
  const { size, messages, alt, label = () => '', tick = (time) => `${time} ms`, scale = 150, end, endWidth = 0 } = options
  const last = Math.max(1, ...messages.map(({ arrived }) => arrived))
  const x = (time: number): number => LEFT + 20 + time * scale
  const y = (rank: number): number => TOP + rank * ROW
  const width = x(last) + 30 + endWidth
  const height = y(size - 1) + 60
  const times = [...new Set(messages.flatMap(({ sent, arrived }) => [sent, arrived]))].sort((a, b) => a - b)

  const lines = Array.from({ length: size }, (_, rank) => [
    line(LEFT, y(rank), x(last) + 14, y(rank)),
    rankAt(LEFT - 16, y(rank), rank),
    text(LEFT - 40, y(rank) + 5, 'rank', { 'text-anchor': 'end', class: 'soft' }),
    end === undefined ? '' : text(x(last) + 22, y(rank) + 5, end(rank))
  ]).flat()
  const ticks = times.flatMap((time) => [
    line(x(time), TOP - 14, x(time), y(size - 1) + 18, { class: 'line faint dashed' }),
    text(x(time), y(size - 1) + 38, tick(time), { 'text-anchor': 'middle', class: 'soft' })
  ])
  const arrows = messages.flatMap(({ from, to, sent, arrived }) => [
    arrow(x(sent), y(from), x(arrived), y(to), 4),
    circle(x(sent), y(from), 4, { class: colour(from) })
  ])
  const placed: [number, number][] = []
  const labels = messages.map((message) => {
    const { from, to, sent, arrived } = message
    const places = PLACES.map((part): [number, number] => [x(sent + (arrived - sent) * part), y(from + (to - from) * part) + 4])
    const clear = places.find(([px, py]) => placed.every(([qx, qy]) => Math.hypot(px - qx, py - qy) > CLEAR)) ?? places[0]!
    placed.push(clear)
    return text(...clear, label(message), { 'text-anchor': 'middle', class: 'halo' })
  })
  return picture(width, height, alt, ...ticks, ...lines, ...arrows, ...labels)
}
