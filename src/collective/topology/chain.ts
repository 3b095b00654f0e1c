export interface Chain {
  /** `undefined` at the root. */
  readonly parent: number | undefined
  /** `undefined` at the end. */
  readonly child: number | undefined
}

/** All ranks one behind the other, the root first, then by rank and round: what streams down it passes every rank once. */
export function chain(rank: number, size: number, root: number): Chain {
  const next = (rank + 1) % size
  return { parent: rank === root ? undefined : (rank + size - 1) % size, child: next === root ? undefined : next }
}
