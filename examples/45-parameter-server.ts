/**
 * A parameter server without a server: the parameters of a model lie in shared memory of rank 0, every rank reads them, computes a step on
 * its own samples and adds it, whenever it is ready (Hogwild!). Nobody waits for anybody.
 *
 *     npx rxmpi run -n 4 examples/45-parameter-server.ts
 *
 * MPI: MPI_Get, MPI_Accumulate under MPI_Win_lock_all; Recht, Ré, Wright, Niu, Hogwild!, NIPS 2011.
 */
import { COMM_WORLD as comm, SUM } from 'rxmpi'

/** y = 3 x₁ - 2 x₂ + 0.5 is to be found. */
const truth = [3, -2, 0.5]
using model = await comm.allocateWindow(Float64Array, comm.rank === 0 ? truth.length : 0)

let seed = comm.rank + 1
const random = (): number => {
  seed = Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + 0x297a2d39
  return ((seed >>> 8) & 0xffff) / 0x8000 - 1
}

const weights = new Float64Array(truth.length)
for (let step = 0; step < 4000; step++) {
  await model.get({ target: 0, into: weights })
  const sample = [random(), random(), 1]
  const error = sample.reduce((sum, x, k) => sum + x * (weights[k]! - truth[k]!), 0)
  await model.accumulate(
    Float64Array.from(sample, (x) => -0.02 * error * x),
    SUM,
    { target: 0 }
  )
}
await model.fence()
if (comm.rank === 0) console.log(`y = ${Array.from(model.local, (weight) => weight.toFixed(2)).join(', ')}`)
await model.close()
