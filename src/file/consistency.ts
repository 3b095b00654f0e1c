import { type Observable, of, tap } from 'rxjs'
import { shown } from '../diagnostics/arguments.js'
import { SIGNAL } from '../diagnostics/option-names.js'
import { ArgumentError } from '../errors.js'
import type { Request } from '../request/request.js'
import type { CallRequest } from '../service/call-request.js'
import { called } from '../service/called.js'
import type { Done } from '../service/done.js'
import type { Lock } from '../service/lock.js'
import type { FileParts } from './file-core.js'
import type { FileRequests } from './file-requests.js'
import { hostLeadersOf } from './host-leaders.js'
import type { FileCallOptions } from './options.js'
import type { CollectiveCalls } from './together.js'

/** What one rank sees of what another writes: atomic mode, and `sync`. `File` documents each call. MPI 4.1 §14.6: file consistency. */
export class Consistency {
  readonly #parts: FileParts
  readonly #requests: FileRequests
  readonly #together: CollectiveCalls
  readonly #lock: Lock
  #isAtomic = false

  /** `lock`: who reads or writes alone. */
  constructor(parts: FileParts, requests: FileRequests, together: CollectiveCalls, lock: Lock) {
    this.#parts = parts
    this.#requests = requests
    this.#together = together
    this.#lock = lock
  }

  get isAtomic(): boolean {
    return this.#isAtomic
  }

  setAtomicity(on: boolean, options: FileCallOptions = {}): Request<void> {
    return this.#requests.collective(SIGNAL, 'setAtomicity', options, undefined, (request) => {
      if (typeof on !== 'boolean') throw new ArgumentError(`on: expected true or false, got ${shown(on)}`)
      return {
        say: `${on}`,
        act: (says: readonly string[]) =>
          this.#together
            .byLeader('setAtomicity', says, request.site, (done) => done(null))
            .pipe(
              tap(() => {
                this.#isAtomic = on
              })
            )
      }
    })
  }

  /** In atomic mode nobody else reads or writes meanwhile. */
  guarded<T>(request: CallRequest<never> | CallRequest<unknown>, run: (done: Done<T>) => void): (done: Done<T>) => void {
    if (!this.#isAtomic) return run
    return (done) =>
      this.#lock.acquire({ site: request.site }, (error, lock) => {
        if (error !== null) return done(error, undefined as never)
        run((failure, value) => {
          lock!.release()
          done(failure, value)
        })
      })
  }

  sync(options: FileCallOptions = {}): Request<void> {
    return this.#requests.collective(SIGNAL, 'sync', options, undefined, (request) => ({
      say: null,
      act: () => this.#together.outcome('file.sync (end)', this.flushed(), request.site)
    }))
  }

  /** One rank of each host sees to it: the system flushes all that the host has written. */
  flushed(): Observable<void> {
    const { isThrough, access, leader, traits, caller } = this.#parts
    const { core } = caller
    const isFirst = isThrough ? core.rank === leader : hostLeadersOf(core).includes(core.rank)
    return isFirst && traits.writes ? called<void>((done) => access.sync(done)) : of(undefined)
  }
}
