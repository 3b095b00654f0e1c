// Expected: a rank that takes 2 of 100 values counts as ended there, so the others fail with RaggedStreamError.
// "unsubscribing on a rank (take(3)) counts as its source's end there".

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
