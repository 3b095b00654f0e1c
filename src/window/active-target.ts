import type { Make } from '../collective/definition.js'
import { barrierOf } from '../collective/definitions/barrier.js'
import type { Group } from '../core/group.js'
import { SIGNAL } from '../diagnostics/option-names.js'
import { RmaSyncError } from '../errors.js'
import type { Request } from '../request/request.js'
import type { CallRequest } from '../service/call-request.js'
import type { Service } from '../service/service.js'
import type { Epochs } from './epochs.js'
import type { WindowCallOptions } from './options.js'
import type { PendingRequests } from './pending-requests.js'
import type { Pipelines } from './pipeline.js'
import { Signals } from './signals.js'
import type { Targets } from './targets.js'
import type { CollectiveCalls } from './together.js'
import type { Waits } from './waits.js'

const makeFence: Make<null, null> = () => ({ ...barrierOf<null>(), name: 'win.fence' })

/** What active target synchronisation needs of its window. */
export interface ActiveTargetParts {
  readonly service: Service
  readonly waits: Waits
  readonly requests: PendingRequests
  readonly targets: Targets
  readonly epochs: Epochs
  readonly pipelines: Pipelines
  readonly together: CollectiveCalls
}

/**
 * Synchronisation in which origin and target both take part: fences; and `post`, `start`, `complete`, `wait` among some ranks. `Window`
 * documents each call. MPI 4.1 §12.5.1 and §12.5.2: active target communication.
 */
export class ActiveTarget {
  readonly #service: Service
  readonly #requests: PendingRequests
  readonly #targets: Targets
  readonly #epochs: Epochs
  readonly #pipelines: Pipelines
  readonly #together: CollectiveCalls
  readonly #posted: Signals
  readonly #completed: Signals
  #starting: CallRequest<void> | undefined
  /** `wait` waits for the end of the exposure epoch. */
  #isEnding = false

  constructor({ service, waits, requests, targets, epochs, pipelines, together }: ActiveTargetParts) {
    this.#service = service
    this.#requests = requests
    this.#targets = targets
    this.#epochs = epochs
    this.#pipelines = pipelines
    this.#together = together
    const why = (rank: number): Error | undefined => targets.whyEnded(rank)
    this.#posted = new Signals(service, waits, 'posted', why)
    this.#completed = new Signals(service, waits, 'completed', why)
  }

  fence(options: WindowCallOptions = {}): Request<void> {
    return this.#requests.begin<void>(SIGNAL, options, (request) => {
      this.#epochs.fence('fence')
      this.#together.begin(request, makeFence, options, () => request.settle(null, undefined))
    })
  }

  post(group: Group): Request<void> {
    return this.#requests.begin<void>(SIGNAL, {}, (request) => {
      const ranks = this.#targets.ranksOf(group)
      this.#epochs.post(ranks, request.site)
      for (const rank of ranks) this.#posted.say(rank)
      request.settle(null, undefined)
    })
  }

  start(group: Group, options: WindowCallOptions = {}): Request<void> {
    return this.#requests.begin<void>(SIGNAL, options, (request) => {
      const ranks = this.#targets.ranksOf(group)
      this.#epochs.start(ranks, request.site)
      this.#starting = request
      this.#posted.wait(ranks, request.site, 'start', (error) => request.settle(error, undefined))
    })
  }

  complete(): Request<void> {
    return this.#requests.begin<void>(SIGNAL, {}, (request) => {
      const group = this.#epochs.complete()
      const starting = this.#starting!
      starting.onSettled(() => {
        if (starting.failed) return request.settle(starting.failure)
        this.#pipelines.complete(group, () => {
          for (const rank of group) this.#completed.say(rank)
          request.settle(null, undefined)
        })
      })
    })
  }

  wait(options: WindowCallOptions = {}): Request<void> {
    return this.#requests.begin<void>(SIGNAL, options, (request) => {
      const group = this.#epochs.exposed('wait')
      if (this.#isEnding) throw new RmaSyncError('wait: this rank waits for the end of the exposure epoch already; await that call')
      this.#isEnding = true
      this.#completed.wait(group, request.site, 'wait', (error) => {
        this.#isEnding = false
        this.#epochs.endExposure()
        request.settle(error, undefined)
      })
    })
  }

  test(): boolean {
    return this.#requests.here(() => {
      const group = this.#epochs.exposed('test')
      this.#service.core.poll()
      if (this.#isEnding || !this.#completed.test(group)) return false
      this.#epochs.endExposure()
      return true
    })
  }
}
