import { binomialTree } from './binomialTree.js'

/** How the ranks of a communicator lie on several hosts, some of which have more than one. */
export interface Hosts {
  /** The ranks of each host, in order; the host with the lowest rank first. */
  readonly groups: readonly (readonly number[])[]
  /** Every host has ranks that follow on each other. */
  readonly inOrder: boolean
  /** Moreover, every host has the same power of two of them: combined host by host, values are combined as they would be on one host. */
  readonly even: boolean
}

/** A rank's place among the hosts, as one root sees it. */
export interface Place {
  /** One rank of each host, the root first: what crosses hosts goes between these. */
  readonly leaders: readonly number[]
  /** The ranks of this rank's host, its leader first. */
  readonly members: readonly number[]
}

export interface Branch {
  /** `undefined` at the root. */
  readonly parent: number | undefined
  readonly children: readonly number[]
}

/** From the number of each rank's host; `undefined` where all ranks share one, or none does. */
export function hostsOf(numbers: readonly number[]): Hosts | undefined {
  const byHost = new Map<number, number[]>()
  for (const [rank, host] of numbers.entries()) {
    const group = byHost.get(host)
    if (group === undefined) byHost.set(host, [rank])
    else group.push(rank)
  }
  if (byHost.size === 1 || byHost.size === numbers.length) return undefined
  const groups = [...byHost.values()]
  const [{ length }] = groups as [number[]]
  const inOrder = groups.every((group) => group.at(-1)! - group[0]! === group.length - 1)
  return { groups, inOrder, even: inOrder && Number.isInteger(Math.log2(length)) && groups.every((group) => group.length === length) }
}

export function placeOf(rank: number, { groups }: Hosts, root = 0): Place {
  const hosts = seenFrom(root, groups)
  return { leaders: hosts.map((group) => group[0]!), members: hosts.find((group) => group.includes(rank))! }
}

/**
 * A tree over the leaders, and one over each host's ranks: what goes down it comes to each host once. ⌈log₂ hosts⌉ + ⌈log₂ ranks of a host⌉
 * steps.
 */
export function hostTree(rank: number, hosts: Hosts, root: number): Branch {
  const { leaders, members } = placeOf(rank, hosts, root)
  const inside = branchOf(rank, members)
  if (inside.parent !== undefined) return inside
  const outside = branchOf(rank, leaders)
  return { parent: outside.parent, children: [...outside.children, ...inside.children] }
}

/** All ranks one behind the other, the root first, host by host. */
export function hostChain(rank: number, { groups }: Hosts, root: number): Branch {
  const line = seenFrom(root, groups).flat()
  const at = line.indexOf(rank)
  return { parent: line[at - 1], children: at + 1 < line.length ? [line[at + 1]!] : [] }
}

/** A rank's place in the binomial tree of these ranks, of which the first is the root. */
export function branchOf(rank: number, ranks: readonly number[]): Branch {
  const { parent, children } = binomialTree(ranks.indexOf(rank), ranks.length, 0)
  return { parent: parent === undefined ? undefined : ranks[parent]!, children: children.map((child) => ranks[child.rank]!) }
}

/** The root's host first, and of its ranks the root. */
function seenFrom(root: number, groups: Hosts['groups']): (readonly number[])[] {
  const [own, ...others] = turned(
    groups,
    groups.findIndex((group) => group.includes(root))
  )
  return [turned(own!, own!.indexOf(root)), ...others]
}

const turned = <T>(list: readonly T[], first: number): T[] => [...list.slice(first), ...list.slice(0, first)]
