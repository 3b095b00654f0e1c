import { map } from 'rxjs'
import { type BufferLike, datatypeOf } from '../../codec/datatype.js'
import { checkInto, checkRoot } from '../../diagnostics/arguments.js'
import { CountError } from '../../errors.js'
import type { CallOptions } from '../call.js'
import type { Ranks } from '../definition.js'
import { ABSENT, type Definition, NOTHING } from '../definition.js'
import { Block } from './block.js'
import { Collection, type Form } from './collection.js'
import {
  checkApart,
  checkBuffer,
  checkCounts,
  checkHeld,
  checkNoGaps,
  checkTarget,
  endOf,
  type Integers,
  lengthOf,
  packed
} from './counts-displs.js'
import { eagerAndBulk } from './eager-and-bulk.js'
import { binomialGather } from './gather.binomial.js'
import { linearGather } from './gather.linear.js'

interface Gathering<T> {
  readonly name: string
  readonly root: number
  readonly algorithm: string | undefined
  readonly limit: number
  readonly checkOptions: (options: CallOptions) => void
  readonly check: (data: T, options: CallOptions) => void
  /** How the root wants the blocks of a round; `undefined` as values. */
  readonly form: (data: T, options: CallOptions) => Form | undefined
}

/** What `gather` and `gatherv` have in common: the blocks come together at the root. */
export function gatheringOf<T, R>(
  comm: Ranks,
  { name, root, algorithm, limit, checkOptions, check, form }: Gathering<T>
): Definition<T, R> {
  checkRoot(root, comm.size)
  const atRoot = comm.rank === root
  const others = Array.from({ length: comm.size - 1 }, (_, k) => (root + k + 1) % comm.size)
  return {
    name,
    root,
    algorithm,
    ahead: true,
    meetsAll: atRoot,
    checkOptions,
    check,
    build: (links) => (values) =>
      values.pipe(
        map((data) => new Collection([Block.of(data, limit)], comm, limit, atRoot ? form(data, links.options) : undefined)),
        eagerAndBulk(links, {
          foreseen: (unit) => !atRoot || unit.foreseen,
          know: (unit) => !atRoot || unit.know(),
          isParted: (unit) => (atRoot ? others.some((rank) => unit.comesApart(rank)) : unit.given[0]!.apart),
          bundles: binomialGather(links, root),
          apart: (aside) => linearGather(aside, root)
        }),
        links.settled(),
        map((unit) => (atRoot ? (unit.result as R) : NOTHING))
      )
  }
}

/** As many elements of every rank, joined in `into`. */
export function equalForm(data: unknown, size: number, into: BufferLike): Form {
  const length = lengthOf(data as BufferLike)
  return { datatype: datatypeOf(data), counts: new Array<number>(size).fill(length), into }
}

/** What is wrong with data that is to be joined with that of other ranks, as much of each, in `into`. */
export function checkEqual(data: unknown, size: number, into: BufferLike): void {
  checkHeld(data, into)
  checkTarget(data, lengthOf(data) * size, into)
}

export interface Runs {
  readonly counts?: Integers | undefined
  readonly displs?: Integers | undefined
  readonly into?: BufferLike | undefined
}

/** What is wrong with how the runs of all ranks are to be joined. */
export function checkJoint(
  { counts, displs, into }: Runs,
  size: number,
  names: readonly [string, string] = ['counts', 'displs'],
  each = 'rank'
): void {
  if (into !== undefined) checkInto(into)
  if (counts !== undefined) checkCounts(counts, size, names[0], each)
  if (displs !== undefined) checkCounts(displs, size, names[1], each)
  if (counts === undefined || displs === undefined) return
  checkApart(counts, displs, names[1])
  if (into === undefined) checkNoGaps(counts, displs, names[1])
}

/** What is wrong with a rank's own run among those that are to be joined. */
export function checkJoined(data: unknown, { counts, displs, into }: Runs, rank: number): void {
  checkBuffer(data)
  const length = lengthOf(data)
  if (counts !== undefined && counts[rank] !== length) {
    throw new CountError(`counts: ${counts[rank]} elements are expected of rank ${rank}, but the data has ${length}`)
  }
  if (into !== undefined) checkTarget(data, counts === undefined ? length : endOf(counts, displs ?? packed(counts)), into)
}

export const jointForm = (data: unknown, runs: Runs): Form => ({ ...runs, datatype: data === ABSENT ? undefined : datatypeOf(data) })
