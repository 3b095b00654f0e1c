/**
 * Delays of three million flights: a job for several ranks from a real file to a table and a picture.
 *
 *     npm start
 *     npx rxmpi run -n 4 --no-prefix examples/flight-delays.ts [--svg FILE] [--json FILE]
 *     npx rxmpi run -n 4 --no-prefix examples/flight-delays.ts --stream [--json FILE]
 *
 * The file is columns in row groups, each of which can be decoded alone, and decoding is the work. Rank 0 hands the row groups
 * out to whoever is free; the other ranks decode one at a time and send back what it says, per hour of the day and airport:
 * count, mean, variance, extremes and a histogram of the delay. Rank 0 merges. A single rank does both.
 *
 * With --stream the flights are one stream in time instead, and each day is reduced across ranks once all of them are past it.
 *
 * MPI: MPI_Send, MPI_Recv with MPI_ANY_SOURCE and tags; here `comm.send` and the stream `comm.messages`.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { concatMap, lastValueFrom, mergeMap, take, takeWhile, toArray } from 'rxjs'
import { ANY_SOURCE, COMM_WORLD as comm, wtime } from 'rxmpi'
import { cityNames } from './flight-delays/cities.js'
import { type Contents, dataFolder, type RowGroup, readContents, readFlights } from './flight-delays/flights.js'
import { progressBar } from './flight-delays/progress.js'
import { streamByDay, streamReport } from './flight-delays/stream.js'
import { svg } from './flight-delays/svg.js'
import { type Tally, tally } from './flight-delays/tally.js'
import { terminalReport } from './flight-delays/terminal.js'
import { Totals } from './flight-delays/total.js'

const ROOT = 0
/** To a worker: a row group to decode and its number. */
const WORK = 1
/** To a worker: there is no more. */
const STOP = 2
/** To the root: what that row group says. */
const RESULT = 3

interface Work {
  run: number
  rowGroup: RowGroup
}

interface Result {
  run: number
  part: Tally
}

const start = wtime()
const { values: options } = parseArgs({
  options: { svg: { type: 'string', default: 'flight-delays.svg' }, json: { type: 'string' }, stream: { type: 'boolean', default: false } }
})
if (options.stream) await stream()
else await farm()

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

async function farm(): Promise<void> {
  const working = workers().includes(comm.rank) ? work() : undefined
  if (comm.rank === ROOT) {
    const contents = await readContents()
    await report(contents, await manage(contents))
  }
  await working
}

function workers(): number[] {
  return comm.size === 1 ? [ROOT] : Array.from({ length: comm.size - 1 }, (_, i) => i + 1)
}

async function work(): Promise<void> {
  const results$ = comm.messages<Work>({ source: ROOT }).pipe(
    takeWhile(({ status }) => status.tag === WORK),
    concatMap(async ({ data: { run, rowGroup } }): Promise<Result> => ({ run, part: tally(await readFlights(rowGroup)) })),
    concatMap((result) => comm.send(result, { dest: ROOT, tag: RESULT }))
  )
  await lastValueFrom(results$, { defaultValue: undefined })
}

async function manage({ rowGroups, flights }: Contents): Promise<Totals> {
  const totals = new Totals()
  const progress = progressBar(flights)
  let run = 0
  const handOut = (dest: number): Promise<void> => {
    if (run === rowGroups.length) return comm.send(undefined, { dest, tag: STOP })
    const work: Work = { run, rowGroup: rowGroups[run++] }
    return comm.send(work, { dest, tag: WORK })
  }

  await Promise.all(workers().map(handOut))
  const merged$ = comm.messages<Result>({ source: ANY_SOURCE, tag: RESULT }).pipe(
    take(rowGroups.length),
    mergeMap(({ data: { run, part }, status }) => {
      const handed = handOut(status.source)
      totals.add(run, part)
      progress.update(totals.flights)
      return handed
    })
  )
  await lastValueFrom(merged$, { defaultValue: undefined })
  progress.stop()
  return totals
}

async function report(contents: Contents, totals: Totals): Promise<void> {
  const total = totals.total()
  const seconds = wtime() - start
  const cities = cityNames(await readFile(join(dataFolder, 'airports.csv'), 'utf8'))
  await writeFile(options.svg, svg(total, cities, contents))
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(total))
  const flights = total.all.count.toLocaleString('en-US')
  console.log(terminalReport(total, cities))
  console.log(`${flights} flights in ${contents.rowGroups.length} row groups on ${ranksText()}: ${seconds.toFixed(2)} s`)
  console.log(`The picture is in ${options.svg}`)
}
