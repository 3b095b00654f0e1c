/**
 * A plot in the terminal of a reduction that is still running: every rank throws darts, the root draws how the estimate of pi gets better.
 *
 *     npx rxmpi run -n 4 --no-prefix examples/live-plot.ts
 *
 * The plot is a reader that only wants the latest: darts never wait for the terminal. Where the output is no terminal, only the last line is written.
 */
import { auditTime, last, map, scan, share, tap } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const BATCHES = 600
const DARTS = 5000
const WIDTH = 60
const BARS = '▁▂▃▄▅▆▇█'

/** Each rank throws its share, all of them the same darts whatever their number. */
function* batches(): Generator<{ batch: number; hits: number }> {
  for (let batch = comm.rank; batch < BATCHES; batch += comm.size) {
    let state = batch + 1
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
    for (let k = 0; k < 10; k++) random()
    let hits = 0
    for (let dart = 0; dart < DARTS; dart++) if (random() ** 2 + random() ** 2 < 1) hits++
    yield { batch, hits }
  }
}

mpi.sendTo(comm, { dest: 0 })(batches()).subscribe()

if (comm.rank === 0) {
  const estimates: number[] = []
  const estimate$ = mpi.mergeFrom<{ hits: number }>(comm, { sources: Array.from({ length: comm.size }, (_, rank) => rank) }).pipe(
    scan(({ hits, darts }, more) => ({ hits: hits + more.hits, darts: darts + DARTS }), { hits: 0, darts: 0 }),
    map(({ hits, darts }) => ({ darts, pi: (4 * hits) / darts })),
    tap(({ pi }) => estimates.push(pi)),
    share()
  )
  if (process.stdout.isTTY)
    estimate$.pipe(auditTime(50)).subscribe(({ pi }) => process.stdout.write(`\r${plot(estimates)} ${pi.toFixed(5)}`))
  estimate$.pipe(last()).subscribe(({ darts, pi }) => {
    if (process.stdout.isTTY) process.stdout.write(`\r${plot(estimates)} ${pi.toFixed(5)}\n`)
    console.log(`${darts} darts: pi is about ${pi.toFixed(4)}`)
  })
}

/** The last estimates, by how far they are from pi. */
function plot(values: number[]): string {
  const step = Math.max(1, Math.floor(values.length / WIDTH))
  const shown = values.filter((_, k) => k % step === 0).slice(-WIDTH)
  return shown
    .map((value) => BARS[Math.min(7, Math.floor(Math.abs(value - Math.PI) * 400))])
    .join('')
    .padEnd(WIDTH)
}
