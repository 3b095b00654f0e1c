import { catchError, concatMap, defer, EMPTY, map, type Observable, of, Subject, tap } from 'rxjs'
import type { CallSite } from '../diagnostics/call-site.js'
import { CollectiveMismatchError } from '../errors.js'
import type { CallRequest } from '../service/call-request.js'
import { called } from '../service/called.js'
import type { Done } from '../service/done.js'
import { Meetings } from '../service/meetings.js'
import { agreed, gather, type OwnCaller } from '../service/rounds.js'

/** What a collective call says to the other ranks when it is made, and does when it is its turn. */
export interface Together<T, S> {
  readonly say: S
  readonly act: (says: readonly S[]) => Observable<T>
}

/** What a rank has ended: how many calls, and which streams. */
export type Ended = readonly [calls: number, streams: readonly string[]]

/** The calls that all ranks of a file make together: one after the other, for their order is the same everywhere. */
export class CollectiveCalls {
  readonly #caller: OwnCaller
  readonly #worker: OwnCaller
  readonly #leader: number
  readonly #turns = new Subject<Observable<unknown>>()
  readonly #meetings: Meetings

  /** Calls are made by `caller`, in any order with what they do, which is by `worker`. One rank, the leader, does what is done once. */
  constructor(caller: OwnCaller, worker: OwnCaller, leader: number) {
    this.#caller = caller
    this.#worker = worker
    this.#leader = leader
    this.#meetings = new Meetings(() => {
      for (const { core } of [caller, worker]) core.release()
    })
    this.#turns.pipe(concatMap((turn) => turn)).subscribe()
  }

  /** What this rank says goes to all at once; the rest is done when it is its turn, and settles the request. */
  begin<T, S>(name: string, request: CallRequest<T>, signal: AbortSignal | undefined, { say, act }: Together<T, S>): void {
    const { rift } = this.#meetings
    if (rift !== undefined) throw rift
    const says = gather(this.#caller, `file.${name}`, say, request.site, { signal })
    says.look()
    const ended = this.#meetings.begin((error) => request.fail(error))
    const turn = says.pipe(
      concatMap(act),
      tap({
        next: (value) => {
          ended()
          request.settle(null, value)
        },
        error: (error) => {
          ended()
          request.settle(error)
        }
      }),
      catchError(() => EMPTY)
    )
    this.#turns.next(turn)
  }

  /** How this rank has fared, told to all: where one has failed, all fail. */
  outcome<T>(name: string, work: Observable<T>, site: CallSite | undefined): Observable<T> {
    const fared = work.pipe(
      map((value) => ({ error: null as unknown, value: value as T | undefined })),
      catchError((error) => of({ error: error as unknown, value: undefined }))
    )
    return fared.pipe(concatMap(({ error, value }) => agreed(this.#worker, name, error, site).pipe(map(() => value as T))))
  }

  /** What one rank does for all, who must want the same. */
  byLeader(name: string, says: readonly string[], site: CallSite | undefined, act: (done: Done<void>) => void): Observable<void> {
    return defer(() => {
      if (says.some((say) => say !== says[0])) {
        const lines = says.map((say, rank) => `  rank ${rank}: ${name}(${say})`)
        throw new CollectiveMismatchError(`${name}: the ranks want different things:\n${lines.join('\n')}\nall ranks must give the same`)
      }
      const work = this.#caller.core.rank === this.#leader ? called<void>(act) : of(undefined)
      return this.outcome(`file.${name} (end)`, work, site)
    })
  }

  /** A stream that all ranks take part in; returns what to call when it is over on this rank. */
  join(stream: string, fail: (error: Error) => void): () => void {
    return this.#meetings.join(stream, fail)
  }

  /** What has ended on this rank: how many calls, and which streams. */
  get ended(): Ended {
    return [this.#meetings.ended, this.#meetings.overStreams]
  }

  /** A rank has freed its part, and had ended so much: what needs all ranks is in vain from then on. */
  breakOff(error: Error, [calls, streams]: Ended): void {
    this.#meetings.breakOff(error, calls, streams)
  }
}
