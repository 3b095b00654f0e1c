import { arrow, circle, colour, line, picture, rankAt, rect, text } from '../../src/marble/svg.js'
import type { Emission, Span } from './record.js'

/** A stream over time. */
export interface Stream {
  name: string
  values: readonly Emission<string>[]
  /** When it ends, if it does. */
  end?: number
  /** The rank whose colour it has. */
  rank: number
  /** How long each value is worked on. */
  lasts?: number
}

const LEFT = 190
const ROW = 54
const TOP = 36

/** Marble diagrams, one below the other. */
export function marbles(alt: string, streams: readonly Stream[], scale = 34): string {
  const last = Math.max(...streams.flatMap(({ values, end = 0, lasts = 0 }) => [end, ...values.map(({ at }) => at + lasts)]))
  const x = (time: number): number => LEFT + 20 + time * scale
  const y = (row: number): number => TOP + row * ROW
  const ticks = Array.from({ length: last + 1 }, (_, time) => time).flatMap((time) => [
    line(x(time), TOP - 20, x(time), y(streams.length - 1) + 22, { class: 'line faint dashed' }),
    text(x(time), y(streams.length - 1) + 42, String(time), { 'text-anchor': 'middle', class: 'soft' })
  ])
  const drawn = streams.flatMap(({ name, values, end, rank, lasts }, row) => [
    text(LEFT, y(row) + 5, name, { 'text-anchor': 'end' }),
    arrow(x(0) - 12, y(row), x(last) + 26, y(row)),
    ...(end === undefined ? [] : [line(x(end), y(row) - 16, x(end), y(row) + 16, { 'stroke-width': 3 })]),
    ...values.flatMap(({ at, value }, k) => {
      const middle = { 'text-anchor': 'middle' }
      if (lasts !== undefined) {
        return [
          rect(x(at), y(row) - 13, lasts * scale, 26, { rx: 4, class: colour(rank) }),
          text(x(at + lasts / 2), y(row) + 5, value, middle)
        ]
      }
      // Values of one time stand one behind the other.
      const before = values.slice(0, k).filter((other) => other.at === at).length
      const offset = before * 20
      return [circle(x(at) + offset, y(row), 13, { class: `${colour(rank)} marble` }), text(x(at) + offset, y(row) + 5, value, middle)]
    })
  ])
  return picture(
    x(last) + 44,
    y(streams.length - 1) + 76,
    alt,
    ...ticks,
    ...drawn,
    text(LEFT, y(streams.length - 1) + 42, 'ms', { 'text-anchor': 'end', class: 'soft' })
  )
}

/** What each rank does when: a bar for each span. */
export function bars(alt: string, groups: readonly { title: string; spans: readonly (readonly Span[])[] }[], scale = 54): string {
  const last = Math.max(...groups.flatMap(({ spans }) => spans.flat().map(({ end }) => end)))
  const left = 80
  const x = (time: number): number => left + time * scale
  let top = 34
  const parts = groups.flatMap(({ title, spans }) => {
    const lines = [text(left, top, title, { class: 'bold' })]
    for (const [rank, own] of spans.entries()) {
      const middle = top + 28 + rank * 38
      lines.push(rankAt(40, middle, rank), line(left, middle, x(last) + 8, middle))
      for (const { what, begin, end } of own) {
        const kind = what === 'wait' ? 'box' : colour(rank)
        lines.push(
          rect(x(begin) + 1, middle - 13, (end - begin) * scale - 2, 26, { rx: 4, class: kind }),
          text(x((begin + end) / 2), middle + 5, what, { 'text-anchor': 'middle', class: what === 'wait' ? 'soft' : undefined })
        )
      }
    }
    top += 28 + spans.length * 38 + 26
    return lines
  })
  const times = Array.from({ length: Math.floor(last / 2) + 1 }, (_, k) => 2 * k)
  const axis = times.map((time) => text(x(time), top - 8, `${time} ms`, { 'text-anchor': 'middle', class: 'soft' }))
  return picture(x(last) + 44, top + 12, alt, ...parts, ...axis)
}
