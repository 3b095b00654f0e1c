import { type BinomialTree, binomialTree } from '../../src/collective/topology/binomialTree.js'
import { bruckAllgather } from '../../src/collective/topology/bruckAllgather.js'
import { bruckAlltoall } from '../../src/collective/topology/bruckAlltoall.js'
import { chain } from '../../src/collective/topology/chain.js'
import { dissemination } from '../../src/collective/topology/dissemination.js'
import { halvingGather } from '../../src/collective/topology/halvingGather.js'
import { hostChain, hostsOf, hostTree, placeOf } from '../../src/collective/topology/hosts.js'
import { pairwise } from '../../src/collective/topology/pairwise.js'
import { powerOfTwo, standsFor } from '../../src/collective/topology/powerOfTwo.js'
import { prefixDoubling } from '../../src/collective/topology/prefixDoubling.js'
import { recursiveDoubling } from '../../src/collective/topology/recursiveDoubling.js'
import { type Blocks, mirrored, recursiveHalving } from '../../src/collective/topology/recursiveHalving.js'
import { ring } from '../../src/collective/topology/ring.js'

const below = (count: number): number[] => Array.from({ length: count }, (_, k) => k)
const sizes = [...below(18).slice(1), 32, 33]
const everyRoot = sizes.flatMap((size) => below(size).map((root) => [size, root] as const))
const ceilLog2 = (size: number): number => Math.ceil(Math.log2(size))
const floorLog2 = (size: number): number => Math.floor(Math.log2(size))

describe('the binomial tree', () => {
  const treesOf = (size: number, root: number): BinomialTree[] => below(size).map((rank) => binomialTree(rank, size, root))
  const depth = (trees: BinomialTree[], rank: number): number => {
    const { parent } = trees[rank]
    return parent === undefined ? 0 : 1 + depth(trees, parent)
  }

  test.each(everyRoot)('of %i ranks from root %i reaches everyone once, and parents and children agree', (size, root) => {
    const trees = treesOf(size, root)
    const edges = trees.flatMap(({ rank, children }) => children.map((child) => [rank, child.rank]))
    expect(edges.map(([, child]) => child).sort((a, b) => a - b)).toEqual(below(size).filter((rank) => rank !== root))
    for (const [parent, child] of edges) expect(trees[child].parent).toBe(parent)
    expect(trees[root].parent).toBeUndefined()
    for (const rank of below(size)) expect(depth(trees, rank)).toBeLessThanOrEqual(ceilLog2(size))
  })

  test.each(everyRoot)('of %i ranks from root %i is made of runs of ranks, the largest first', (size, root) => {
    const trees = treesOf(size, root)
    expect(trees[root].range).toEqual([0, size])
    for (const { rank, range, children } of trees) {
      expect(range[0]).toBe((rank - root + size) % size)
      for (const child of children) expect(child.range).toEqual(trees[child.rank].range)
      // Side by side they make the whole, without the rank itself.
      const runs = children.map((child) => child.range).sort(([a], [b]) => a - b)
      const ends = [range[0] + 1, ...runs.map(([, end]) => end)]
      expect([...runs.map(([first]) => first), range[1]]).toEqual(ends)
      const lengths = children.map((child) => child.range[1] - child.range[0])
      expect(lengths).toEqual(lengths.toSorted((a, b) => b - a))
    }
  })

  test('serves all in ⌈log₂ size⌉ rounds when a rank sends to one after the other', () => {
    for (const [size, root] of everyRoot) {
      const trees = treesOf(size, root)
      const served = (rank: number, round: number): number[] =>
        trees[rank].children.flatMap((child, k) => [round + k + 1, ...served(child.rank, round + k + 1)])
      expect(Math.max(0, ...served(root, 0))).toBe(ceilLog2(size))
    }
  })
})

test.each(everyRoot)('the chain of %i ranks from root %i passes everyone once', (size, root) => {
  const passed = [root]
  for (let { child } = chain(root, size, root); child !== undefined; { child } = chain(child, size, root)) {
    expect(chain(child, size, root).parent).toBe(passed.at(-1))
    passed.push(child)
  }
  expect(chain(root, size, root).parent).toBeUndefined()
  expect(passed).toEqual(below(size).map((relative) => (relative + root) % size))
})

