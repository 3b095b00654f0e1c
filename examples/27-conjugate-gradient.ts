/**
 * Calls that are made once and started in every iteration: the conjugate gradient method for -u″ = 1 on a line that is fixed at both ends.
 *
 *     npx rxmpi run -n 4 examples/27-conjugate-gradient.ts
 *
 * Every rank has a run of the unknowns and a ghost at each end. Persistent sends and receives exchange the ghosts, a persistent reduction adds
 * up the dot products: all of them work on memory that stays where it is.
 * Source: Hestenes, Stiefel, Methods of Conjugate Gradients for Solving Linear Systems, 1952. MPI: MPI_Send_init, MPI_Recv_init,
 * MPI_Startall, MPI_Allreduce_init; mpi4py: comm.Send_init, comm.Recv_init, MPI.Prequest.Startall, comm.Allreduce_init.
 */
import { COMM_WORLD as comm, Persistent, PROC_NULL, Request, SUM } from 'rxmpi'

const UNKNOWNS = 127
const h = 1 / (UNKNOWNS + 1)
const { rank, size } = comm
const first = Math.floor((UNKNOWNS * rank) / size)
const own = Math.floor((UNKNOWNS * (rank + 1)) / size) - first

const u = new Float64Array(own)
const residual = new Float64Array(own).fill(h * h)
const product = new Float64Array(own)
/** The direction, with a ghost at each end. */
const p = new Float64Array(own + 2)
p.set(residual, 1)

const below = rank > 0 ? rank - 1 : PROC_NULL
const above = rank < size - 1 ? rank + 1 : PROC_NULL
const ghosts = [
  comm.recvInit({ source: below, into: p.subarray(0, 1) }),
  comm.recvInit({ source: above, into: p.subarray(own + 1) }),
  comm.sendInit(p.subarray(1, 2), { dest: below }),
  comm.sendInit(p.subarray(own, own + 1), { dest: above })
]
const sum = new Float64Array(1)
const total = comm.allreduceInit(sum, SUM, { into: sum })

async function dot(a: Float64Array, b: Float64Array): Promise<number> {
  sum[0] = a.reduce((so, value, k) => so + value * b[k], 0)
  await total.start().wait()
  return sum[0]
}

const inner = p.subarray(1, own + 1)
let squares = await dot(residual, residual)
while (Math.sqrt(squares) > 1e-12) {
  await Request.waitAll(Persistent.startAll(ghosts))
  for (let k = 0; k < own; k++) product[k] = 2 * p[k + 1] - p[k] - p[k + 2]
  const step = squares / (await dot(inner, product))
  for (let k = 0; k < own; k++) {
    u[k] += step * inner[k]
    residual[k] -= step * product[k]
  }
  const before = squares
  squares = await dot(residual, residual)
  for (let k = 0; k < own; k++) inner[k] = residual[k] + (squares / before) * inner[k]
}

const all = await comm.gatherv(u)
if (all !== undefined) {
  const exact = (k: number): number => (h * (k + 1) * (1 - h * (k + 1))) / 2
  const error = all.reduce((most, value, k) => Math.max(most, Math.abs(value - exact(k))), 0)
  console.log(`the middle is at ${all[63].toFixed(6)}, nothing is off by more than 1e-9: ${error < 1e-9}`)
}
