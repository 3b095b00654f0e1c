/** What was done to one cell that is 0 at first, from when to when, and what came of it. */
export interface Operation {
  readonly begin: number
  readonly end: number
  readonly kind: 'add' | 'read' | 'write' | 'swap'
  readonly value: number
  readonly expected?: number
  readonly result: number
}

/**
 * Whether some order explains a history: each operation at one point between its begin and its end, as if there were nothing else. Wing and
 * Gong, Testing and Verifying Concurrent Objects, JPDC 17, 1993; what was tried is remembered, as Lowe does.
 */
export function isLinearizable(history: readonly Operation[]): boolean {
  const tried = new Set<string>()
  const search = (left: readonly Operation[], cell: number): boolean => {
    if (left.length === 0) return true
    const key = `${cell}:${left.map(({ begin }) => begin).join()}`
    if (tried.has(key)) return false
    tried.add(key)
    // Whatever is first has begun before any other has ended.
    const firstEnd = Math.min(...left.map(({ end }) => end))
    for (const operation of left) {
      if (operation.begin > firstEnd) continue
      const then = apply(operation, cell)
      if (then === undefined) continue
      if (
        search(
          left.filter((other) => other !== operation),
          then
        )
      )
        return true
    }
    return false
  }
  return search(history, 0)
}

/** What the cell holds then; undefined where the result is not what comes of it. */
function apply({ kind, value, expected, result }: Operation, cell: number): number | undefined {
  if (kind === 'write') return value
  if (result !== cell) return undefined
  if (kind === 'read') return cell
  if (kind === 'add') return cell + value
  return cell === expected ? value : cell
}