describe.each(sizes)('of %i ranks', (size) => {
  const ranks = below(size)

  test('in the ring everyone has the next for right neighbour, and is its left one', () => {
    for (const rank of ranks) {
      expect(ring(rank, size).right).toBe((rank + 1) % size)
      expect(ring(ring(rank, size).right, size).left).toBe(rank)
    }
  })

  test('pairwise every two meet once, and nobody is told by two in a step', () => {
    const steps = ranks.slice(1)
    for (const rank of ranks) {
      const others = ranks.filter((other) => other !== rank)
      expect(steps.map((step) => pairwise(rank, size, step).to).sort((a, b) => a - b)).toEqual(others)
      for (const step of steps) expect(pairwise(pairwise(rank, size, step).to, size, step).from).toBe(rank)
    }
  })

  test('dissemination lets everyone hear from all in ⌈log₂ size⌉ steps', () => {
    const plans = ranks.map((rank) => dissemination(rank, size))
    let heard = ranks.map((rank) => new Set([rank]))
    for (const step of below(ceilLog2(size))) {
      heard = ranks.map((rank) => {
        const { from } = plans[rank][step]
        expect(plans[from][step].to).toBe(rank)
        return new Set([...heard[rank], ...heard[from]])
      })
    }
    expect(heard.map((set) => set.size)).toEqual(ranks.map(() => size))
    for (const plan of plans) expect(plan).toHaveLength(ceilLog2(size))
  })

  test('recursive doubling combines in the order of the ranks, in log₂ size steps or two more than ⌊log₂ size⌋', () => {
    const plans = ranks.map((rank) => recursiveDoubling(rank, size))
    const values = ranks.map((rank) => [rank])
    const latencies = ranks.map(() => 0)
    /** From one rank to another at the earliest. */
    const hop = (from: number, to: number): void => {
      latencies[to] = Math.max(latencies[to], latencies[from] + 1)
    }
    for (const [rank, { fold }] of plans.entries()) {
      if (fold === undefined || 'to' in fold) continue
      expect(plans[fold.from]).toEqual({ fold: { to: rank }, unfold: { from: rank }, partners: [] })
      expect(fold.from).toBeLessThan(rank)
      values[rank] = [...values[fold.from], ...values[rank]]
      hop(fold.from, rank)
    }
    for (const step of below(floorLog2(size))) {
      const [before, times] = [values.slice(), latencies.slice()]
      for (const [rank, { partners }] of plans.entries()) {
        if (partners.length === 0) continue
        const partner = partners[step]
        expect(plans[partner].partners[step]).toBe(rank)
        values[rank] = partner < rank ? [...before[partner], ...before[rank]] : [...before[rank], ...before[partner]]
        latencies[rank] = Math.max(times[rank], times[partner] + 1)
      }
    }
    for (const [rank, { unfold }] of plans.entries()) {
      if (unfold === undefined || 'from' in unfold) continue
      expect(plans[unfold.to].unfold).toEqual({ from: rank })
      values[unfold.to] = values[rank]
      hop(rank, unfold.to)
    }
    expect(values).toEqual(ranks.map(() => ranks))
    const longest = Math.max(...latencies)
    if (Number.isInteger(Math.log2(size))) expect(longest).toBe(Math.log2(size))
    else expect(longest).toBeLessThanOrEqual(floorLog2(size) + 2)
  })

  test('recursive halving reduces every block in the order of the ranks, and backwards gathers them', () => {
    const plans = ranks.map((rank) => recursiveHalving(rank, size))
    const { blocks } = plans[0]
    expect(blocks).toBe(2 ** floorLog2(size))
    /** Of every rank, of every block, whose values are in it. */
    const values = ranks.map((rank) => below(blocks).map(() => [rank]))
    for (const [rank, { fold }] of plans.entries()) {
      if (fold === undefined || 'to' in fold) continue
      expect(plans[fold.from].fold).toEqual({ to: rank })
      values[rank] = values[rank].map((value, block) => [...values[fold.from][block], ...value])
    }
    const taking = plans.flatMap(({ steps, block }, rank) => (block === undefined ? [] : [{ rank, steps, block }]))
    expect(taking).toHaveLength(blocks)
    const run = ([first, end]: Blocks): number[] => below(blocks).slice(first, end)
    for (const step of below(floorLog2(size))) {
      const before = structuredClone(values)
      for (const { rank, steps } of taking) {
        const { partner, keep, send } = steps[step]
        expect(plans[partner].steps[step]).toEqual({ partner: rank, keep: send, send: keep })
        for (const block of run(keep)) {
          const [own, theirs] = [before[rank][block], before[partner][block]]
          values[rank][block] = partner < rank ? [...theirs, ...own] : [...own, ...theirs]
        }
        for (const block of run(send)) values[rank][block] = []
      }
    }
    for (const { rank, steps, block } of taking) {
      expect(values[rank]).toEqual(below(blocks).map((other) => (other === block ? ranks : [])))
      expect(steps.reduce((sum, { send }) => sum + run(send).length, 0)).toBe(blocks - 1)
    }
    for (const step of below(floorLog2(size)).reverse()) {
      const before = structuredClone(values)
      for (const { rank, steps } of taking) {
        const { partner, keep, send } = steps[step]
        for (const block of run(keep)) expect(before[rank][block]).toEqual(ranks)
        for (const block of run(send)) values[rank][block] = before[partner][block]
      }
    }
    for (const { rank } of taking) expect(values[rank]).toEqual(below(blocks).map(() => ranks))
  })

  test('halving ends with the mirrored place, and nobody stands for a rank that is kept', () => {
    for (const kept of size < 18 ? [undefined, ...ranks] : [undefined, 0, 1]) {
      const stood: number[] = []
      for (const rank of ranks) {
        const { fold, block, blocks } = recursiveHalving(rank, size, kept)
        if (rank === kept) expect(fold === undefined || 'from' in fold).toBe(true)
        if (block === undefined) continue
        const place = mirrored(block, blocks)
        expect(mirrored(place, blocks)).toBe(block)
        expect(powerOfTwo(rank, size, kept).place).toBe(place)
        const [first, end] = standsFor(place, size)
        const run = ranks.slice(first, end)
        expect(run).toEqual(fold === undefined ? [rank] : [rank, 'from' in fold ? fold.from : rank].sort((a, b) => a - b))
        stood.push(...run)
      }
      expect(stood.sort((a, b) => a - b)).toEqual(ranks)
    }
  })

  test('after halving, the root gathers every block once, in log₂ size steps', () => {
    for (const root of size < 18 ? ranks : [0, 1, size - 1]) {
      const plans = ranks.map((rank) => ({ ...recursiveHalving(rank, size, root), gather: halvingGather(rank, size, root) }))
      const held = plans.map(({ block }) => new Set(block === undefined ? [] : [block]))
      for (const step of below(floorLog2(size))) {
        for (const [rank, { gather }] of plans.entries()) {
          const now = gather[step]
          if (now === undefined || 'to' in now) continue
          const given = plans[now.from].gather[step]
          expect(given).toEqual({ to: rank, blocks: now.blocks })
          for (const block of below(plans[rank].blocks).slice(...now.blocks)) {
            expect(held[now.from].has(block)).toBe(true)
            expect(held[rank].has(block)).toBe(false)
            held[rank].add(block)
          }
        }
      }
      expect(held[root].size).toBe(plans[root].blocks)
      expect(plans[root].gather).toHaveLength(floorLog2(size))
    }
  })

  test('prefix doubling lets every rank hear from all before it once, in ⌈log₂ size⌉ steps', () => {
    const plans = ranks.map((rank) => prefixDoubling(rank, size))
    let heard = ranks.map((rank) => [rank])
    for (const step of below(ceilLog2(size))) {
      heard = ranks.map((rank) => {
        const { from } = plans[rank][step]
        if (from === undefined) return heard[rank]
        expect(plans[from][step].to).toBe(rank)
        return [...heard[from], ...heard[rank]]
      })
    }
    expect(heard).toEqual(ranks.map((rank) => below(rank + 1)))
    for (const plan of plans) expect(plan).toHaveLength(ceilLog2(size))
  })

  test("Bruck's allgather brings everyone every block in ⌈log₂ size⌉ steps", () => {
    const plans = ranks.map((rank) => bruckAllgather(rank, size))
    const held = ranks.map((rank) => [rank])
    for (const step of below(ceilLog2(size))) {
      const before = structuredClone(held)
      for (const rank of ranks) {
        const { from, count } = plans[rank][step]
        expect(plans[from][step].to).toBe(rank)
        expect(plans[from][step].count).toBe(count)
        held[rank].push(...before[from].slice(0, count))
      }
    }
    for (const rank of ranks) expect(held[rank]).toEqual(ranks.map((j) => (rank + j) % size))
    for (const plan of plans) expect(plan).toHaveLength(ceilLog2(size))
  })

  test("Bruck's alltoall brings everyone its block from every other in ⌈log₂ size⌉ steps", () => {
    const plans = ranks.map((rank) => bruckAlltoall(rank, size))
    const held = ranks.map((rank) => ranks.map((j) => `from ${rank} to ${(rank + j) % size}`))
    for (const step of below(ceilLog2(size))) {
      const before = structuredClone(held)
      for (const rank of ranks) {
        const { from, places } = plans[rank][step]
        expect(plans[from][step].to).toBe(rank)
        expect(plans[from][step].places).toEqual(places)
        for (const place of places) held[rank][place] = before[from][place]
      }
    }
    for (const rank of ranks) expect(held[rank]).toEqual(ranks.map((j) => `from ${(rank - j + size) % size} to ${rank}`))
    for (const plan of plans) expect(plan).toHaveLength(ceilLog2(size))
  })
})

