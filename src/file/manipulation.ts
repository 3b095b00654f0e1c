import { SIGNAL } from '../diagnostics/option-names.js'
import type { Request } from '../request/request.js'
import type { Done } from '../service/done.js'
import type { FileAccess } from './access.js'
import type { FileRequests } from './file-requests.js'
import type { FileCallOptions } from './options.js'
import type { CollectiveCalls } from './together.js'
import { checkPosition } from './view.js'

/** Zeros that are written at once. */
const ZEROS = 2 ** 22

/** The calls on the size of a file. `File` documents each. MPI 4.1 §14.2: file manipulation. */
export class Manipulation {
  readonly #access: FileAccess
  readonly #requests: FileRequests
  readonly #together: CollectiveCalls

  constructor(access: FileAccess, requests: FileRequests, together: CollectiveCalls) {
    this.#access = access
    this.#requests = requests
    this.#together = together
  }

  size(options: FileCallOptions = {}): Request<number> {
    return this.#requests.independent<number>(SIGNAL, options, undefined, (request) =>
      this.#access.stat((error, stat) => request.settle(error, stat?.size))
    )
  }

  truncate(bytes: number, options?: FileCallOptions): Request<void> {
    return this.#resize('truncate', bytes, options, (done) => this.#access.truncate(bytes, done))
  }

  preallocate(bytes: number, options?: FileCallOptions): Request<void> {
    return this.#resize('preallocate', bytes, options, (done) => this.#fill(bytes, done))
  }

  /** One rank does it, for all. */
  #resize(name: string, bytes: number, options: FileCallOptions = {}, act: (done: Done<void>) => void): Request<void> {
    return this.#requests.collective(SIGNAL, name, options, undefined, (request) => {
      this.#requests.checkWrites()
      checkPosition('bytes', bytes)
      return {
        say: `${bytes}`,
        act: (says: readonly string[]) => this.#together.byLeader(name, says, request.site, act)
      }
    })
  }

  /** Writes zeros behind what there is, up to so many bytes. */
  #fill(bytes: number, done: Done<void>): void {
    const access = this.#access
    access.stat((error, stat) => {
      if (error !== null) return done(error)
      const zeros = new Uint8Array(Math.min(ZEROS, Math.max(0, bytes - stat.size)))
      const step = (from: number): void => {
        if (from >= bytes) return done(null)
        const part = zeros.subarray(0, Math.min(zeros.length, bytes - from))
        access.write(part, from, (failure, count) => (failure === null ? step(from + count) : done(failure)))
      }
      step(stat.size)
    })
  }
}
