// rxmpi run -n 3 (and 2, 4): a rank that takes 2 of 100 values has ended there, so the others fail with RaggedStreamError, although its source has given more values than
// the window by then.

import { lastValueFrom, range, take, toArray } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const sums = range(0, 100).pipe(mpi.allreduce(comm, SUM))
const end = await lastValueFrom((comm.rank === 0 ? sums.pipe(take(2)) : sums).pipe(toArray())).then(
  () => 'done',
  (error) => error.name
)
await comm.barrier()
const expected = comm.rank === 0 || comm.size === 1 ? 'done' : 'RaggedStreamError'
console.log(end === expected ? 'OK' : `FAIL: ${end} instead of ${expected}`)
process.exitCode = end === expected ? 0 : 1
