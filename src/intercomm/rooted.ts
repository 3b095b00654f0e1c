import { map, type OperatorFunction } from 'rxjs'
import { Block, partsOf } from '../collective/algorithms/block.js'
import { checkBuffer, checkCounts, checkParts, checkRuns, type Integers } from '../collective/algorithms/counts-displs.js'
import { checkJoint, gatheringOf } from '../collective/algorithms/gathering.js'
import { checkPlace, checkReduced } from '../collective/algorithms/reduction.js'
import { scatteringOf } from '../collective/algorithms/scattering.js'
import { limitOf } from '../collective/algorithms/threshold.js'
import type { CallOptions } from '../collective/call.js'
import { type Definition, NOTHING, type PlanOptions, type Ranks } from '../collective/definition.js'
import { bcastOf } from '../collective/definitions/bcast.js'
import { gathervOf } from '../collective/definitions/gatherv.js'
import { reduceOf } from '../collective/definitions/reduce.js'
import { scattervOf } from '../collective/definitions/scatterv.js'
import { checkSendable } from '../collective/given.js'
import { type AnyOp, SUM } from '../op/op.js'
import { checkForAbsent, placed } from './checks.js'
import type { WholeCore } from './cores.js'
import { absent, among, both, FIRST_LANE, finished, plain, SECOND_LANE, type Way, wayOf } from './lanes.js'

/**
 * Collectives between a root and the other group: what goes between it and them is the same collective among these ranks alone, in which
 * the root comes first and has no part of its own.
 */

/** What a rooted collective is made of. */
interface Rooted {
  readonly core: WholeCore
  readonly root: number
  readonly algorithm: string | undefined
  /** The ranks of the group that is not the root's. */
  readonly others: readonly number[]
  readonly atRoot: boolean
}

function rooted(core: WholeCore, { root = core.remote[0]!, algorithm }: PlanOptions): Rooted {
  const others = core.isRemote(root) ? core.local : core.remote
  return { core, root, algorithm, others, atRoot: core.rank === root }
}

/** From the root to the other group. The rest of its own hears only how many rounds there are. */
function outward(
  { core, root, algorithm, others, atRoot }: Rooted,
  name: string,
  inner: (ranks: Ranks) => Pick<Definition<never, unknown>, 'build'>,
  optionsOf: (options: CallOptions) => CallOptions
): Pick<Definition<unknown, unknown>, 'name' | 'root' | 'algorithm' | 'giver' | 'ahead' | 'build'> {
  const peers = among(core, [root, ...others])
  const collective = peers.rank < 0 ? undefined : inner(peers)
  const own = others === core.local ? core.remote : core.local
  const group = among(core, [root, ...own.filter((rank) => rank !== root)])
  const rounds = group.rank < 0 ? undefined : bcastOf<unknown>(group, { root: 0 })
  return {
    name,
    root,
    algorithm,
    giver: root,
    ahead: true,
    build: (links) => {
      if (collective !== undefined && !atRoot) return wayOf(links, core, peers, FIRST_LANE, collective, algorithm, same)
      const tokens = wayOf(links, core, group, SECOND_LANE, rounds!, undefined, plain)
      if (collective === undefined) return withoutResult(tokens)
      return withoutResult(both(wayOf(links, core, peers, FIRST_LANE, collective, algorithm, optionsOf), tokens, undefined, nothing))
    }
  }
}

/** From the other group to the root. */
function inward(
  { core, root, algorithm, others, atRoot }: Rooted,
  name: string,
  inner: (ranks: Ranks) => Pick<Definition<never, unknown>, 'build'>,
  optionsOf: (options: CallOptions) => CallOptions,
  finish: (result: unknown, options: CallOptions) => unknown
): Pick<Definition<unknown, unknown>, 'name' | 'root' | 'algorithm' | 'givers' | 'ahead' | 'meetsAll' | 'build'> {
  const peers = among(core, [root, ...others])
  const collective = peers.rank < 0 ? undefined : inner(peers)
  return {
    name,
    root,
    algorithm,
    givers: others,
    ahead: true,
    meetsAll: atRoot,
    build: (links) => {
      if (collective === undefined) return map(() => NOTHING)
      const way = wayOf(links, core, peers, FIRST_LANE, collective, algorithm, atRoot ? optionsOf : plain)
      if (!atRoot) return way
      return (values) => way(values.pipe(map(absent))).pipe(finished((result) => finish(result, links.options)))
    }
  }
}

