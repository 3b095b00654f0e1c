import { BIN_MINUTES, HIGHEST, LATE, LOWEST, lateShare } from './bins.js'
import type { Summary } from './statistics.js'
import type { Total } from './total.js'

const BUSIEST = 15

/** A cell must hold that many flights before its mean says anything. */
export const ENOUGH = 30

export function terminalReport({ all, hours, airports }: Total, cities: Map<string, string>): string {
  const longest = Math.max(...hours.map(({ mean }) => mean))
  return [
    `Arrival delay in minutes, by the local hour of departure (late: ${LATE} minutes or more)`,
    '',
    `hour   ${heading}  mean delay`,
    ...hours.map((hour, i) => `${clock(i)}  ${row(hour)}  ${bar(hour.mean / longest, 24)}`),
    `all    ${row(all)}`,
    '',
    `The ${BUSIEST} busiest airports of ${airports.length}`,
    '',
    `airport               ${heading}  mean delay by hour, 0 to 23 (█: ${FULL} and more)`,
    ...airports.slice(0, BUSIEST).map((airport) => {
      const name = `${airport.name} ${cities.get(airport.name) ?? ''}`.slice(0, 20).padEnd(20)
      return `${name}  ${row(airport)}  ${sparkline(airport.hours)}`
    }),
    '',
    `How the delays are spread: flights for each ${BIN_MINUTES} minutes`,
    '',
    ...columnChart(all.histogram.slice(1, -1), 8),
    ''
  ].join('\n')
}

const heading = '  flights     mean       sd      min      max     late'

function row({ count, mean, variance, min, max, histogram }: Summary): string {
  return [
    whole(count).padStart(9),
    mean.toFixed(2).padStart(9),
    Math.sqrt(variance).toFixed(2).padStart(9),
    whole(min).padStart(9),
    whole(max).padStart(9),
    `${(100 * lateShare(histogram)).toFixed(1)} %`.padStart(9)
  ].join('')
}

const whole = (n: number): string => n.toLocaleString('en-US')

const clock = (hour: number): string => `${String(hour).padStart(2, '0')}:00`

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

function bar(share: number, width: number): string {
  const eighths = Math.max(0, Math.round(share * width * 8))
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]
}

const LEVELS = '▁▂▃▄▅▆▇█'
/** The mean delay for each of them. */
const STEP = 5
const FULL = STEP * (LEVELS.length - 1)

function sparkline(hours: readonly Summary[]): string {
  return hours
    .map(({ count, mean }) => {
      if (count < ENOUGH) return ' '
      return LEVELS[Math.min(LEVELS.length - 1, Math.max(0, Math.floor(mean / STEP)))]
    })
    .join('')
}

/** A column for each bin, in lines from the top to the bottom, over an axis that is marked each hour. */
function columnChart(counts: readonly number[], height: number): string[] {
  const most = Math.max(...counts)
  const margin = whole(most).length + 1
  const lines = Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * LEVELS.length
    const cells = counts.map((count) => {
      const level = Math.round((count / most) * height * LEVELS.length) - below
      return level <= 0 ? ' ' : LEVELS[Math.min(LEVELS.length, level) - 1]
    })
    return `${(line === 0 ? whole(most) : '').padEnd(margin)}${cells.join('')}`.trimEnd()
  })
  let axis = ' '.repeat(margin)
  for (let minutes = LOWEST; minutes <= HIGHEST; minutes += 60) axis += String(minutes).padEnd(60 / BIN_MINUTES)
  return [...lines, `${axis.trimEnd()} minutes`]
}
