/**
 * A message of unknown length: probe it first, make a buffer that fits, and receive it there. `mprobe` takes the message out of the queue,
 * so that no other receive of this rank can get it in between.
 *
 *     npx rxmpi run -n 3 examples/12-probe.ts
 *
 * MPI: MPI_Mprobe, MPI_Get_count, MPI_Mrecv.
 */
import { COMM_WORLD as comm } from 'rxmpi'

// Short enough to be on its way without a receive, so that on one rank the program need not do two things at once.
await comm.send(new Float64Array(10 * (comm.rank + 1)).fill(comm.rank), { dest: 0 })

if (comm.rank === 0) {
  for (let source = 0; source < comm.size; source++) {
    const message = await comm.mprobe({ source })
    const buffer = new Float64Array(message.status.count)
    await message.recv({ into: buffer })
    console.log(`${buffer.length} numbers from rank ${source}, each of them ${buffer[0]}`)
  }
}
