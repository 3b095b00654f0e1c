import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links, Step } from '../steps.js'
import type { Blocks, Halving } from '../topology/recursiveHalving.js'
import type { Accumulator } from './accumulator.js'

/** The steps of reductions that cut an array into so many blocks. */
export class Halves {
  readonly #links: Links
  readonly #blocks: number

  constructor(links: Links, blocks: number) {
    this.#links = links
    this.#blocks = blocks
  }

  /** Partners exchange the halves of what they have, and each combines the one it keeps. */
  combine({ partner, keep, send }: Halving): MonoTypeOperatorFunction<Accumulator> {
    const lower = partner < this.#links.comm.rank
    return this.#links.step<Accumulator>({
      from: partner,
      send: this.give(partner, send),
      shape: (partial) => partial.shape,
      place: (partial, message) => partial.pourInto(message, lower, this.#start(keep[0], partial)),
      take: (partial, message) => partial.combine(message, lower)
    })
  }

  /** Sends blocks. */
  give(to: number, [first, end]: Blocks): Required<Step<Accumulator>>['send'] {
    return (partial) => partial.sendRun(this.#links, to, this.#start(first, partial), this.#start(end, partial))
  }

  /** Receives blocks that are finished. */
  take(from: number, [first]: Blocks, send?: Step<Accumulator>['send']): MonoTypeOperatorFunction<Accumulator> {
    return this.#links.step<Accumulator>({
      from,
      send,
      shape: (partial) => partial.shape,
      place: (partial, message) => partial.land(message, this.#start(first, partial)),
      take: (partial, message) => partial.replace(message)
    })
  }

  #start(block: number, { length }: Accumulator): number {
    return Math.floor((length * block) / this.#blocks)
  }
}
