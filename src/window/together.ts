import type { Make } from '../collective/definition.js'
import { call } from '../collective/request.js'
import type { CallRequest } from '../service/call-request.js'
import { Meetings } from '../service/meetings.js'
import type { OwnCaller } from '../service/rounds.js'
import type { WindowCallOptions } from './options.js'
import type { Pipelines } from './pipeline.js'

/** The calls that all ranks of a window make together, each when its rank's calls before that are complete. */
export class CollectiveCalls {
  readonly #caller: OwnCaller
  readonly #pipelines: Pipelines
  readonly #meetings: Meetings

  constructor(caller: OwnCaller, pipelines: Pipelines) {
    this.#caller = caller
    this.#pipelines = pipelines
    this.#meetings = new Meetings(() => caller.core.release())
  }

  /** `then`: all ranks have come. */
  begin(request: CallRequest<void>, make: Make<null, null>, { signal }: WindowCallOptions, then: () => void): void {
    const { rift } = this.#meetings
    if (rift !== undefined) throw rift
    this.#pipelines.complete(this.#pipelines.all.keys(), () => {
      const { rift } = this.#meetings
      if (rift !== undefined) return request.settle(rift)
      // Who has given up meanwhile takes part all the same, for others wait.
      const options = signal?.aborted ? {} : { signal }
      const meeting = call(this.#caller, make, null, options, undefined, request.site)
      meeting.onSettled(this.#meetings.begin((error) => request.settle(error)))
      meeting.subscribe({ next: then, error: (error) => request.settle(error) })
    })
  }

  /** How many have ended on this rank. */
  get ended(): number {
    return this.#meetings.ended
  }

  /** A rank has freed its part, and had ended so many: what needs all ranks is in vain from then on. */
  breakOff(error: Error, ended: number): void {
    this.#meetings.breakOff(error, ended)
  }
}
