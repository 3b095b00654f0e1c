import type { CallSite } from '../diagnostics/call-site.js'
import { Queue } from '../memory/queue.js'
import type { Done } from './file-system.js'
import type { Service } from './service.js'

/** One rank at a time: first come, first served. One rank keeps the queue. Who fails while it holds the lock gives it back. */
export class FileLock {
  readonly #service: Service
  readonly #keeper: number
  readonly #waiting = new Queue<{ readonly rank: number; readonly grant: Done<unknown> }>()
  #holder: number | undefined

  constructor(service: Service, keeper: number) {
    this.#service = service
    this.#keeper = keeper
    const { core } = service
    service.serve('lock', (rank, _, grant) => {
      this.#waiting.push({ rank, grant })
      this.#next()
    })
    service.serve('unlock', (rank) => {
      if (this.#holder === rank) this.#release()
    })
    core.attach({
      announce: () => {
        const { whyGone } = core.endpoint
        if (this.#holder !== undefined && whyGone.call(core.endpoint, core.memberOf(this.#holder)) !== undefined) this.#release()
      }
    })
  }

  acquire(site: CallSite | undefined, done: Done<void>): void {
    this.#service.ask(this.#keeper, 'lock', [], site, done)
  }

  release(): void {
    this.#service.tell(this.#keeper, 'unlock', [])
  }

  #release(): void {
    this.#holder = undefined
    this.#next()
  }

  #next(): void {
    const { endpoint } = this.#service.core
    while (this.#holder === undefined && this.#waiting.length > 0) {
      const { rank, grant } = this.#waiting.shift()
      if (endpoint.whyGone(this.#service.core.memberOf(rank)) !== undefined) continue
      this.#holder = rank
      grant(null, undefined)
    }
  }
}