export function interBcast(core: WholeCore, options: PlanOptions): Definition<unknown, unknown> {
  const parts = rooted(core, options)
  return {
    ...outward(parts, 'bcast', (ranks) => bcastOf(ranks, { root: 0, algorithm: parts.algorithm }), plain),
    checkOptions: checkPlace,
    check: checkSendable
  }
}

export function interScatter(core: WholeCore, options: PlanOptions): Definition<unknown, unknown> {
  const parts = rooted(core, options)
  const { algorithm, others } = parts
  const limit = limitOf(algorithm, 'binomial', 'linear')
  const check = (data: unknown): void => checkParts(data, others.length)
  const cut = (data: unknown): Block[] => [Block.of(undefined, Number.POSITIVE_INFINITY), ...partsOf(data, others.length, limit)]
  return {
    ...outward(parts, 'scatter', (ranks) => scatteringOf(ranks, { name: 'scatter', root: 0, algorithm, check, cut }), plain),
    checkOptions: checkPlace,
    check
  }
}

export function interScatterv(core: WholeCore, options: PlanOptions): Definition<unknown, unknown> {
  const parts = rooted(core, options)
  const { algorithm, others, atRoot } = parts
  const size = others.length
  return {
    ...outward(parts, 'scatterv', (ranks) => scattervOf(ranks, { root: 0, algorithm }), behindRoot),
    checkOptions(given) {
      checkPlace(given)
      if (!atRoot) return
      checkCounts(given.counts, size)
      if (given.displs !== undefined) checkCounts(given.displs, size, 'displs')
    },
    check(data, { counts, displs }) {
      checkBuffer(data)
      checkRuns(counts!, displs, data.byteLength / elementBytes(data), ['counts', 'displs'], 'the data')
    }
  }
}

export function interGather(core: WholeCore, options: PlanOptions): Definition<unknown, unknown> {
  const parts = rooted(core, options)
  const { algorithm, atRoot } = parts
  const limit = limitOf(algorithm, 'binomial', 'linear')
  const details = { name: 'gather', root: 0, algorithm, limit, checkOptions: noCheck, check: checkSendable }
  const form = (_: unknown, { into }: CallOptions) => (into === undefined ? undefined : { datatype: undefined, into, isEqual: true })
  return {
    ...inward(parts, 'gather', (ranks) => gatheringOf(ranks, { ...details, form }), same, withoutRoot),
    checkOptions: (given) => atRoot && checkPlace(given),
    check: checkSendable
  }
}

export function interGatherv(core: WholeCore, options: PlanOptions): Definition<unknown, unknown> {
  const parts = rooted(core, options)
  const { algorithm, others, atRoot } = parts
  return {
    ...inward(
      parts,
      'gatherv',
      (ranks) => gathervOf(ranks, { root: 0, algorithm }),
      behindRoot,
      (result) => result
    ),
    checkOptions: (given) => atRoot && checkJoint(given, others.length),
    check: checkBuffer
  }
}

export function interReduce(core: WholeCore, options: PlanOptions, op: AnyOp = SUM): Definition<unknown, unknown> {
  const parts = rooted(core, options)
  const { algorithm, atRoot } = parts
  checkForAbsent(algorithm)
  const finish = (result: unknown, { into }: CallOptions): unknown => placed(result, into)
  return {
    ...inward(parts, 'reduce', (ranks) => reduceOf(ranks, { root: 0, algorithm }, op), plain, finish),
    op: op.name,
    checkOptions: (given) => atRoot && checkPlace(given),
    check: (data) => checkReduced(data, op, undefined)
  }
}

const same = (options: CallOptions): CallOptions => options
const noCheck = (): void => undefined
const nothing = (): undefined => undefined
const elementBytes = (data: ArrayBufferView | ArrayBufferLike): number => ('BYTES_PER_ELEMENT' in data ? Number(data.BYTES_PER_ELEMENT) : 1)

const withoutResult =
  (way: Way): OperatorFunction<unknown, typeof NOTHING> =>
  (values) =>
    way(values).pipe(map(() => NOTHING))

/** Counts and displacements as they are where the root is the first, and has no part of its own. */
const behindRoot = ({ counts, displs, into }: CallOptions): CallOptions => ({ counts: shifted(counts), displs: shifted(displs), into })
const shifted = (list: Integers | undefined): Integers | undefined => list && [0, ...Array.from(list)]

/** What has come of each rank: as values without what the root has not given. */
const withoutRoot = (result: unknown): unknown => (Array.isArray(result) ? result.slice(1) : result)
