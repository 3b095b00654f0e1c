// rxmpi run -n 2: CollectiveMismatchError on both ranks: each takes itself for the root of a stream, and nobody wants what it sends.
import { lastValueFrom, of } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const got = await lastValueFrom(of(comm.rank).pipe(mpi.bcast(comm, { root: comm.rank }))).catch((e: Error) => e.name)
console.log(got === 'CollectiveMismatchError' ? 'OK' : `FAIL: ${got}`)
process.exitCode = got === 'CollectiveMismatchError' ? 0 : 1
