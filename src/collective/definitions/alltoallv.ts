import { type BufferLike, datatypeOf } from '../../codec/datatype.js'
import { CountError } from '../../errors.js'
import { Block } from '../algorithms/block.js'
import {
  checkBuffer,
  checkCounts,
  checkRuns,
  checkTarget,
  cut,
  endOf,
  type Integers,
  lengthOf,
  packed
} from '../algorithms/counts-displs.js'
import { exchangeOf } from '../algorithms/exchange.js'
import { checkJoint, jointForm, type Runs } from '../algorithms/gathering.js'
import { limitOf } from '../algorithms/threshold.js'
import type { CallOptions } from '../call.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'

/** Which runs go to which rank and come from it, and the stream of rounds. */
export interface AlltoallvOptions extends StreamOptions {
  /** How many elements each rank gets. */
  sendCounts: Integers
  /** Where the run for each rank begins, in elements. Default one behind the other. */
  sendDispls?: Integers | undefined
  /** How many elements come from each rank. Those that are not given are found out first. */
  recvCounts?: Integers | undefined
  /** Where the run from each rank is to begin, in elements. Default one behind the other. */
  recvDispls?: Integers | undefined
  /** For experts: 'bruck' all in bundles, 'pairwise' all straight. By default large runs go straight, others in bundles. */
  algorithm?: 'bruck' | 'pairwise'
}

/** @internal */
export function alltoallvOf<D, R>(comm: Ranks, { algorithm }: PlanOptions): Definition<D, R> {
  const { rank, size } = comm
  const limit = limitOf(algorithm, 'bruck', 'pairwise')
  return exchangeOf(comm, {
    name: 'alltoallv',
    algorithm,
    limit,
    checkOptions(options) {
      const { sendCounts, sendDispls, recvCounts } = options
      checkCounts(sendCounts, size, 'sendCounts')
      if (sendDispls !== undefined) checkCounts(sendDispls, size, 'sendDispls')
      checkJoint(received(options), size, ['recvCounts', 'recvDispls'])
      if (recvCounts === undefined || recvCounts[rank] === sendCounts[rank]) return
      throw new CountError(
        `recvCounts: ${recvCounts[rank]} elements are expected of rank ${rank}, which is this one, but sendCounts gives it ${sendCounts[rank]}`
      )
    },
    check(data, { sendCounts, sendDispls, recvCounts, recvDispls, into }) {
      checkBuffer(data)
      checkRuns(sendCounts!, sendDispls, lengthOf(data), ['sendCounts', 'sendDispls'], 'the data')
      const expected = recvCounts === undefined ? sendCounts![rank]! : endOf(recvCounts, recvDispls ?? packed(recvCounts))
      if (into !== undefined) checkTarget(data, expected, into)
    },
    cut: (data, { sendCounts, sendDispls }) =>
      cut(data as BufferLike, sendCounts!, sendDispls).map((run) => Block.run(datatypeOf(data), run, limit)),
    form: (data, options) => jointForm(data, received(options))
  })
}

const received = ({ recvCounts, recvDispls, into }: CallOptions): Runs => ({ counts: recvCounts, displs: recvDispls, into })
