import { defer, type MonoTypeOperatorFunction, tap } from 'rxjs'
import type { Communicator } from '../src/communicator/communicator.js'
import { checkRoot } from '../src/diagnostics/arguments.js'
import {
  ArgumentError,
  checkAmount,
  checked,
  checkOptions,
  checkOutflow,
  type OptionNames,
  OUTFLOW,
  type OutflowOptions,
  recordCallSite
} from '../src/stream/internal.js'
import { hubOf, MAX_NAME } from '../src/viewers/internal.js'

/** Who serves a stream to viewers, and what a viewer gets that is behind, or late. */
export interface PublishOptions extends OutflowOptions {
  /** The rank whose values viewers see; default 0. */
  root?: number
  /** Values that a viewer is given who comes later, the last so many since the viewers were opened; default 1. */
  history?: number
}

const OPTIONS: OptionNames<PublishOptions> = { ...OUTFLOW, root: true, history: true }
/** Values that may wait for one viewer, where the program does not say. */
const WAITING = 1024

/**
 * Shows the values of the root's source to viewers, under a name, and passes them on. The other ranks' values are passed on and not shown:
 * `gather` or `reduce` brings together what viewers shall see of all.
 *
 *     rank 0 (root)   source a--b--|    out a--b--|
 *     rank 1          source x--y--|    out x--y--|
 *     a viewer                          -a--b--|
 *
 * Each viewer has a credit of its own. Values that come while one has none are that viewer's to lose, and nobody else waits or notices:
 *
 * | overflow | a value without credit |
 * | --- | --- |
 * | `'latest'` (the default) | takes the place of the one that waits |
 * | `'dropOldest'` | waits; beyond `highWaterMark` (1024) the one that has waited longest is dropped |
 * | `'dropNewest'` | waits; beyond `highWaterMark` it is dropped itself |
 * | `'buffer'` | waits; one that would be more than `highWaterMark` ends this viewer's stream with an OverflowError |
 * | `'error'` | ends this viewer's stream with an OverflowError |
 *
 * Shape: T → T; at a viewer T, as in a message, but that classes of Node arrive as what a browser has. Typed arrays travel as their bytes,
 * and may be changed once they are passed on. A stream's end and its error are the viewers' too; unsubscription completes theirs.
 * Cost: encoding once where anybody looks or `history` keeps it, and a copy a viewer; nothing while no viewers are open.
 * Errors: RankError, ArgumentError when the operator is made, or subscribed to while the name is in use; DataCloneError. MPI has no such
 * call.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm, SUM } from 'rxmpi'
 * import { connect } from 'rxmpi/client'
 * import * as mpi from 'rxmpi/operators'
 * import { lastValueFrom, of } from 'rxjs'
 *
 * using viewers = await mpi.viewers(comm)
 * await lastValueFrom(of(comm.rank + 1).pipe(mpi.allreduce(comm, SUM), mpi.publish(comm, 'total')))
 * if (viewers) console.log(await lastValueFrom(connect(viewers.ticket()).stream('total'))) // [0] 3
 * ```
 */
export function publish<T>(comm: Communicator, name: string, options: PublishOptions = {}): MonoTypeOperatorFunction<T> {
  const site = recordCallSite()
  const { root = 0 } = options
  const policy = checked(comm.core, () => {
    comm.core.checkAlive()
    checkStreamName(name)
    checkOptions(options, OPTIONS, "{ overflow: 'latest' }")
    checkRoot(root, comm.size)
    const { overflow = 'latest', highWaterMark = WAITING, history = 1 } = options
    if (history === Number.POSITIVE_INFINITY) throw new ArgumentError('history: expected an integer; no memory holds all that may come')
    return { ...checkOutflow({ overflow, highWaterMark }), history: checkAmount('history', history, 0) }
  })
  if (comm.rank !== root) return (source) => source
  const located = (error: unknown): Error => comm.core.inContext(error, site)
  return (source) =>
    defer(() => {
      const publication = checked(comm.core, () => hubOf(comm.core).publish(name, policy))
      const show = (value: T): void => {
        try {
          publication.next(value)
        } catch (error) {
          publication.error(located(error))
          throw located(error)
        }
      }
      const complete = (): void => publication.complete()
      return source.pipe(tap({ next: show, error: (error) => publication.error(error), complete, finalize: complete }))
    })
}

/** @internal */
export function checkStreamName(name: unknown): void {
  if (typeof name === 'string' && name !== '' && Buffer.byteLength(name) <= MAX_NAME) return
  const got = typeof name === 'string' ? `one of ${Buffer.byteLength(name)} bytes` : String(name)
  throw new ArgumentError(`name: expected a text of 1 to ${MAX_NAME} bytes, such as 'temperature', got ${got}`)
}
