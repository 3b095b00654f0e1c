import type { Observable } from 'rxjs'
import { type Communicator, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

/** For the n-th value of every rank's source: their sum, on every rank. */
export const total = (comm: Communicator) => (source: Observable<number>) => source.pipe(mpi.allreduce(comm, SUM))
