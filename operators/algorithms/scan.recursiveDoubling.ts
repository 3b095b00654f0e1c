import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../../src/collective/links.js'
import { through } from '../../src/collective/through.js'
import { prefixDoubling } from '../../src/topology/prefixDoubling.js'
import { combinedFrom } from './combining.js'
import type { Partial } from './partial.js'

/**
 * Every rank hands what it has to the rank 1, 2, 4 … ahead, and combines what comes from behind before its own.
 *
 * Steps: ⌈log₂ p⌉. Bytes: a rank sends n in each where there is a rank ahead. Source: Hillis, Steele, CACM 29(12), 1986.
 */
export function recursiveDoublingScan(links: Links): MonoTypeOperatorFunction<Partial> {
  const { rank, size } = links.comm
  return through(prefixDoubling(rank, size).map(({ to, from }) => combinedFrom(links, from, true, to)))
}
