/**
 * A plot in the terminal of a reduction that is still running: every rank throws darts, the root draws how the estimate of pi gets better.
 *
 *     npx rxmpi run -n 4 --no-prefix examples/live-plot.ts [BATCHES]
 *
 * The plot is a reader that only wants the latest: darts never wait for the terminal. Where the output is no terminal, only the last line
 * is written.
 */
import { auditTime, last, map, scan, share, tap } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const BATCHES = Number(process.argv[2] ?? 10_000)
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
  const total$ = estimate$.pipe(
    last(),
    map(({ darts, pi }) => `${darts} darts: pi is about ${pi.toFixed(4)}`)
  )
  const frame$ = estimate$.pipe(
    auditTime(50),
    map(({ pi }) => `\r${plot(estimates)} ${pi.toFixed(5)}`)
  )
  if (!process.stdout.isTTY) total$.subscribe((text) => console.log(text))
  else {
    // The last picture is drawn before the total, which waits for nothing.
    let total = ''
    total$.subscribe((text) => {
      total = text
    })
    frame$.subscribe({ next: (frame) => process.stdout.write(frame), complete: () => process.stdout.write(`\n${total}\n`) })
  }
}

/** The estimates, by how far they are from pi: two bars for a factor of ten. */
function plot(values: number[]): string {
  const step = Math.max(1, Math.floor(values.length / WIDTH))
  const shown = values.filter((_, k) => k % step === 0).slice(-WIDTH)
  return shown
    .map((value) => BARS[Math.max(0, Math.min(7, Math.floor(8 + 2 * Math.log10(Math.abs(value - Math.PI)))))])
    .join('')
    .padEnd(WIDTH)
}
