import { defer } from 'rxjs'
import { SIGNAL } from '../diagnostics/option-names.js'
import type { Request } from '../request/request.js'
import type { FileRequests } from './file-requests.js'
import type { FileCallOptions, SeekFrom } from './options.js'
import type { Pointers } from './pointers.js'
import type { CollectiveCalls } from './together.js'
import { checkPosition, type FileView, View } from './view.js'

/** The calls on what a rank sees of a file, and on its pointers. `File` documents each. MPI 4.1 §14.3: file views; §14.4: file pointers. */
export class Positioning {
  readonly #pointers: Pointers
  readonly #requests: FileRequests
  readonly #together: CollectiveCalls

  constructor(pointers: Pointers, requests: FileRequests, together: CollectiveCalls) {
    this.#pointers = pointers
    this.#requests = requests
    this.#together = together
  }

  setView(view: FileView, options: FileCallOptions = {}): Request<void> {
    return this.#requests.collective(SIGNAL, 'setView', options, undefined, (request) => {
      const next = new View(view)
      return {
        say: next.signature,
        act: (says: readonly string[]) =>
          defer(() => {
            const agree = says.every((one) => one === says[0])
            return this.#together.outcome('file.setView (end)', this.#pointers.see(next, agree), request.site)
          })
      }
    })
  }

  seek(offset: number, from: SeekFrom): void {
    this.#requests.here(() => {
      this.#requests.checkOpen()
      this.#pointers.seek(offset, from)
    })
  }

  byteOffset(offset: number): number {
    return this.#requests.here(() => {
      checkPosition('offset', offset)
      return this.#pointers.view.byteOffset(offset)
    })
  }

  sharedPosition(options: FileCallOptions = {}): Request<number> {
    return this.#requests.independent<number>(SIGNAL, options, undefined, (request) => {
      this.#pointers.checkShared()
      this.#pointers.sharedPosition((error, position) => request.settle(error, position), request.site)
    })
  }

  seekShared(offset: number, from: SeekFrom, options: FileCallOptions = {}): Request<void> {
    return this.#requests.collective(SIGNAL, 'seekShared', options, undefined, (request) => {
      this.#pointers.checkShared()
      this.#pointers.sought(offset, from, Number.MAX_SAFE_INTEGER - Math.abs(offset))
      return {
        say: `${offset}, '${from}'`,
        act: (says: readonly string[]) =>
          this.#together.byLeader('seekShared', says, request.site, (done) => this.#pointers.seekShared(offset, from, done))
      }
    })
  }
}
