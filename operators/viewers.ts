import type { Communicator } from '../src/communicator/communicator.js'
import { checkRoot } from '../src/diagnostics/arguments.js'
import { checked, checkOptions, recordCallSite } from '../src/stream/internal.js'
import { checkViewers, hubOf, openViewers, VIEWERS, type Viewers, type ViewersOptions } from '../src/viewers/internal.js'

/**
 * Opens a port at which programs that are no rank, browsers among them, see what this communicator's root publishes, and speak to it:
 * `publish` and `subscribeTo` say under which names, and nothing else of the job is within their reach. They get in with a ticket of
 * `viewers.ticket()`, by `connect(ticket)` of `rxmpi/client`.
 *
 * All ranks may call it, and nothing is exchanged: elsewhere than at `root` it resolves to undefined. The port is of the root's own
 * thread; while that computes and gives its event loop no turn, nobody is served. It keeps no program from ending; a subscription to
 * `subscribeTo` does, until the viewers are closed: `using` does so at the end of its block.
 *
 * The port is for this machine only, unless `address` says otherwise; then it takes `tls`, or `insecure`. Nothing that a stranger sends is
 * decoded: a ticket is checked before the connection is made.
 * Shape: a promise of the viewers at the root, of undefined elsewhere. Cost: no message between ranks.
 * Errors: RankError, ArgumentError at the call; the system's own where it cannot listen. MPI has no such call.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { connect } from 'rxmpi/client'
 * import * as mpi from 'rxmpi/operators'
 * import { interval, lastValueFrom, map, take, takeUntil } from 'rxjs'
 *
 * using viewers = await mpi.viewers(comm)
 * const ticket = await comm.bcast(viewers?.ticket({ rights: 'write' }))
 * if (viewers) {
 *   const temperature$ = interval(1).pipe(map((n) => 20 + n), takeUntil(mpi.subscribeTo(comm, 'stop')))
 *   await lastValueFrom(temperature$.pipe(mpi.publish(comm, 'temperature')))
 * } else { // A rank as well, but what it does here any program could.
 *   const job = connect(ticket!)
 *   console.log(typeof (await lastValueFrom(job.stream<number>('temperature').pipe(take(3))))) // [1] number
 *   job.publish('stop').next(true)
 * }
 * ```
 */
export async function viewers(comm: Communicator, options: ViewersOptions = {}): Promise<Viewers | undefined> {
  const site = recordCallSite()
  const { root = 0 } = options
  checked(comm.core, () => {
    comm.core.checkAlive()
    checkOptions(options, VIEWERS, '{ port: 8080 }')
    checkRoot(root, comm.size)
    checkViewers(hubOf(comm.core), options)
  })
  if (comm.rank !== root) return undefined
  try {
    return await openViewers(comm.core, options)
  } catch (error) {
    throw comm.core.inContext(error, site)
  }
}
