import { type ScaleBand, type ScaleLinear, scaleBand, scaleLinear } from 'd3-scale'
import { BIN_MINUTES, HIGHEST, LATE, LOWEST, lateShare } from './bins.js'
import type { Summary } from './statistics.js'
import { ENOUGH } from './terminal.js'
import type { Airport, Total } from './total.js'

const WIDTH = 1200
const HEIGHT = 1080
const BUSIEST = 25

const INK = '#22303c'
const FAINT = '#6b7a86'
const GRID = '#e3e8ec'
const BLANK = '#f1f3f5'

/** Minutes of mean delay to a colour, the same in all panels: blue is early, pale is on time. */
const MEAN_STOPS = [-10, 0, 10, 25, 45]
const MEAN_COLOURS = ['#2f6fab', '#f3efe4', '#f9c66b', '#e2653a', '#8f1d2c']
const colour = scaleLinear<string>().domain(MEAN_STOPS).range(MEAN_COLOURS).clamp(true)

export interface Period {
  readonly first: Date
  readonly last: Date
}

/** The result in one picture: delay by hour, how the delays are spread, and hour by hour for the busiest airports. */
export function svg(total: Total, cities: Map<string, string>, period: Period): string {
  const { all, hours, airports } = total
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img"`,
    ` aria-label="Arrival delay of flights by hour of departure and airport"`,
    ` font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="13" fill="${INK}">`,
    rect(0, 0, WIDTH, HEIGHT, '#ffffff'),
    text(60, 50, 'The later the plane leaves, the later it is', { size: 28, weight: 700 }),
    text(60, 78, `Arrival delay of ${whole(all.count)} flights from ${airports.length} airports of the United States, ${days(period)}`, {
      size: 16,
      fill: FAINT
    }),
    byHour(hours, 60, 120, 640, 300),
    spread(all, 780, 120, 360, 300),
    heatMap(airports.slice(0, BUSIEST), cities, 190, 530, 860, 450),
    text(
      60,
      HEIGHT - 28,
      'Source: U.S. Bureau of Transportation Statistics, On-Time Performance, in vega-datasets (flights-3m.parquet). Computed with rxmpi.',
      { size: 12, fill: FAINT }
    ),
    '</svg>\n'
  ].join('\n')
}

function byHour(hours: readonly Summary[], left: number, top: number, width: number, height: number): string {
  const x = hourScale(left, width)
  const y = scaleLinear()
    .domain([Math.min(0, ...hours.map(({ mean }) => mean)), Math.max(...hours.map(({ mean }) => mean))])
    .nice()
    .range([top + height, top + 40])
  const bars = hours.map(({ mean, count }, hour) => {
    const middle = x(hour)! + x.bandwidth() / 2
    return [
      rect(x(hour)!, Math.min(y(0), y(mean)), x.bandwidth(), Math.abs(y(mean) - y(0)), colour(mean), INK),
      text(middle, mean < 0 ? y(mean) + 14 : y(mean) - 5, signed(Math.round(mean)), { size: 11, anchor: 'middle' }),
      text(middle, top + height + 38, thousands(count), { size: 10, anchor: 'middle', fill: FAINT })
    ].join('')
  })
  return panel(left, top, 'Mean delay by the local hour of departure (minutes)', [
    grid(y, left, width),
    ...bars,
    line(left, y(0), left + width, y(0), INK),
    hourLabels(x, top + height + 20),
    text(left - 8, top + height + 38, '000s', { size: 10, anchor: 'end', fill: FAINT }),
    text(left + width / 2, top + height + 58, 'hour of departure; below it thousands of flights', {
      size: 12,
      anchor: 'middle',
      fill: FAINT
    }),
    text(x(5)! + 4, top + 60, 'Few leave at night, and those', { size: 12, fill: FAINT }),
    text(x(5)! + 4, top + 76, 'that do are often long overdue', { size: 12, fill: FAINT })
  ])
}

function spread(all: Summary, left: number, top: number, width: number, height: number): string {
  const inner = all.histogram.slice(1, -1)
  const x = scaleLinear()
    .domain([LOWEST, HIGHEST])
    .range([left, left + width])
  const y = scaleLinear()
    .domain([0, Math.max(...inner) / 1000])
    .nice()
    .range([top + height, top + 40])
  const bars = inner.map((count, i) => {
    const from = LOWEST + i * BIN_MINUTES
    const to = x(from + BIN_MINUTES)
    return rect(x(from), y(count / 1000), to - x(from) - 1, y(0) - y(count / 1000), from >= LATE ? '#e2653a' : '#7f93a3')
  })
  const late = `${(100 * lateShare(all.histogram)).toFixed(1)} % are late`
  return panel(left, top, `Flights by delay (thousands per ${BIN_MINUTES} minutes)`, [
    grid(y, left, width),
    ...bars,
    line(left, y(0), left + width, y(0), INK),
    ...x.ticks(8).map((minutes) => text(x(minutes), top + height + 20, signed(minutes), { size: 12, anchor: 'middle' })),
    text(left + width / 2, top + height + 58, 'delay on arrival (minutes; below 0 is early)', { size: 12, anchor: 'middle', fill: FAINT }),
    line(x(LATE), top + 50, x(LATE), y(0), '#e2653a', '4 3'),
    text(x(LATE) + 8, top + 62, late, { size: 14, weight: 700, fill: '#c4502a' }),
    text(x(LATE) + 8, top + 80, `by ${LATE} minutes or more`, { size: 12, fill: FAINT }),
    text(x(LATE) + 8, top + 110, `mean ${all.mean.toFixed(1)}, standard deviation ${Math.sqrt(all.variance).toFixed(1)}`, {
      size: 12,
      fill: FAINT
    }),
    text(x(LATE) + 8, top + 126, `from ${signed(all.min)} to ${whole(all.max)}`, { size: 12, fill: FAINT }),
    text(x(LATE) + 8, top + 142, `${whole(all.histogram[all.histogram.length - 1])} beyond ${HIGHEST}, not drawn`, {
      size: 12,
      fill: FAINT
    })
  ])
}

