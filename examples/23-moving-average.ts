/**
 * A moving average over all ranks, as a pipeline: each rank's readings go through its own window, the windows of all ranks are added up,
 * and the mean of all comes out on every rank while the readings still come.
 *
 *     npx rxmpi run -n 4 examples/23-moving-average.ts
 *
 * `mpi.allreduce` is one more operator between others, and takes a stream as long as it likes. The readings are real: Seattle's highest
 * temperature of the day, every rank another year. MPI: MPI_Allreduce, round after round.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bufferCount, concatMap, filter, from, lastValueFrom, map, max, tap } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { dataFolder } from './data.js'

const DAYS = 7
const year = 2012 + (comm.rank % 4)

const lines$ = from(readFile(join(dataFolder, 'seattle-weather.csv'), 'utf8')).pipe(concatMap((text) => text.trim().split('\n').slice(1)))

const weeks$ = lines$.pipe(
  map((line) => line.split(',')),
  filter(([date]) => date.startsWith(`${year}-`) && !date.endsWith('-02-29')),
  map(([, , highest]) => Number(highest)),
  bufferCount(DAYS, 1),
  filter((window) => window.length === DAYS),
  map((window) => window.reduce((sum, degrees) => sum + degrees, 0) / DAYS),
  mpi.allreduce(comm, SUM),
  map((sum) => sum / comm.size)
)

let count = 0
const warmest = await lastValueFrom(
  weeks$.pipe(
    tap(() => count++),
    max()
  )
)
console.log(`${count} weeks, the warmest ${warmest.toFixed(2)} °C`)
