/**
 * Everybody gets what one rank has: an object, then an array in place.
 *
 *     npx rxmpi run -n 4 examples/13-bcast.ts
 *
 * The others give `undefined`, or the buffer that they want it in. Every rank calls it, in the same order.
 * MPI: MPI_Bcast; mpi4py: comm.bcast, comm.Bcast.
 */
import { COMM_WORLD as comm } from 'rxmpi'

const settings = await comm.bcast(comm.rank === 0 ? { name: 'heat', steps: [1, 10, 100], since: new Date(0) } : undefined)
console.log(`${settings?.name}: ${settings?.steps.join(', ')} steps since ${settings?.since.getUTCFullYear()}`)

const grid = new Float64Array(100_000)
if (comm.rank === 0) for (let k = 0; k < grid.length; k++) grid[k] = k / 4
await comm.bcast(grid, { into: grid })
console.log(`the last of ${grid.length} numbers is ${grid[grid.length - 1]}`)
