// rxmpi run -n 3 (and 2, 4): some ranks call the method, another the operator over a stream of one value: the promise is the stream of one
// value, so they meet, and every rank ends well.
import { lastValueFrom, of } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const sum = comm.rank !== comm.size - 1 ? await comm.allreduce(1, SUM) : await lastValueFrom(of(1).pipe(mpi.allreduce(comm, SUM)))
console.log(sum === comm.size ? 'OK' : `FAIL: ${sum}`)
process.exitCode = sum === comm.size ? 0 : 1
