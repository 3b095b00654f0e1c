/**
 * Where would eight warehouses be that are near to the people of the United States? K-means over the places of its postal codes, those of
 * the mainland, as streams of mini-batches.
 *
 *     npx rxmpi run -n 4 examples/22-k-means.ts
 *
 * Every rank has a stream of its own points, cut into batches. In each round a rank adds up, for each centre, the points that are nearest
 * to it; the sums of all ranks together move the centres, on every rank alike. `window: 1` takes the next batch only when the round before
 * is over, so that it is judged by the moved centres.
 * Source: Sculley, Web-scale k-means clustering, WWW 2010. MPI: MPI_Allreduce.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { count, lastValueFrom, tap } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { dataFolder } from './data.js'

const CENTRES = 8
const EPOCHS = 5
/** Points in a round, of all ranks together. */
const BATCH = 4096
/** The file goes from region to region; every batch is to be a sample of all. */
const STRIDE = 7919

const text = await comm.bcast(comm.rank === 0 ? await readFile(join(dataFolder, 'zipcodes.csv'), 'utf8') : '')
const points = text
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(',').slice(1, 3).map(Number) as [latitude: number, longitude: number])
  .filter(([latitude, longitude]) => latitude > 24 && latitude < 50 && longitude > -125 && longitude < -66)

const centres = Array.from({ length: CENTRES }, (_, k) => [...points[Math.floor((points.length * (k + 0.5)) / CENTRES)]])
const weights = new Float64Array(CENTRES)

/** Latitude, longitude and number of the points that are nearest to each centre. */
function* batches(): Generator<Float64Array> {
  for (let start = 0; start < EPOCHS * points.length; start += BATCH) {
    const sums = new Float64Array(3 * CENTRES)
    for (let k = start + comm.rank; k < start + BATCH; k += comm.size) {
      const [latitude, longitude] = points[(k * STRIDE) % points.length]
      const centre = nearest(latitude, longitude)
      sums[3 * centre] += latitude
      sums[3 * centre + 1] += longitude
      sums[3 * centre + 2]++
    }
    yield sums
  }
}

function nearest(latitude: number, longitude: number): number {
  const distances = centres.map(
    ([north, east]) => (north - latitude) ** 2 + ((east - longitude) * Math.cos((Math.PI * latitude) / 180)) ** 2
  )
  return distances.indexOf(Math.min(...distances))
}

/** The more a centre has seen, the less a batch moves it. */
function move(sums: Float64Array): void {
  centres.forEach((centre, k) => {
    const seen = sums[3 * k + 2]
    if (seen === 0) return
    weights[k] += seen
    for (const axis of [0, 1]) centre[axis] += (sums[3 * k + axis] - seen * centre[axis]) / weights[k]
  })
}

const rounds$ = mpi.allreduce<Float64Array>(comm, SUM, { window: 1 })(batches())
const rounds = await lastValueFrom(rounds$.pipe(tap(move), count()))

if (comm.rank === 0) {
  console.log(`${points.length} points, ${rounds} rounds`)
  for (const [north, east] of centres.sort(([, a], [, b]) => a - b)) console.log(`${north.toFixed(1)}° N ${(-east).toFixed(1)}° W`)
}