describe('ranks on several hosts', () => {
  const layouts = sizes
    .filter((size) => size > 2)
    .flatMap((size) => [
      ['two on each', below(size).map((rank) => rank >> 1)] as const,
      ['one apart', below(size).map((rank) => (rank === 0 ? 7 : 3))] as const,
      ['in turn', below(size).map((rank) => rank % 2)] as const
    ])

  test('are nothing to know of where all share one, or none does', () => {
    expect(hostsOf([4, 4, 4])).toBeUndefined()
    expect(hostsOf([2, 1, 0])).toBeUndefined()
    expect(hostsOf([0])).toBeUndefined()
  })

  test('are in order, and even, or not', () => {
    expect(hostsOf([5, 5, 3, 3])).toEqual({
      groups: [
        [0, 1],
        [2, 3]
      ],
      inOrder: true,
      even: true
    })
    expect(hostsOf([0, 0, 0, 1, 1, 1])).toMatchObject({ inOrder: true, even: false })
    expect(hostsOf([0, 0, 1, 1, 2])).toMatchObject({ inOrder: true, even: false })
    expect(hostsOf([0, 1, 0, 1])).toEqual({
      groups: [
        [0, 2],
        [1, 3]
      ],
      inOrder: false,
      even: false
    })
  })

  test.each(layouts)('%s, %j: a tree and a chain reach everyone once, and come to each host once', (_, numbers) => {
    const hosts = hostsOf(numbers)!
    const size = numbers.length
    for (const root of below(size)) {
      for (const way of [hostTree, hostChain]) {
        const branches = below(size).map((rank) => way(rank, hosts, root))
        const edges = branches.flatMap(({ children }, rank) => children.map((child) => [rank, child] as const))
        expect(edges.map(([, child]) => child).sort((a, b) => a - b)).toEqual(below(size).filter((rank) => rank !== root))
        for (const [parent, child] of edges) expect(branches[child]!.parent).toBe(parent)
        expect(edges.filter(([from, to]) => numbers[from] !== numbers[to])).toHaveLength(hosts.groups.length - 1)
      }
      for (const rank of below(size)) {
        const { leaders, members } = placeOf(rank, hosts, root)
        expect(leaders[0]).toBe(root)
        expect(leaders).toContain(members[0])
        expect(members).toContain(rank)
      }
    }
  })
})
