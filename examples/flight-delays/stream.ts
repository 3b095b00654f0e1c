import { concatMap, type Observable } from 'rxjs'
import type { Communicator } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { type Contents, readTimes, type Times } from './flights.js'

const MINUTES_A_DAY = 1440
/** Flights of this many minutes of delay are late. */
const LATE = 15

/** What the flights of some time say. */
export interface Punctuality {
  flights: number
  late: number
  minutes: number
}

/**
 * The flights as they happened, each rank those of its row groups, and at the root what each day says, as soon as all ranks are past it.
 */
export function streamByDay(comm: Communicator, { rowGroups }: Contents): Observable<mpi.TimeWindow<Punctuality>> {
  async function* mine(): AsyncGenerator<Times> {
    for (let k = comm.rank; k < rowGroups.length; k += comm.size) yield await readTimes(rowGroups[k])
  }
  const flights$ = mpi.pull(mine()).pipe(concatMap((times) => mpi.pull(flightsOf(times))))
  return flights$.pipe(
    mpi.windowByTime<Flight, Punctuality>(comm, {
      size: MINUTES_A_DAY,
      time: ({ minute }) => minute,
      value: ({ delay }) => ({ flights: 1, late: Number(delay >= LATE), minutes: delay }),
      op: add
    })
  )
}

interface Flight {
  minute: number
  delay: number
}

/** Within a row group flights stand in the order of their days only. */
function* flightsOf({ minutes, delays }: Times): Generator<Flight> {
  const order = Uint32Array.from(minutes, (_, k) => k).sort((a, b) => minutes[a] - minutes[b])
  for (const k of order) yield { minute: minutes[k], delay: delays[k] }
}

function add(a: Punctuality, b: Punctuality): Punctuality {
  a.flights += b.flights
  a.late += b.late
  a.minutes += b.minutes
  return a
}

const BARS = '▁▂▃▄▅▆▇█'

/** The days in a line, and the worst of them; not those at the edge of the data, with a handful of flights. */
export function streamReport(days: readonly mpi.TimeWindow<Punctuality>[]): string {
  const share = ({ value }: mpi.TimeWindow<Punctuality>): number => value.late / value.flights
  const busy = days.filter(({ value }) => value.flights >= 100)
  const most = Math.max(...busy.map(share))
  const line = busy.map((day) => BARS[Math.min(BARS.length - 1, Math.floor((share(day) / most) * BARS.length))]).join('')
  const worst = [...busy].sort((a, b) => share(b) - share(a)).slice(0, 5)
  return [
    `share of flights ${LATE} minutes late or more, day by day:`,
    ...(line.match(/.{1,61}/gu) ?? []),
    'the worst days:',
    ...worst.map(
      (day) => `  ${dateOf(day.start)}  ${(share(day) * 100).toFixed(1)} % of ${day.value.flights.toLocaleString('en-US')} flights`
    )
  ].join('\n')
}

const dateOf = (minute: number): string => new Date(minute * 60_000).toISOString().slice(0, 10)
