import type { MonoTypeOperatorFunction } from 'rxjs'
import { type Links, NO_SHAPE, type Unit } from '../steps.js'
import { through } from '../through.js'
import { prefixDoubling } from '../topology/prefixDoubling.js'
import type { Accumulator } from './accumulator.js'

/** What a rank has of a prefix reduction: with its own value, which others need, and without. */
export class Prefix implements Unit {
  readonly upToHere: Accumulator
  readonly before: Accumulator

  constructor(upToHere: Accumulator, before: Accumulator) {
    this.upToHere = upToHere
    this.before = before
  }

  /** What is sent is what others need: the round is not over before that is out. */
  get pending(): number {
    return this.upToHere.pending
  }

  set pending(count: number) {
    this.upToHere.pending = count
  }
}

/**
 * As the scan by doubling, but what comes is combined twice: with the value of the rank itself, to be handed on, and without.
 *
 * Steps: ⌈log₂ p⌉. Bytes: a rank sends n in each where there is a rank ahead. Source: Hillis, Steele, CACM 29(12), 1986.
 */
export function recursiveDoublingExscan(links: Links): MonoTypeOperatorFunction<Prefix> {
  const { rank, size } = links.comm
  return through(
    prefixDoubling(rank, size).map(({ to, from }) =>
      links.step<Prefix>({
        from,
        send: to === undefined ? undefined : ({ upToHere }) => upToHere.send(links, to),
        shape: ({ upToHere }) => upToHere.shape,
        take: ({ upToHere, before }, message) => {
          if (message.shape === NO_SHAPE) return
          // Twice the value: an op may write into what it is given.
          before.fold(message.value(), true, message.shape)
          upToHere.fold(message.value(), true, message.shape)
        }
      })
    )
  )
}
