import { type MonoTypeOperatorFunction, throwError } from 'rxjs'
import { Communicator } from '../communicator/communicator.js'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { SIGNAL } from '../diagnostics/option-names.js'
import { ArgumentError } from '../errors.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import { Request } from '../request/request.js'
import type { Held } from './held.js'
import { locked } from './locked.js'
import { type SyncCallOptions, SyncRequest } from './sync-object.js'
import { turnsOf } from './turns.js'

/**
 * One rank after the other: rank k subscribes to its source when that of rank k-1 has ended, in whatever way. All ranks subscribe, in the
 * same order where there are several such streams.
 *
 *     rank 0, source of 3 ms      a--b|
 *     rank 1, source of 3 ms      ----c--d|
 *
 * Drawn for a latency of 1 ms. Shape: T → T. Cost: an empty message to the next rank. Errors: ArgumentError when it is made; the source's;
 * RankFailedError when the rank before has failed in its turn, while the ranks behind go on; AbortError, FreedError.
 * MPI: a chain of MPI_Recv and MPI_Send; mpi4py: util.sync.Sequential.
 *
 * `sequential.begin(comm)` waits for the turn; it ends at the end of the block of `await using turn`, or by `turn.release()`.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { sequential } from 'rxmpi/sync'
 * import { defer, lastValueFrom, of } from 'rxjs'
 *
 * await lastValueFrom(defer(() => of(console.log('hello'))).pipe(sequential(comm))) // [0] hello [1] hello
 * {
 *   await using turn = await sequential.begin(comm)
 *   console.log('again') // [0] again [1] again
 * }
 * ```
 */
export function sequential<T>(comm: Communicator, options: SyncCallOptions = {}): MonoTypeOperatorFunction<T> {
  checkCommunicator(comm)
  return locked<T>(() => begin(comm, options))
}

/**
 * Waits for this rank's turn, which begins when that of the rank before has ended. Called by all ranks, in the same order.
 * Errors: ArgumentError; RankFailedError when the rank before has failed; AbortError, DeadlockError, FreedError.
 */
sequential.begin = (comm: Communicator, options?: SyncCallOptions): Promise<Held> => begin(comm, options).wait()

/** As `begin`, as a request; `cancel()` leaves the turn out. */
sequential.ibegin = (comm: Communicator, options?: SyncCallOptions): Request<Held> => begin(comm, options)

function begin(comm: Communicator, options: SyncCallOptions = {}): Request<Held> {
  const site = recordCallSite()
  try {
    checkCommunicator(comm)
  } catch (error) {
    return Request.from(throwError(() => error))
  }
  const { core } = comm
  try {
    core.checkAlive()
    checkOptions(options, SIGNAL, '{ signal }')
    const { signal } = options
    if (signal !== undefined) checkSignal(signal)
    if (signal?.aborted) throw abortError(signal)
    const request = new SyncRequest<Held>(core, site)
    turnsOf(core).begin(request)
    if (signal !== undefined) abandonOn(signal, request as SyncRequest<unknown>, (error) => request.fail(error))
    return request
  } catch (error) {
    return new SyncRequest<Held>(core, captureCallSite()).refuse(error)
  }
}

function checkCommunicator(comm: unknown): void {
  if (!(comm instanceof Communicator)) throw new ArgumentError(`comm: expected a communicator, got ${shown(comm)}`)
}
