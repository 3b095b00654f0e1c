export interface PrefixExchange {
  /** `undefined` behind the last rank. */
  readonly to: number | undefined
  /** `undefined` before the first. */
  readonly from: number | undefined
}

/**
 * ⌈log₂ size⌉ steps of a prefix reduction: before step k a rank has what the 2ᵏ ranks up to itself have given, hands that to the rank 2ᵏ
 * ahead, and gets from the one 2ᵏ behind what comes just before its own.
 *
 * Source: Hillis, Steele, Data parallel algorithms, CACM 29(12), 1986.
 */
export function prefixDoubling(rank: number, size: number): readonly PrefixExchange[] {
  const steps: PrefixExchange[] = []
  for (let distance = 1; distance < size; distance *= 2) {
    steps.push({
      to: rank + distance < size ? rank + distance : undefined,
      from: rank >= distance ? rank - distance : undefined
    })
  }
  return steps
}
