import { map, type Observable } from 'rxjs'
import { CallRegistry } from '../collective/call-registry.js'
import type { Caller, Make } from '../collective/definition.js'
import { allgatherOf } from '../collective/definitions/allgather.js'
import { alltoallvOf } from '../collective/definitions/alltoallv.js'
import { call } from '../collective/request.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import type { Request } from '../request/request.js'
import { type Failure, failedOn, failureOf } from './failure.js'

/** A communicator of an object's own, for what its ranks do together. */
export class OwnCaller implements Caller {
  readonly core: CommunicatorCore
  #calls: CallRegistry | undefined

  constructor(core: CommunicatorCore) {
    this.core = core
  }

  get calls(): CallRegistry {
    this.core.checkAlive()
    this.#calls ??= new CallRegistry(this.core)
    return this.#calls
  }
}

/** A collective under the name of the object's call. The same one each time: what it needs is kept. */
function makeOf(known: Map<string, Make<unknown, unknown>>, name: string, make: Make<unknown, unknown>): Make<unknown, unknown> {
  let named = known.get(name)
  if (named === undefined) {
    named = (ranks, options, op) => ({ ...make(ranks, options, op), name })
    known.set(name, named)
  }
  return named
}

const gathers = new Map<string, Make<unknown, unknown>>()
const exchanges = new Map<string, Make<unknown, unknown>>()

/** What every rank says, on every rank. `name` is what a report of ranks that disagree, or wait, calls it. It begins at the call. */
export function gather<T>(
  caller: Caller,
  name: string,
  value: T,
  site: CallSite | undefined,
  options: { signal?: AbortSignal | undefined } = {}
): Request<T[]> {
  return call(caller, makeOf(gathers, name, allgatherOf) as Make<T, T[]>, value, options, undefined, site)
}

/** The runs of an exchange: where the data of each rank begin, and how many come from each, and to where. In elements. */
export interface ExchangeRuns<D> {
  readonly counts: readonly number[]
  /** Default one behind the other. */
  readonly displs?: readonly number[]
  /** Where it is known; else it is found out first. */
  readonly received?: readonly number[]
  readonly receivedAt?: readonly number[]
  readonly into?: D
}

/** Deals out data to all ranks: `counts[r]` elements to rank r; gives what has come. */
export function exchange<D extends Uint8Array | Float64Array>(
  caller: Caller,
  name: string,
  data: D,
  { counts, displs, received, receivedAt, into }: ExchangeRuns<D>,
  site: CallSite | undefined
): Observable<D> {
  const options = { sendCounts: counts, sendDispls: displs, recvCounts: received, recvDispls: receivedAt, into }
  return call(caller, makeOf(exchanges, name, alltoallvOf) as unknown as Make<D, D>, data, options, undefined, site)
}

/** All ranks tell how they have fared: where one has failed, all get its failure. */
export function agreed(caller: Caller, name: string, error: unknown, site: CallSite | undefined): Observable<void> {
  // A number goes the shortest way.
  const said: Failure | 0 = error === null || error === undefined ? 0 : failureOf(error)
  return gather(caller, name, said, site).pipe(map((failures) => throwFirst(failures)))
}

export function throwFirst(failures: readonly (Failure | 0)[]): void {
  const rank = failures.findIndex((failure) => failure !== 0)
  if (rank >= 0) throw failedOn(rank, failures[rank] as Failure)
}
