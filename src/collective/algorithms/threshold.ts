import { checkAlgorithm } from './algorithm.js'
import { LARGE_BYTES } from './block.js'

/**
 * From how many bytes on a block goes apart, as the algorithm has it: everything in bundles, everything apart (what bundles are left then
 * only announce it), or, by default, what is large.
 */
export function limitOf(algorithm: string | undefined, bundled: string, apart: string): number {
  checkAlgorithm(algorithm, { [bundled]: 0, [apart]: 0 })
  if (algorithm === undefined) return LARGE_BYTES
  return algorithm === bundled ? Number.POSITIVE_INFINITY : 0
}
