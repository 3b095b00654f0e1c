/**
 * Rows of the Mandelbrot set by tickets: each rank draws the number of a row when it has room for it, two at a time, and a chunk of four
 * with one draw. Rows in the middle take longer, so shares of the same size would not take the same time.
 *
 *     npx rxmpi run -n 4 examples/35-tickets.ts
 *
 * mpi4py: demo/mandelbrot, its dynamic version.
 */
import { lastValueFrom, map, reduce, timer } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { Counter } from 'rxmpi/sync'

const WIDTH = 320
const HEIGHT = 240

const picture = new Int32Array(WIDTH * HEIGHT)
const counter = await Counter.create(comm, { type: Int32Array })
const rows$ = counter.tickets({ below: HEIGHT, chunk: 4 }).pipe(
  // The event loop has a turn between two rows.
  mpi.mergeMap((row) => timer(0).pipe(map(() => drawRow(row))), 2),
  reduce((count) => count + 1, 0)
)
const own = await lastValueFrom(rows$)
await counter.close()

// Each row was drawn by one rank; the others have zeros there.
const whole = await comm.reduce(picture, SUM)
const rows = await comm.reduce(own, SUM)
if (comm.rank === 0) {
  const inside = whole!.filter((n) => n === 255).length
  console.log(`${rows} rows, ${((inside / whole!.length) * 100).toFixed(1)} % of them inside`)
}

function drawRow(row: number): void {
  const y = (row / HEIGHT) * 2 - 1
  for (let column = 0; column < WIDTH; column++) {
    const x = (column / WIDTH) * 3 - 2
    let [re, im, n] = [0, 0, 0]
    while (n < 255 && re * re + im * im < 4) {
      ;[re, im] = [re * re - im * im + x, 2 * re * im + y]
      n++
    }
    picture[row * WIDTH + column] = n
  }
}
