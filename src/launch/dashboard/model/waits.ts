import type { Picture, RankPicture } from './picture.js'

/** One rank waits for another. */
export interface Wait {
  readonly from: number
  readonly to: number
  /** 'in recv for rank 1, tag 0' */
  readonly what: string
  readonly at?: string | undefined
  /** It is part of a cycle. */
  readonly inCycle: boolean
}

/** Who waits for whom, of those who have done nothing for a while. */
export interface WaitGraph {
  readonly waits: readonly Wait[]
  /** Ranks that wait for each other, each for the next and the last for the first. */
  readonly cycles: readonly (readonly number[])[]
  /** Ranks that others wait for and that wait for nobody themselves, those first that hold up the most. */
  readonly holders: readonly { readonly process: number; readonly waiting: number }[]
}

/** Ranks that exchange messages all the time wait for each other at every moment; those that have done nothing for so long do not. */
export const STILL_SECONDS = 1

/** Graph of what waits: a cycle in it is a deadlock, where nobody else can help (Coffman, Elphick, Shoshani, Computing Surveys 3, 1971). */
export function waitGraph({ ranks, deadlock }: Pick<Picture, 'ranks' | 'deadlock'>): WaitGraph {
  const waiting = ranks.filter((rank) => isHeldUp(rank, deadlock))
  const known = new Set(ranks.map(({ process }) => process))
  const found = waiting.flatMap(({ process, calls }) =>
    calls
      .filter(({ endless, any }) => !endless && !any)
      .flatMap(({ peers, what, at }) => peers.filter((to) => known.has(to)).map((to) => ({ from: process, to, what, at })))
  )
  const edges = new Map<number, number[]>()
  for (const { from, to } of found) edges.set(from, [...(edges.get(from) ?? []), to])
  const groups = stronglyConnected(edges)
  const groupOf = new Map(groups.flatMap((group, k) => group.map((process) => [process, k] as const)))
  const cycles = groups.map((group) => cycleIn(group, edges)).filter((cycle) => cycle !== undefined)
  const cyclic = new Set(cycles.flat().map((process) => groupOf.get(process)))
  return {
    waits: found.map((wait) => ({
      ...wait,
      inCycle: groupOf.get(wait.from) === groupOf.get(wait.to) && cyclic.has(groupOf.get(wait.from))
    })),
    cycles,
    holders: holdersOf(edges)
  }
}

/** At a deadlock that was proved its calls have failed, and so perhaps the rank. */
function isHeldUp({ state, still, calls }: RankPicture, deadlock: boolean): boolean {
  if (deadlock) return calls.length > 0
  return (state === 'waiting' || state === 'cut') && still >= STILL_SECONDS
}

/** Tarjan: Depth-first search and linear graph algorithms, SIAM J. Computing 1(2), 1972; without recursion, for chains are long. */
function stronglyConnected(edges: ReadonlyMap<number, readonly number[]>): number[][] {
  const index = new Map<number, number>()
  const low = new Map<number, number>()
  const stack: number[] = []
  const onStack = new Set<number>()
  const groups: number[][] = []
  for (const root of edges.keys()) {
    if (index.has(root)) continue
    const path: { node: number; next: number }[] = []
    const enter = (node: number): void => {
      index.set(node, index.size)
      low.set(node, index.get(node)!)
      stack.push(node)
      onStack.add(node)
      path.push({ node, next: 0 })
    }
    enter(root)
    while (path.length > 0) {
      const here = path.at(-1)!
      const to = edges.get(here.node)?.[here.next++]
      if (to === undefined) {
        path.pop()
        const above = path.at(-1)
        if (above !== undefined) low.set(above.node, Math.min(low.get(above.node)!, low.get(here.node)!))
        if (low.get(here.node) !== index.get(here.node)) continue
        const group = stack.splice(stack.indexOf(here.node))
        for (const node of group) onStack.delete(node)
        groups.push(group)
      } else if (!index.has(to)) enter(to)
      else if (onStack.has(to)) low.set(here.node, Math.min(low.get(here.node)!, index.get(to)!))
    }
  }
  return groups
}

/** The shortest way through a group from its least rank back to it; undefined where there is none. */
function cycleIn(group: readonly number[], edges: ReadonlyMap<number, readonly number[]>): number[] | undefined {
  const start = Math.min(...group)
  const inside = new Set(group)
  const before = new Map<number, number>()
  let front = [start]
  while (front.length > 0) {
    const next: number[] = []
    for (const node of front) {
      for (const to of edges.get(node) ?? []) {
        if (to === start) {
          const way = [node]
          while (way[0] !== start) way.unshift(before.get(way[0]!)!)
          return way
        }
        if (!inside.has(to) || before.has(to)) continue
        before.set(to, node)
        next.push(to)
      }
    }
    front = next
  }
  return undefined
}

/** Those at the ends of the chains, and how many ranks each holds up. */
function holdersOf(edges: ReadonlyMap<number, readonly number[]>): WaitGraph['holders'] {
  const into = new Map<number, number[]>()
  for (const [from, all] of edges) for (const to of all) into.set(to, [...(into.get(to) ?? []), from])
  const ends = [...into.keys()].filter((process) => !edges.has(process))
  const holders = ends.map((process) => {
    const held = new Set<number>()
    const left = [process]
    for (let node = left.pop(); node !== undefined; node = left.pop()) {
      for (const from of into.get(node) ?? []) {
        if (held.has(from)) continue
        held.add(from)
        left.push(from)
      }
    }
    return { process, waiting: held.size }
  })
  return holders.sort((one, other) => other.waiting - one.waiting || one.process - other.process)
}
