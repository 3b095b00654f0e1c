import { readFileSync } from 'node:fs'
import { scaleLog } from 'd3-scale'
import { circle, colour, element, line, picture, text } from '../../src/marble/svg.js'
import type { Figure } from './figure.js'

/** Microseconds one way, by bytes. */
type Curve = readonly (readonly [bytes: number, time: number])[]

/** What `rxmpi bench --peer latency` has measured, kept so that the picture is the same on every machine. */
interface Measured {
  /** On what, and when. */
  machine: string
  rxmpi: Curve
  mpi4py: Curve
}

const measured: Measured = JSON.parse(readFileSync(new URL('ping-pong.json', import.meta.url), 'utf8'))

const [LEFT, RIGHT, TOP, BOTTOM] = [70, 590, 40, 330]
/** Of the text of a size. */
const WIDEST = 60
const MIDDLE = { 'text-anchor': 'middle' }

function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 ** 2 ? `${bytes / 1024} KiB` : `${bytes / 1024 ** 2} MiB`
}

const timeText = (us: number): string => (us < 1000 ? `${us} µs` : `${us / 1000} ms`)

/** Those whose texts do not touch. */
function apart(sizes: readonly number[], x: (size: number) => number): number[] {
  const shown: number[] = []
  for (const size of sizes) if (shown.length === 0 || x(size) - x(shown.at(-1)!) > WIDEST) shown.push(size)
  return shown
}

function draw(alt: string): string {
  const points = [...measured.rxmpi, ...measured.mpi4py]
  const sizes = measured.rxmpi.map(([bytes]) => bytes)
  const times = points.map(([, time]) => time)
  const x = scaleLog()
    .domain([Math.min(...sizes), Math.max(...sizes)])
    .range([LEFT, RIGHT])
  const y = scaleLog()
    .domain([Math.min(...times), Math.max(...times)])
    .range([BOTTOM, TOP])
    .nice()
  const [low, high] = y.domain() as [number, number]
  const decades = Array.from({ length: Math.round(Math.log10(high / low)) + 1 }, (_, k) => Number((low * 10 ** k).toPrecision(3)))
  const curve = (name: string, list: Curve, rank: number, above: boolean): string[] => {
    const [bytes, time] = list[1]!
    return [
      element('polyline', { points: list.map(([size, us]) => `${x(size).toFixed(1)},${y(us).toFixed(1)}`).join(' '), class: 'line' }),
      ...list.map(([size, us]) => circle(x(size), y(us), 5, { class: `${colour(rank)} marble` })),
      text(x(bytes), y(time) + (above ? -14 : 24), name, { ...MIDDLE, class: 'bold halo' })
    ]
  }
  const isSlower = measured.mpi4py[1]![1] > measured.rxmpi[1]![1]
  return picture(
    RIGHT + 40,
    BOTTOM + 70,
    alt,
    ...decades.flatMap((us) => [
      line(LEFT, y(us), RIGHT, y(us), { class: 'line faint dashed' }),
      text(LEFT - 10, y(us) + 5, timeText(us), { 'text-anchor': 'end', class: 'soft' })
    ]),
    ...apart(sizes, x).map((size) => text(x(size), BOTTOM + 26, sizeText(size), { ...MIDDLE, class: 'soft' })),
    ...curve('mpi4py', measured.mpi4py, 1, isSlower),
    ...curve('rxmpi', measured.rxmpi, 0, !isSlower),
    text((LEFT + RIGHT) / 2, BOTTOM + 54, measured.machine, { ...MIDDLE, class: 'soft' })
  )
}

/** How long an array takes from one rank to the other. */
export const pingPong: Figure = {
  name: 'ping-pong',
  alt: 'How long a typed array takes from one rank to another, by its size, in rxmpi and in mpi4py. Both take a microsecond or so for 8 bytes, and for large arrays a time that grows as the array does.',
  draw
}
