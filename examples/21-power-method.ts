/**
 * Which airport would somebody be at who always takes a flight at random? The dominant eigenvector of a sparse matrix, by the power method:
 * 5,366 routes between 305 airports of the United States in 2008, each weighed by its flights.
 *
 *     npx rxmpi run -n 4 examples/21-power-method.ts
 *
 * Every rank has the rows of some airports, multiplies them by the vector and gives its run of the next one to all; they stop when the
 * largest change of all is small. The bits are the same on any number of ranks, for a row is always added up in the same order.
 * Source: Page, Brin, Motwani, Winograd, The PageRank citation ranking, 1999. MPI: MPI_Allgatherv, MPI_Allreduce; mpi4py: comm.Allgatherv,
 * comm.allreduce.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { COMM_WORLD as comm, MAX } from 'rxmpi'
import { dataFolder } from './data.js'

/** Now and then one goes anywhere, so that nobody is stuck. */
const DAMPING = 0.85
const { rank, size } = comm

// One rank reads, all get the text.
const text = await comm.bcast(rank === 0 ? await readFile(join(dataFolder, 'flights-airport.csv'), 'utf8') : '')
const routes = text
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [from, to, count] = line.split(',')
    return { from, to, count: Number(count) }
  })
const airports = [...new Set(routes.flatMap(({ from, to }) => [from, to]))].sort()
const place = new Map(airports.map((name, index) => [name, index]))
const departures = new Map<string, number>()
for (const { from, count } of routes) departures.set(from, (departures.get(from) ?? 0) + count)

const starts = Array.from({ length: size + 1 }, (_, k) => Math.floor((airports.length * k) / size))
const [first, end] = [starts[rank], starts[rank + 1]]
const counts = starts.slice(1).map((start, k) => start - starts[k])
const rows = airports
  .slice(first, end)
  .map((name) =>
    routes.filter(({ to }) => to === name).map(({ from, count }) => ({ column: place.get(from)!, share: count / departures.get(from)! }))
  )

let vector = new Float64Array(airports.length).fill(1 / airports.length)
let iterations = 0
for (let change = 1; change > 1e-12; iterations++) {
  const run = Float64Array.from(rows, (row) => {
    let sum = 0
    for (const { column, share } of row) sum += share * vector[column]
    return (1 - DAMPING) / airports.length + DAMPING * sum
  })
  const largest = run.reduce((most, value, k) => Math.max(most, Math.abs(value - vector[first + k])), 0)
  change = await comm.allreduce(largest, MAX)
  vector = await comm.allgatherv(run, { counts })
}

if (rank === 0) {
  const best = airports.map((name, k) => ({ name, share: vector[k] })).sort((a, b) => b.share - a.share)
  console.log(`${airports.length} airports, ${routes.length} routes, ${iterations} iterations`)
  for (const { name, share } of best.slice(0, 5)) console.log(`${name} ${(100 * share).toFixed(3)} %`)
}
