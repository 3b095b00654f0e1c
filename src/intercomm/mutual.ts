import { map, type Observable } from 'rxjs'
import { datatypeOf } from '../codec/datatype.js'
import { Accumulator } from '../collective/algorithms/accumulator.js'
import { allgatheringOf } from '../collective/algorithms/allgathering.js'
import { recursiveDoublingAllreduce } from '../collective/algorithms/allreduce.recursiveDoubling.js'
import { Block, partsOf } from '../collective/algorithms/block.js'
import { checkDivided } from '../collective/algorithms/checks.js'
import {
  checkBuffer,
  checkCounts,
  checkDisjoint,
  checkHeld,
  checkParts,
  checkRuns,
  type Integers,
  isBuffer,
  lengthOf,
  packed
} from '../collective/algorithms/counts-displs.js'
import { each } from '../collective/algorithms/each.js'
import { exchangeOf } from '../collective/algorithms/exchange.js'
import { checkJoint } from '../collective/algorithms/gathering.js'
import { checkPlace, checkReduced } from '../collective/algorithms/reduction.js'
import { limitOf } from '../collective/algorithms/threshold.js'
import type { CallOptions } from '../collective/call.js'
import { ABSENT, type Definition, type PlanOptions } from '../collective/definition.js'
import { allgathervOf } from '../collective/definitions/allgatherv.js'
import { allreduceOf } from '../collective/definitions/allreduce.js'
import { alltoallvOf } from '../collective/definitions/alltoallv.js'
import { checkSendable } from '../collective/given.js'
import type { Links } from '../collective/steps.js'
import { CountError } from '../errors.js'
import { type AnyOp, checkOp, checkOperand, isTypedArray, SUM } from '../op/op.js'
import { checkForAbsent, placed } from './checks.js'
import type { WholeCore } from './cores.js'
import { absent, both, FIRST_LANE, finished, plain, SECOND_LANE, type Way, wayOf } from './lanes.js'

/**
 * Collectives in which each group gets what the other gives: the same collective among the ranks of both, once for what one group gives and
 * once for what the other does, at the same time. Who gives nothing in one of them is absent from it.
 */

type Inner = Pick<Definition<never, unknown>, 'build'>

/** What this rank gets of what the other group gives. `optionsOf`: those of the call as they are among all ranks. */
function mutual(
  core: WholeCore,
  links: Links,
  inner: Inner,
  algorithm: string | undefined,
  optionsOf: (options: CallOptions) => CallOptions
): Way {
  const [own, theirs] = core.local[0] === 0 ? ([FIRST_LANE, SECOND_LANE] as const) : ([SECOND_LANE, FIRST_LANE] as const)
  const given = wayOf(links, core, core, own, inner, algorithm, plain)
  return both(given, wayOf(links, core, core, theirs, inner, algorithm, optionsOf), undefined, absent)
}

export function interAllgather(core: WholeCore, { algorithm }: PlanOptions): Definition<unknown, unknown> {
  const limit = limitOf(algorithm, 'bruck', 'ring')
  const details = { name: 'allgather', algorithm, limit, checkOptions: checkPlace, check: checkSendable }
  const form = (_: unknown, { into }: CallOptions) => (into === undefined ? undefined : { datatype: undefined, into, isEqual: true })
  const inner = allgatheringOf<never, unknown>(core, { ...details, form })
  return {
    ...details,
    check: checkGiven,
    build: (links) => (values) => mutual(core, links, inner, algorithm, same)(values).pipe(finished((all) => ofRemote(core, all)))
  }
}

export function interAllgatherv(core: WholeCore, { algorithm }: PlanOptions): Definition<unknown, unknown> {
  const size = core.remote.length
  const inner = allgathervOf<never, unknown>(core, { algorithm })
  const optionsOf = ({ counts, displs, into }: CallOptions): CallOptions => ({
    counts: amongAll(core, counts),
    displs: amongAll(core, displs),
    into
  })
  return {
    name: 'allgatherv',
    algorithm,
    checkOptions: (options) => checkJoint(options, size),
    check(data, { into }) {
      checkBuffer(data)
      if (into !== undefined) checkDisjoint(data, into)
    },
    build: (links) => mutual(core, links, inner, algorithm, optionsOf)
  }
}

export function interAllreduce(core: WholeCore, { algorithm }: PlanOptions, op: AnyOp = SUM): Definition<unknown, unknown> {
  checkForAbsent(algorithm)
  const inner = allreduceOf(core, { algorithm }, op)
  return {
    name: 'allreduce',
    op: op.name,
    algorithm,
    checkOptions: checkPlace,
    check: (data, { into }) => checkReduced(data, op, into),
    build: (links) => (values) =>
      mutual(core, links, inner, algorithm, plain)(values).pipe(finished((result) => placed(result, links.options.into)))
  }
}

