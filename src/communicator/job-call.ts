import { catchError, concatMap, defer, finalize, map, Observable, of } from 'rxjs'
import { type Failure, failureOf, remoteError } from '../collective/control-messages.js'
import type { Make } from '../collective/definition.js'
import { bcastOf } from '../collective/definitions/bcast.js'
import { call } from '../collective/request.js'
import { ANY_SOURCE } from '../constants.js'
import { AbortError, CollectiveMismatchError, RxmpiError } from '../errors.js'
import { type JobServices, type Order, type Process, type Refusal, refusalOf, refused, Withdrawn } from '../progress/job-services.js'
import { abortError, onAbort } from '../request/cancellation.js'
import type { Request } from '../request/request.js'
import type { Communicator } from './communicator.js'
import { gatherSays, type Setting } from './communicator-create.js'

/** What all ranks of a communicator want of the job, and one of them asks for. */
export interface JobCall {
  /** The call's name. */
  readonly how: string
  readonly root: number
  /** What all ranks must give alike, in words. */
  readonly alike: string
  /** What the root waits for, for a report. */
  readonly what: string
  /** Called at the root, with those who are there and the call's word; throws what is wrong with what the root gives. */
  orderFor(processes: readonly Process[], key: string): Order
}

interface Say {
  readonly alike: string
  readonly process: Process
  readonly failure: Failure | undefined
}

/** What the root tells the others: what has come of it, or why nothing has. */
type Verdict =
  | { readonly value: number }
  | { readonly failure: Failure }
  | { readonly refusal: Refusal }
  /** The rank that does not want it any more. */
  | { readonly withdrawn: number }

/**
 * Has the job do something, once all ranks have called, and tells all what has come of it. What the root gives is checked before anybody
 * waits, and all hear of it. From when all have called a signal of any of them asks the job to take it back, which decides: what is done
 * already is done for all.
 */
export function askJob(comm: Communicator, { how, root, alike, what, orderFor }: JobCall, setting: Setting): Observable<number> {
  const { core } = comm
  const { signal } = setting.options
  const job = jobOf(comm)
  const isRoot = core.rank === root
  let reason: unknown
  const failedBy = (error: unknown): { failure: Failure } => {
    reason = error
    return { failure: failureOf(0, error) }
  }
  const throwIt = (failure: Failure): never => {
    throw isRoot ? reason : remoteError(core, root, how, failure)
  }
  const ask = (all: readonly Say[], key: string): Observable<Verdict | undefined> => {
    if (!isRoot) return of(undefined)
    const processes = all.map(({ process }) => process)
    return awaited(comm, job.ask(orderFor(processes, key)), what, setting).pipe(
      map((value): Verdict => ({ value })),
      catchError((error) => {
        if (error instanceof Withdrawn) return of({ withdrawn: processes.indexOf(error.process) })
        const refusal = refusalOf(error)
        return of(refusal === undefined ? failedBy(error) : { refusal })
      })
    )
  }
  const said = defer(() => {
    let failure: Failure | undefined
    try {
      if (isRoot) orderFor([], '')
    } catch (error) {
      failure = failedBy(error).failure
    }
    return gatherSays<Say>(comm, how, { alike, process: job.process, failure }, setting)
  })
  return said.pipe(
    concatMap(({ id, all }) =>
      defer(() => {
        checkAlike(how, all)
        const { failure } = all[root]!
        if (failure !== undefined) throwIt(failure)
        const key = `${all[0]!.process}.${id}`
        const letGo = signal === undefined ? undefined : withdrawing(signal, () => job.withdraw(key))
        return ask(all, key).pipe(
          // A rank alone has nobody to tell.
          concatMap((verdict) => (core.size === 1 ? of(verdict as Verdict) : tell(comm, how, verdict as Verdict, root, setting))),
          finalize(() => letGo?.())
        )
        // Until then no other call has this word.
      }).pipe(finalize(() => core.endpoint.disuse(id)))
    ),
    map((verdict) => {
      if ('value' in verdict) return verdict.value
      if ('failure' in verdict) return throwIt(verdict.failure)
      if ('refusal' in verdict) throw refused(verdict.refusal)
      if (signal?.aborted) throw abortError(signal)
      throw remoteError(core, verdict.withdrawn, how, failureOf(0, new AbortError("the call's signal was aborted")))
    })
  )
}

function withdrawing(signal: AbortSignal, withdraw: () => void): (() => void) | undefined {
  if (!signal.aborted) return onAbort(signal, withdraw)
  withdraw()
  return undefined
}

/** What starts and joins ranks beyond the world. */
export function jobOf({ core }: Communicator): JobServices {
  const { job } = core.endpoint
  if (job !== undefined) return job
  throw new RxmpiError(
    'a Worker that the program has made is no rank of a job, which alone could start ranks or join them: call on the main thread'
  )
}

/** What comes from others by way of the job, as something that this rank waits for and a report names: no message will tell. */
export function awaited<T>({ core, calls }: Communicator, source: Observable<T>, what: string, { site }: Setting): Observable<T> {
  return new Observable((subscriber) => {
    const { transport } = core.endpoint
    const waiting = {
      peer: ANY_SOURCE,
      waits: true,
      site,
      fail: (error: Error) => subscriber.error(error),
      giveUp: (makeError: (site: Setting['site']) => Promise<Error>) => void makeError(site).then((error) => subscriber.error(error)),
      describe: () => `${what}${core.on}`
    }
    calls.unsaid.add(waiting)
    transport.hold()
    subscriber.add(() => {
      calls.unsaid.delete(waiting)
      transport.release()
    })
    subscriber.add(source.subscribe(subscriber))
  })
}

/** No signal ends it: what the job has done is told to all. */
function tell(comm: Communicator, how: string, verdict: Verdict, root: number, { site }: Setting): Request<Verdict> {
  const verdictOf: Make<Verdict, Verdict> = (ranks, given) => ({ ...bcastOf<Verdict>(ranks, given), name: how })
  return call(comm, verdictOf, verdict, { root }, undefined, site) as Request<Verdict>
}

function checkAlike(how: string, all: readonly Say[]): void {
  const [first] = all as [Say]
  const other = all.findIndex(({ alike }) => alike !== first.alike)
  if (other === -1) return
  throw new CollectiveMismatchError(
    `${how}: rank 0 gives ${first.alike} and rank ${other} ${all[other]!.alike}; all ranks must give the same`
  )
}
