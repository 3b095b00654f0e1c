import { type BufferLike, datatypeOf } from '../../codec/datatype.js'
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
import { checkJoint, jointForm, type Runs } from '../algorithms/gathering.js'
import { ALL, neighborhoodOf, neighboringOf } from '../algorithms/neighboring.js'
import type { CallOptions } from '../call.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'

/** Which runs go to which dest and come from which source, and the stream of rounds. */
export interface NeighborAlltoallvOptions extends StreamOptions {
  /** How many elements each dest gets. */
  sendCounts: Integers
  /** Where the run for each dest begins, in elements. Default one behind the other. */
  sendDispls?: Integers | undefined
  /** How many elements come from each source. Those that are not given are found out. */
  recvCounts?: Integers | undefined
  /** Where the run from each source is to begin, in elements. Default one behind the other. */
  recvDispls?: Integers | undefined
}

/** @internal */
export function neighborAlltoallvOf<D, R>(ranks: Ranks, _options: PlanOptions): Definition<D, R> {
  const name = 'neighborAlltoallv'
  const { sources, dests } = neighborhoodOf(ranks, name)
  return neighboringOf(ranks, {
    name,
    checkOptions(options) {
      const { sendCounts, sendDispls } = options
      checkCounts(sendCounts, dests.length, 'sendCounts', 'dest')
      if (sendDispls !== undefined) checkCounts(sendDispls, dests.length, 'sendDispls', 'dest')
      checkJoint(received(options), sources.length, ['recvCounts', 'recvDispls'], 'source')
    },
    check(data, { sendCounts, sendDispls, recvCounts, recvDispls, into }) {
      checkBuffer(data)
      checkRuns(sendCounts!, sendDispls, lengthOf(data), ['sendCounts', 'sendDispls'], 'the data')
      const expected = recvCounts === undefined ? 0 : endOf(recvCounts, recvDispls ?? packed(recvCounts))
      if (into !== undefined) checkTarget(data, expected, into)
    },
    cut: (data, { sendCounts, sendDispls }) =>
      cut(data as BufferLike, sendCounts!, sendDispls).map((run) => Block.run(datatypeOf(data), run, ALL)),
    form: (data, options) => jointForm(data, received(options))
  })
}

const received = ({ recvCounts, recvDispls, into }: CallOptions): Runs => ({ counts: recvCounts, displs: recvDispls, into })