function heatMap(
  airports: readonly Airport[],
  cities: Map<string, string>,
  left: number,
  top: number,
  width: number,
  height: number
): string {
  const x = hourScale(left, width, 0.04)
  const y = scaleBand<number>()
    .domain(airports.map((_, i) => i))
    .range([top + 20, top + height])
    .padding(0.06)
  const rows = airports.map(({ name, mean, hours }, i) => {
    const middle = y(i)! + y.bandwidth() / 2 + 4
    const cells = hours.map((cell, hour) => {
      const enough = cell.count >= ENOUGH
      const title = `${name} ${hour}:00: ${enough ? `${cell.mean.toFixed(1)} minutes, ` : ''}${whole(cell.count)} flights`
      return `<g><title>${title}</title>${rect(x(hour)!, y(i)!, x.bandwidth(), y.bandwidth(), enough ? colour(cell.mean) : BLANK)}</g>`
    })
    return [
      text(left - 10, middle, `${cities.get(name) ?? ''} `, { size: 12, anchor: 'end', suffix: name }),
      ...cells,
      text(left + width + 46, middle, mean.toFixed(1), { size: 12, anchor: 'end' })
    ].join('')
  })
  return panel(left - 130, top - 20, `Mean delay by hour at the ${airports.length} busiest airports, busiest first (minutes)`, [
    ...rows,
    text(left + width + 46, top + 12, 'all day', { size: 12, anchor: 'end', fill: FAINT }),
    hourLabels(x, top + height + 18),
    text(left + width / 2, top + height + 38, `hour of departure; grey: fewer than ${ENOUGH} flights`, {
      size: 12,
      anchor: 'middle',
      fill: FAINT
    }),
    legend(left + width - 290, top - 26, 250)
  ])
}

function legend(left: number, top: number, width: number): string {
  const x = scaleLinear()
    .domain([MEAN_STOPS[0], MEAN_STOPS[MEAN_STOPS.length - 1]])
    .range([left, left + width])
  const stops = MEAN_STOPS.map((minutes, i) => `<stop offset="${round((x(minutes) - left) / width)}" stop-color="${MEAN_COLOURS[i]}"/>`)
  return [
    `<defs><linearGradient id="mean">${stops.join('')}</linearGradient></defs>`,
    rect(left, top, width, 10, 'url(#mean)'),
    ...MEAN_STOPS.map((minutes, i) => {
      const beyond = i === 0 ? '≤ ' : i === MEAN_STOPS.length - 1 ? '≥ ' : ''
      return text(x(minutes), top + 24, beyond + signed(minutes), { size: 11, anchor: 'middle' })
    })
  ].join('')
}

const hourScale = (left: number, width: number, padding = 0.15): ScaleBand<number> =>
  scaleBand<number>()
    .domain(Array.from({ length: 24 }, (_, hour) => hour))
    .range([left, left + width])
    .padding(padding)

const hourLabels = (x: ScaleBand<number>, y: number): string =>
  x
    .domain()
    .map((hour) => text(x(hour)! + x.bandwidth() / 2, y, String(hour), { size: 12, anchor: 'middle' }))
    .join('')

const grid = (y: ScaleLinear<number, number>, left: number, width: number): string =>
  y
    .ticks(6)
    .map(
      (value) =>
        line(left, y(value), left + width, y(value), GRID) + text(left - 8, y(value) + 4, signed(value), { size: 12, anchor: 'end' })
    )
    .join('')

const panel = (left: number, top: number, title: string, parts: string[]): string =>
  `<g>${text(left, top + 10, title, { size: 16, weight: 700 })}${parts.join('\n')}</g>`

const rect = (x: number, y: number, width: number, height: number, fill: string, stroke?: string): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"${
    stroke === undefined ? '' : ` stroke="${stroke}" stroke-width="0.5"`
  }/>`

const line = (x1: number, y1: number, x2: number, y2: number, stroke: string, dashes = 'none'): string =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}" stroke-dasharray="${dashes}"/>`

interface TextStyle {
  size: number
  weight?: number
  anchor?: 'start' | 'middle' | 'end'
  fill?: string
  /** Follows the text in bold. */
  suffix?: string
}

const text = (
  x: number,
  y: number,
  content: string,
  { size, weight = 400, anchor = 'start', fill = INK, suffix = '' }: TextStyle
): string =>
  `<text x="${round(x)}" y="${round(y)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${fill}">` +
  `${escaped(content)}${suffix === '' ? '' : `<tspan font-weight="700">${escaped(suffix)}</tspan>`}</text>`

const escaped = (content: string): string => content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const round = (n: number): number => Math.round(n * 100) / 100

const whole = (n: number): string => n.toLocaleString('en-US')

const signed = (n: number): string => whole(n).replace('-', '−')

const thousands = (n: number): string => (n < 9500 ? (n / 1000).toFixed(1) : (n / 1000).toFixed(0))

function days({ first, last }: Period): string {
  // A flight at midnight belongs to the evening before.
  const end = new Date(last.getTime() - 1)
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).formatRange(first, end)
}
