/** Heat that spreads on a square whose blocks lie on a grid of ranks: every step fills the ghosts by a halo. */

import { COMM_WORLD as comm } from 'rxmpi'
import { during, timed } from './clock.js'

const SIDE = 1024
const STEPS = 1000

const grid = (await comm.cart({ dims: 2 }))!
const [rows, columns] = grid.dims.map((dim) => SIDE / dim) as [number, number]
const halo = grid.halo({ sizes: [rows, columns], corners: false })
const width = columns + 2

function step(from: Float64Array, to: Float64Array): void {
  for (let i = 1; i <= rows; i++) {
    const start = i * width
    for (let at = start + 1; at <= start + columns; at++) {
      to[at] = from[at]! + 0.2 * (from[at - width]! + from[at + width]! + from[at - 1]! + from[at + 1]! - 4 * from[at]!)
    }
  }
}

await timed(async () => {
  let [now, next] = [halo.allocate(Float64Array), halo.allocate(Float64Array)]
  if (comm.rank === 0) now.fill(100, width + 1, width + 1 + columns)
  for (let k = 0; k < STEPS; k++) {
    await during(() => halo.exchange(now))
    step(now, next)
    ;[now, next] = [next, now]
  }
})
