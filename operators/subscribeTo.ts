import { EMPTY, type Observable } from 'rxjs'
import type { Communicator } from '../src/communicator/communicator.js'
import { checkRoot } from '../src/diagnostics/arguments.js'
import { checked, checkOptions, type OptionNames } from '../src/stream/internal.js'
import { hubOf } from '../src/viewers/internal.js'
import { checkStreamName } from './publish.js'

/** Who hears viewers. */
export interface SubscribeToOptions {
  /** The rank at which the values arrive; default 0. */
  root?: number
}

const OPTIONS: OptionNames<SubscribeToOptions> = { root: true }

/**
 * What viewers publish under a name, of all viewers whose ticket lets them write, in order of arrival. It comes to the root; elsewhere it
 * is empty, so that `bcast` makes it everybody's. A viewer that ends or is lost ends nothing; `viewers.close()` completes it.
 *
 *     a viewer                   a--b--|
 *     another                    -c------
 *     rank 0 (root)              -ac-b----
 *     rank 1                     |
 *     with bcast, on all ranks   -ac-b----
 *
 * What ranks must do at the same step, such as changing a source term, takes a step that all have: the root notes what has come and
 * `comm.bcast` tells it to all once a step. A stream that was broadcast arrives on each rank when it does.
 *
 * A value may be anything from anybody with a ticket: check it. It is plain data of at most 256 KiB, or one typed array. Each viewer may
 * send 16 values in a tenth of a second; what is more waits there, or is dropped by the policy of its `job.publish`. Nothing is sent
 * before somebody subscribes here. While somebody does and the viewers are open, this rank does not end.
 * Shape: a name → T at the root, nothing elsewhere.
 * Errors: RankError, ArgumentError at the call. MPI has no such call.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { connect } from 'rxmpi/client'
 * import * as mpi from 'rxmpi/operators'
 * import { firstValueFrom } from 'rxjs'
 *
 * using viewers = await mpi.viewers(comm)
 * if (viewers) connect(viewers.ticket({ rights: 'write' })).publish<number>('setpoint').next(21)
 * console.log(await firstValueFrom(mpi.subscribeTo<number>(comm, 'setpoint').pipe(mpi.bcast(comm)))) // [0] 21 [1] 21
 * ```
 */
export function subscribeTo<T = unknown>(comm: Communicator, name: string, options: SubscribeToOptions = {}): Observable<T> {
  const { root = 0 } = options
  checked(comm.core, () => {
    comm.core.checkAlive()
    checkStreamName(name)
    checkOptions(options, OPTIONS, '{ root: 0 }')
    checkRoot(root, comm.size)
  })
  return comm.rank === root ? hubOf(comm.core).inbox<T>(name) : EMPTY
}
