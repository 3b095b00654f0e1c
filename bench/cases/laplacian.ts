/** Conjugate gradient on the Laplacian of a square on a grid of ranks: a halo and two dot products by a persistent reduction an iteration. */

import { COMM_WORLD as comm, SUM } from 'rxmpi'
import { during, timed } from './clock.js'

const SIDE = 512
const ITERATIONS = 500

const grid = (await comm.cart({ dims: 2 }))!
const [rows, columns] = grid.dims.map((dim) => SIDE / dim) as [number, number]
const halo = grid.halo({ sizes: [rows, columns], corners: false })
const width = columns + 2
const sum = new Float64Array(1)
const added = grid.allreduceInit(sum, SUM, { into: sum })

async function dot(a: Float64Array, b: Float64Array): Promise<number> {
  let own = 0
  for (let i = 1; i <= rows; i++) for (let at = i * width + 1; at <= i * width + columns; at++) own += a[at]! * b[at]!
  sum[0] = own
  await during(() => added.start().wait())
  return sum[0]
}

await timed(async () => {
  const [x, r, p, q] = [0, 0, 0, 0].map(() => halo.allocate(Float64Array)) as [Float64Array, Float64Array, Float64Array, Float64Array]
  for (let i = 1; i <= rows; i++) for (const u of [r, p]) u.fill(1, i * width + 1, i * width + 1 + columns)
  let rr = await dot(r, r)
  for (let k = 0; k < ITERATIONS; k++) {
    await during(() => halo.exchange(p))
    for (let i = 1; i <= rows; i++) {
      for (let at = i * width + 1; at <= i * width + columns; at++) {
        q[at] = 4 * p[at]! - p[at - width]! - p[at + width]! - p[at - 1]! - p[at + 1]!
      }
    }
    const alpha = rr / (await dot(p, q))
    for (let i = 1; i <= rows; i++) {
      for (let at = i * width + 1; at <= i * width + columns; at++) {
        x[at]! += alpha * p[at]!
        r[at]! -= alpha * q[at]!
      }
    }
    const following = await dot(r, r)
    const beta = following / rr
    for (let i = 1; i <= rows; i++) for (let at = i * width + 1; at <= i * width + columns; at++) p[at] = r[at]! + beta * p[at]!
    rr = following
  }
})
