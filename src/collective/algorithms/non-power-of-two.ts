import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import type { PowerOfTwo } from '../topology/powerOfTwo.js'
import type { Accumulator } from './accumulator.js'
import { combinedFrom, handedTo, resultFrom } from './combining.js'

/** One rank hands what it has to another, which stands for both: none, where a rank stands for itself. */
export function folded(links: Links, fold: PowerOfTwo['fold']): MonoTypeOperatorFunction<Accumulator>[] {
  if (fold === undefined) return []
  return ['to' in fold ? handedTo(links, fold.to) : combinedFrom(links, fold.from, fold.from < links.comm.rank)]
}

/** The way back, with the result. */
export function unfolded(links: Links, unfold: PowerOfTwo['unfold']): MonoTypeOperatorFunction<Accumulator>[] {
  if (unfold === undefined) return []
  return ['to' in unfold ? handedTo(links, unfold.to) : resultFrom(links, unfold.from)]
}
