/**
 * Sending an array of numbers and receiving it in place: no object is made of it on the way, and the receiver's own memory is filled.
 *
 *     npx rxmpi run -n 2 examples/04-array.ts
 *
 * The buffer may be larger than the message: the status tells how many elements came. A smaller one is a TruncationError.
 * MPI: MPI_Isend, MPI_Recv, MPI_Get_count; mpi4py: comm.Isend, comm.Recv.
 */
import { COMM_WORLD as comm, Status } from 'rxmpi'

const last = comm.size - 1

// Not awaited before the receive: on one rank both are here, and a large message is under way only once somebody takes it.
const sent =
  comm.rank === 0
    ? comm.isend(
        Float64Array.from({ length: 1000 }, (_, i) => Math.sqrt(i)),
        { dest: last }
      )
    : undefined

if (comm.rank === last) {
  const buffer = new Float64Array(1500)
  const status = new Status()
  const received = await comm.recv({ source: 0, into: buffer, status })
  console.log(`${status.count} numbers (${status.bytes} bytes) from rank ${status.source}`)
  console.log(`number 144 is ${buffer[144]}, the one after the last is ${buffer[status.count]}`)
  console.log(received === buffer ? 'they are in my own buffer' : 'they are in a new one')
}

await sent?.wait()
