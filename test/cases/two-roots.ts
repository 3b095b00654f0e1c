// rxmpi run -n 2: CollectiveMismatchError on both ranks: each takes itself for the root, in an operator over a stream of one value.
import { lastValueFrom, of } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const got = await lastValueFrom(of(comm.rank).pipe(mpi.bcast(comm, { root: comm.rank }))).catch((e: Error) => e.name)
console.log(got === 'CollectiveMismatchError' ? 'OK' : `FAIL: ${got}`)
process.exitCode = got === 'CollectiveMismatchError' ? 0 : 1
