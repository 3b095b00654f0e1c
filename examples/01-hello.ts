/**
 * Who am I, and how many are we? Every rank runs the whole program; the communicator says which one it is.
 *
 *     npx rxmpi run -n 4 examples/01-hello.ts
 *
 * MPI: MPI_Comm_rank, MPI_Comm_size.
 */
import { COMM_WORLD as comm } from 'rxmpi'

console.log(`I am rank ${comm.rank} in group of ${comm.size} processes`)
