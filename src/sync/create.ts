import { map, Observable, throwError } from 'rxjs'
import { Communicator } from '../communicator/communicator.js'
import { CommunicatorCore } from '../core/communicator-core.js'
import { checkOptions, checkRoot, checkSignal, shown } from '../diagnostics/arguments.js'
import { captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import type { AnyNames, OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CollectiveMismatchError, RxmpiError } from '../errors.js'
import { IDS_EXHAUSTED } from '../progress/context-ids.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import { Request } from '../request/request.js'
import { CallRequest } from '../service/call-request.js'
import { gather } from '../service/rounds.js'
import { Service } from '../service/service.js'
import type { SyncObject, SyncParts } from './sync-object.js'

/** What every `create` may be told. All ranks give the same. */
export interface CreateOptions {
  /** The rank that keeps it; default 0. */
  root?: number
  /** Its name; by default after the communicator: 'world.mutex(1)'. */
  name?: string
  /** Aborting it fails the call with an AbortError here and a RemoteError on the other ranks. */
  signal?: AbortSignal
}

/** @internal Of those without their own. */
export const CREATE: OptionNames<CreateOptions> = { root: true, name: true, signal: true }

/** What is to be made: what all ranks must say alike, and how it is made once they have. */
export interface Plan<S> {
  readonly say: object
  /** How many sets of contexts it takes. */
  readonly sets?: number
  make(parts: readonly SyncParts[]): S
}

interface Say {
  readonly options: string
  /** What its contexts begin with: rank 0 gives them. */
  readonly ids: readonly (number | null)[] | null
}

const made = new WeakMap<CommunicatorCore, Map<string, number>>()

/** Makes something on all ranks of a communicator. */
export function create<S extends SyncObject>(
  kind: string,
  comm: Communicator,
  options: CreateOptions,
  names: AnyNames,
  plan: (comm: Communicator) => Plan<S>
): Request<S> {
  const site = recordCallSite()
  if (!(comm instanceof Communicator)) {
    return Request.from(throwError(() => new ArgumentError(`comm: expected a communicator, got ${shown(comm)}`)))
  }
  const { core } = comm
  try {
    core.checkAlive()
    checkOptions(options, names, '{ root: 0 }')
    const { root = 0, name, signal } = options
    checkRoot(root, core.size)
    if (name !== undefined && typeof name !== 'string') throw new ArgumentError(`name: expected a string, got ${shown(name)}`)
    if (signal !== undefined) checkSignal(signal)
    const { say, sets = 1, make } = plan(comm)
    if (signal?.aborted) throw abortError(signal)
    const title = name ?? `${comm.name}.${kind}(${countOf(core, kind)})`
    const request = new CallRequest<S>(core, site)
    request.holds(core.endpoint.transport)
    if (signal !== undefined) abandonOn(signal, request as CallRequest<unknown>, (error) => request.fail(error))
    const { endpoint } = core
    const expected = endpoint.expectCommunicator()
    const own: Say = {
      options: shown({ ...say, root }),
      ids: core.rank === 0 ? Array.from({ length: sets }, () => endpoint.ids.next()) : null
    }
    const call = `${kind[0]!.toUpperCase()}${kind.slice(1)}.create`
    gather(comm, call, own, site, { signal })
      .pipe(
        map((all) => {
          checkAlike(call, all)
          return all[0]!.ids!.map((id, k): SyncParts => {
            if (id === null) throw new RxmpiError(`${call}: ${IDS_EXHAUSTED}`)
            const one = new CommunicatorCore(endpoint, id, k === 0 ? title : `${title}.mutex`, core.members)
            one.join()
            const isPart = k > 0
            const of = isPart ? 'mutex' : kind
            return { kind: of, service: new Service(one, of), root, site, parent: core, isPart }
          })
        }),
        ended(expected),
        map((parts) => {
          const object = make(parts)
          for (const { service } of parts) service.open()
          return object
        })
      )
      .subscribe({
        next: (object) => {
          // Who has given the call up has no use for it.
          if (request.settled) object.free()
          else request.settle(null, object)
        },
        error: (error) => request.settle(error)
      })
    return request
  } catch (error) {
    return new CallRequest<S>(core, captureCallSite()).refuse(error)
  }
}

function countOf(core: CommunicatorCore, kind: string): number {
  const counts = made.get(core) ?? new Map<string, number>()
  made.set(core, counts)
  const count = (counts.get(kind) ?? 0) + 1
  counts.set(kind, count)
  return count
}

function checkAlike(call: string, says: readonly Say[]): void {
  if (says.every(({ options }) => options === says[0]!.options)) return
  const lines = says.map(({ options }, rank) => `  rank ${rank}: ${call}(comm, ${options})`)
  throw new CollectiveMismatchError(`${call}: the ranks want different things:\n${lines.join('\n')}\nall ranks must give the same`)
}

/** Calls back when the source has emitted or failed, before that is told. */
const ended =
  <T>(listener: () => void) =>
  (source: Observable<T>): Observable<T> =>
    new Observable((subscriber) =>
      source.subscribe({
        next: (value) => {
          listener()
          subscriber.next(value)
        },
        error: (error) => {
          listener()
          subscriber.error(error)
        },
        complete: () => subscriber.complete()
      })
    )
