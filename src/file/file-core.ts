import { catchError, concat, defer, ignoreElements, Observable, of, tap } from 'rxjs'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { Group } from '../core/group.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { SIGNAL } from '../diagnostics/option-names.js'
import { FreedError } from '../errors.js'
import type { Unfreed } from '../progress/endpoint.js'
import type { Request } from '../request/request.js'
import type { CallRequest } from '../service/call-request.js'
import { called } from '../service/called.js'
import { type Counters, ServedCounters } from '../service/counters.js'
import { Lock } from '../service/lock.js'
import type { OwnCaller } from '../service/rounds.js'
import type { Service } from '../service/service.js'
import type { FileAccess } from './access.js'
import { Consistency } from './consistency.js'
import { DataAccess } from './data-access.js'
import { FileRequests } from './file-requests.js'
import type { FileSystem } from './file-system.js'
import { endBehind } from './frames.js'
import { Manipulation } from './manipulation.js'
import type { FileMode, ModeTraits } from './modes.js'
import type { FileCallOptions } from './options.js'
import { Pointers } from './pointers.js'
import { Positioning } from './positioning.js'
import type { Replacement } from './replacement.js'
import { CollectiveCalls, type Ended } from './together.js'
import type { View } from './view.js'

/** What `open` makes a file of. */
export interface FileParts {
  readonly caller: OwnCaller
  readonly worker: OwnCaller
  readonly service: Service
  readonly access: FileAccess
  readonly system: FileSystem
  readonly path: string
  readonly mode: FileMode
  readonly traits: ModeTraits
  readonly name: string
  readonly group: Group
  readonly parent: CommunicatorCore
  readonly leader: number
  readonly isThrough: boolean
  readonly buffering: 'auto' | 'always' | 'never'
  readonly deletes: boolean
  readonly replaces: boolean
  readonly replacement: Replacement | undefined
  readonly view: View
  readonly viewsAgree: boolean
  readonly size: number
  readonly site: CallSite | undefined
}

/** What a file is inside: who does which of its calls, and how it ends, on this rank or on another. The public class delegates to it. */
export class FileCore {
  readonly counters: Counters
  /** Who reads or writes alone. */
  readonly lock: Lock
  readonly together: CollectiveCalls
  readonly pointers: Pointers
  readonly requests: FileRequests
  readonly consistency: Consistency
  readonly dataAccess: DataAccess
  readonly positioning: Positioning
  readonly manipulation: Manipulation
  readonly #parts: FileParts
  /** What stands for it in a report of what was not freed. */
  readonly #unfreed: Unfreed

  constructor(parts: FileParts, unfreed: Unfreed) {
    const { service, leader, caller, worker, access, mode, traits, view, viewsAgree } = parts
    this.#parts = parts
    this.#unfreed = unfreed
    this.counters = new ServedCounters(service, leader, { frame: (before, bytes, base) => base + endBehind(before - base, bytes) })
    this.lock = new Lock(service, leader)
    this.together = new CollectiveCalls(caller, worker, leader)
    this.pointers = new Pointers(this.counters, worker, leader, () => access.sizeNow, view, viewsAgree)
    if (traits.appends) this.pointers.toEnd(parts.size)
    const { together, pointers } = this
    this.requests = new FileRequests(caller.core, mode, traits, pointers, together)
    this.consistency = new Consistency(parts, this.requests, together, this.lock)
    this.dataAccess = new DataAccess(parts, this.requests, pointers, together, this.consistency)
    this.positioning = new Positioning(pointers, this.requests, together)
    this.manipulation = new Manipulation(access, this.requests, together)
    this.#hear()
    parts.parent.endpoint.unfreed.add(unfreed)
  }

  /** Closes it on all ranks. `File` documents it. */
  close(options: FileCallOptions = {}): Request<void> {
    const waiting = this.requests.pending
    return this.requests.collective(SIGNAL, 'close', options, undefined, (request) => ({
      say: null,
      act: () => {
        const steps = this.#closing(waiting)
        return concat(
          ...steps.map((step, k) => this.together.outcome(`file.close (${k + 1})`, step, request.site).pipe(ignoreElements())),
          of(undefined)
        ).pipe(
          tap(() => this.#end(new FreedError(`file '${this.#parts.name}' was closed`), true)),
          catchError((error) => {
            // Nobody can do anything with it any more; what was to replace the old file goes.
            request.settle(error)
            this.#end(new FreedError(`file '${this.#parts.name}' was closed, and that has failed`), false)
            throw error
          })
        )
      }
    }))
  }

  /** Gives it up on this rank. */
  free(): void {
    if (this.requests.obstacle !== undefined) return
    this.#end(new FreedError(`file '${this.#parts.name}' was freed on this rank; open it again, or free it later`), false)
  }

  /** What closing takes, each step on all ranks before the next: calls that wait end, and the file is flushed, closed, and put in place. */
  #closing(waiting: readonly CallRequest<unknown>[]): Observable<unknown>[] {
    const { access, replacement, replaces, deletes, system, path, caller, leader, isThrough } = this.#parts
    const leads = caller.core.rank === leader
    const last = defer((): Observable<unknown> => {
      if (replacement !== undefined) return replacement.finish()
      return deletes && leads ? called<void>((done) => system.remove(path, done)) : of(undefined)
    })
    return [
      quiet(waiting),
      ...(replaces ? [defer(() => this.consistency.flushed())] : []),
      called<void>((done) => (isThrough && !leads ? done(null) : access.close(done))),
      last
    ]
  }

  /** What becomes of its ranks, and of the communicator that has opened it. */
  #hear(): void {
    const { service, caller, worker, parent, name } = this.#parts
    service.onLeft<Ended>((rank, ended) => {
      const error = new FreedError(`rank ${rank} has freed file '${name}', which this call needs all ranks for`)
      if (this.requests.obstacle === undefined) this.together.breakOff(error, ended)
    })
    for (const { core } of [caller, worker, service]) parent.leads(core)
  }

  #end(obstacle: FreedError, isOrderly: boolean): void {
    if (this.requests.obstacle !== undefined) return
    this.requests.obstacle = obstacle
    const { caller, worker, service, access, replacement, parent } = this.#parts
    parent.endpoint.unfreed.delete(this.#unfreed)
    if (!isOrderly) {
      for (const request of this.requests.pending) request.fail(obstacle)
      access.close(() => undefined)
      replacement?.discard()
    }
    if (isOrderly) service.close()
    else service.leave(obstacle, this.together.ended)
    for (const { core } of [caller, worker]) core.release()
  }
}

/** Emits when none of some requests is under way any more. */
const quiet = (waiting: readonly CallRequest<unknown>[]): Observable<void> =>
  new Observable((subscriber) => {
    let left = 1
    const one = (): void => {
      if (--left > 0) return
      subscriber.next()
      subscriber.complete()
    }
    for (const call of waiting) {
      left++
      call.onSettled(one)
    }
    one()
  })
