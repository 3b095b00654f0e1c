import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import { through } from '../through.js'
import { prefixDoubling } from '../topology/prefixDoubling.js'
import type { Accumulator } from './accumulator.js'
import { combinedFrom } from './combining.js'

/**
 * Every rank hands what it has to the rank 1, 2, 4 … ahead, and combines what comes from behind before its own.
 *
 * Steps: ⌈log₂ p⌉. Bytes: a rank sends n in each where there is a rank ahead. Source: Hillis, Steele, CACM 29(12), 1986.
 */
export function recursiveDoublingScan(links: Links): MonoTypeOperatorFunction<Accumulator> {
  const { rank, size } = links.comm
  return through(prefixDoubling(rank, size).map(({ to, from }) => combinedFrom(links, from, true, to)))
}
