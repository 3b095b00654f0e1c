/**
 * A communicator is split by colour: ranks of one colour are a communicator of their own, with ranks from 0.
 *
 *     npx rxmpi run -n 5 examples/16-split.ts
 *
 * What one of them does the others do not notice: each adds up its own. MPI: MPI_Comm_split, MPI_Comm_free; mpi4py: comm.Split.
 */
import { COMM_WORLD as world } from 'rxmpi'

const color = world.rank % 2
const comm = await world.split(color)
if (comm === undefined) throw new Error('every rank has a colour')

const sum = await comm.allreduce(world.rank)
console.log(
  `world ${world.rank} of ${world.size} is ${color === 0 ? 'even' : 'odd'} ${comm.rank} of ${comm.size}: their world ranks add up to ${sum}`
)
comm.free()
