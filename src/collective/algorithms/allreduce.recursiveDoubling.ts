import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import { through } from '../through.js'
import { type RecursiveDoubling, recursiveDoubling } from '../topology/recursiveDoubling.js'
import type { Accumulator } from './accumulator.js'
import { combinedWith } from './combining.js'
import { folded, unfolded } from './non-power-of-two.js'

/**
 * Partners exchange all they have, and both combine it, in the order of their ranks: after log₂ p exchanges all have the same.
 *
 * Steps: log₂ p, or ⌊log₂ p⌋ + 2 where p is no power of two. Bytes: a rank sends n in each.
 * Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.5.
 */
export function recursiveDoublingAllreduce(links: Links): MonoTypeOperatorFunction<Accumulator> {
  return doubling(links, recursiveDoubling(links.comm.rank, links.comm.size))
}

export function doubling(links: Links, { fold, partners, unfold }: RecursiveDoubling): MonoTypeOperatorFunction<Accumulator> {
  return through([...folded(links, fold), ...partners.map((partner) => combinedWith(links, partner)), ...unfolded(links, unfold)])
}
