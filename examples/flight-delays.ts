/**
 * Delays of three million flights: a job for several ranks from a real file to a table and a picture.
 *
 *     npm start
 *     npx rxmpi run -n 4 --no-prefix examples/flight-delays.ts [--svg FILE] [--json FILE]
 *     npx rxmpi run -n 4 --no-prefix examples/flight-delays.ts --stream [--json FILE]
 *
 * The file is columns in row groups, each of which can be decoded alone, and decoding is the work. Rank 0 scatters the row groups, one for
 * each rank a round; every rank decodes its own and tallies what it says, per hour of the day and airport: count, mean, variance, extremes
 * and a histogram of the delay. The tallies of a round are merged on their way to rank 0. Nobody waits for a round to be over before the
 * next.
 *
 * With --stream the flights are one stream in time instead, and each day is reduced across ranks once all of them are past it.
 *
 * MPI: MPI_Scatter, MPI_Reduce with an op of its own (MPI_Op_create); here both are operators of one pipeline.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { concatMap, from, lastValueFrom, scan, tap, toArray } from 'rxjs'
import { COMM_WORLD as comm, createOp, wtime } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { dataFolder } from './data.js'
import { cityNames } from './flight-delays/cities.js'
import { type Contents, type RowGroup, readContents, readFlights } from './flight-delays/flights.js'
import { progressBar } from './flight-delays/progress.js'
import { streamByDay, streamReport } from './flight-delays/stream.js'
import { svg } from './flight-delays/svg.js'
import { flightsIn, mergeTallies, noFlights, type Tally, tally } from './flight-delays/tally.js'
import { terminalReport } from './flight-delays/terminal.js'
import { totalOf } from './flight-delays/total.js'

const ROOT = 0

const start = wtime()
const { values: options } = parseArgs({
  options: { svg: { type: 'string', default: 'flight-delays.svg' }, json: { type: 'string' }, stream: { type: 'boolean', default: false } }
})
if (options.stream) await stream()
else await batch()

/** All ranks alike. */
async function stream(): Promise<void> {
  const contents = await readContents()
  const days = await lastValueFrom(streamByDay(comm, contents).pipe(toArray()))
  if (comm.rank !== ROOT) return
  const seconds = wtime() - start
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(days))
  const flights = days.reduce((sum, { count }) => sum + count, 0)
  console.log(streamReport(days))
  console.log(`${flights.toLocaleString('en-US')} flights on ${days.length} days, on ${ranksText()}: ${seconds.toFixed(2)} s`)
}

function ranksText(): string {
  return comm.size === 1 ? '1 rank' : `${comm.size} ranks`
}

async function batch(): Promise<void> {
  const contents = comm.rank === ROOT ? await readContents() : undefined
  const progress = contents && progressBar(contents.flights)
  const merged$ = from(contents === undefined ? [] : rounds(contents)).pipe(
    mpi.scatter(comm, { root: ROOT }),
    concatMap(async (rowGroup) => (rowGroup === undefined ? noFlights : tally(await readFlights(rowGroup)))),
    mpi.reduce(comm, createOp(mergeTallies, { commutative: true }), { root: ROOT }),
    scan(mergeTallies, noFlights),
    tap((tally) => progress?.update(flightsIn(tally)))
  )
  const merged = await lastValueFrom(merged$, { defaultValue: noFlights })
  progress?.stop()
  if (contents !== undefined) await report(contents, merged)
}

/** A row group for every rank, or none where they have come to an end. */
function rounds({ rowGroups }: Contents): (RowGroup | undefined)[][] {
  const count = Math.ceil(rowGroups.length / comm.size)
  return Array.from({ length: count }, (_, round) => Array.from({ length: comm.size }, (_, rank) => rowGroups[round * comm.size + rank]))
}

async function report(contents: Contents, merged: Tally): Promise<void> {
  const total = totalOf(merged)
  const seconds = wtime() - start
  const cities = cityNames(await readFile(join(dataFolder, 'airports.csv'), 'utf8'))
  await writeFile(options.svg, svg(total, cities, contents))
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(total))
  const flights = total.all.count.toLocaleString('en-US')
  console.log(terminalReport(total, cities))
  console.log(`${flights} flights in ${contents.rowGroups.length} row groups on ${ranksText()}: ${seconds.toFixed(2)} s`)
  console.log(`The picture is in ${options.svg}`)
}