/** What the other group gives is reduced, and divided among the ranks of this one. */
export function interReduceScatter(core: WholeCore, { algorithm }: PlanOptions, op: AnyOp = SUM): Definition<unknown, unknown> {
  checkOp(op)
  const whole = each(op)
  const [share, shares] = [core.numberOf(core.rank), core.local.length]
  const inner: Inner = {
    build: (lane) => (values: Observable<unknown>) =>
      values.pipe(
        map((data) => new Accumulator(data, op, { whole })),
        recursiveDoublingAllreduce(lane),
        lane.settled(),
        map((partial) => partial.result)
      )
  }
  return {
    name: 'reduceScatter',
    op: op.name,
    algorithm,
    checkOptions(options) {
      if (algorithm !== undefined) checkForAbsent('ring')
      if (options.counts !== undefined) checkCounts(options.counts, shares)
      checkPlace(options)
    },
    check(data, { counts }) {
      if (!isTypedArray(data) || counts === undefined) return checkDivided(data, op, core.remote.length, undefined, 0, undefined)
      checkOperand(op, data)
      checkSendable(data)
    },
    build: (links) => (values) =>
      mutual(
        core,
        links,
        inner,
        undefined,
        plain
      )(values).pipe(
        finished((result) => {
          const { counts, into } = links.options
          return placed(shareOf(result, share, shares, counts), into)
        })
      )
  }
}

function shareOf(result: unknown, share: number, shares: number, counts: Integers | undefined): unknown {
  if (!isTypedArray(result)) return (result as unknown[])[share]
  const runs = counts ?? new Array<number>(shares).fill(result.length / shares)
  const sum = Array.from(runs).reduce((a, b) => a + b, 0)
  if (sum !== result.length || !Number.isInteger(runs[share])) {
    throw new CountError(
      `${counts === undefined ? 'data' : 'counts'}: the ${result.length} elements that the remote group gives are not divided among ` +
        `${shares} ranks by that; give counts that add up to as many`
    )
  }
  const first = packed(runs)[share]!
  return result.slice(first, first + runs[share]!)
}

export function interAlltoall(core: WholeCore, { algorithm }: PlanOptions): Definition<unknown, unknown> {
  const limit = limitOf(algorithm, 'bruck', 'pairwise')
  const size = core.remote.length
  const check = (data: unknown, { into }: CallOptions): void => {
    checkParts(data, size)
    checkGiven(data, { into })
  }
  const inner = exchangeOf<unknown, unknown>(core, {
    name: 'alltoall',
    algorithm,
    limit,
    checkOptions: checkPlace,
    check,
    cut: (data) => blocksAmongAll(core, partsOf(data, size, limit)),
    form: (data, { into }) => (isBuffer(data) ? { datatype: datatypeOf(data), into, isEqual: true } : undefined)
  })
  return {
    ...inner,
    build: (links, chosen) => {
      const way = inner.build(links, chosen)
      return (values) => way(values).pipe(finished((all) => ofRemote(core, all)))
    }
  }
}

export function interAlltoallv(core: WholeCore, { algorithm }: PlanOptions): Definition<unknown, unknown> {
  const size = core.remote.length
  const inner = alltoallvOf<never, unknown>(core, { algorithm })
  const optionsOf = ({ sendCounts, sendDispls, recvCounts, recvDispls, into }: CallOptions): CallOptions => ({
    sendCounts: amongAll(core, sendCounts),
    sendDispls: amongAll(core, sendDispls),
    recvCounts: amongAll(core, recvCounts),
    recvDispls: amongAll(core, recvDispls),
    into
  })
  return {
    name: 'alltoallv',
    algorithm,
    checkOptions({ sendCounts, sendDispls, recvCounts, recvDispls, into }) {
      checkCounts(sendCounts, size, 'sendCounts')
      if (sendDispls !== undefined) checkCounts(sendDispls, size, 'sendDispls')
      checkJoint({ counts: recvCounts, displs: recvDispls, into }, size, ['recvCounts', 'recvDispls'])
    },
    check(data, { sendCounts, sendDispls, into }) {
      checkBuffer(data)
      checkRuns(sendCounts!, sendDispls, lengthOf(data), ['sendCounts', 'sendDispls'], 'the data')
      if (into !== undefined) checkDisjoint(data, into)
    },
    build: (links) => wayOf(links, core, core, FIRST_LANE, inner, algorithm, optionsOf)
  }
}

const same = (options: CallOptions): CallOptions => options

function checkGiven(data: unknown, { into }: CallOptions): void {
  checkSendable(data)
  if (into === undefined) return
  checkHeld(data, into)
  checkDisjoint(data, into)
}

/** Of an array with a value of every rank those of the remote group; a buffer has no others. */
const ofRemote = ({ remote }: WholeCore, all: unknown): unknown => (Array.isArray(all) ? remote.map((rank) => all[rank]) : all)

/** A list for the ranks of the remote group as one for all. */
function amongAll({ size, remote }: WholeCore, list: Integers | undefined): Integers | undefined {
  if (list === undefined) return undefined
  const all = new Array<number>(size).fill(0)
  for (let k = 0; k < remote.length; k++) all[remote[k]!] = list[k]!
  return all
}

function blocksAmongAll({ size, remote }: WholeCore, blocks: readonly Block[]): Block[] {
  const all = Array.from({ length: size }, () => Block.of(ABSENT, Number.POSITIVE_INFINITY))
  for (const [k, block] of blocks.entries()) all[remote[k]!] = block
  return all
}
