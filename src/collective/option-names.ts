import type { AnyNames, OptionNames } from '../diagnostics/option-names.js'
import type { StreamOptions } from './definition.js'
import type { AllgatherOptions } from './definitions/allgather.js'
import type { AllgathervOptions } from './definitions/allgatherv.js'
import type { AllreduceOptions } from './definitions/allreduce.js'
import type { AlltoallOptions } from './definitions/alltoall.js'
import type { AlltoallvOptions } from './definitions/alltoallv.js'
import type { BcastOptions } from './definitions/bcast.js'
import type { GatherOptions } from './definitions/gather.js'
import type { GathervOptions } from './definitions/gatherv.js'
import type { NeighborAllgathervOptions } from './definitions/neighborAllgatherv.js'
import type { NeighborAlltoallvOptions } from './definitions/neighborAlltoallv.js'
import type { ReduceOptions } from './definitions/reduce.js'
import type { ReduceScatterOptions } from './definitions/reduceScatter.js'
import type { ScatterOptions } from './definitions/scatter.js'
import type { ScattervOptions } from './definitions/scatterv.js'
import type { Into } from './views.js'

type Names<T> = OptionNames<T & Into>

const STREAM: OptionNames<StreamOptions> = { ragged: true, window: true, signal: true }
const PLACED: Names<StreamOptions> = { ...STREAM, into: true }

/** The options of each collective, in all its forms; of their `into` the operators say themselves that they have none. */
const NAMES = new Map<string, AnyNames>(
  Object.entries({
    barrier: STREAM,
    bcast: { ...PLACED, root: true, algorithm: true } satisfies Names<BcastOptions>,
    scatter: { ...PLACED, root: true, algorithm: true } satisfies Names<ScatterOptions>,
    scatterv: { ...PLACED, root: true, counts: true, displs: true, algorithm: true } satisfies Names<ScattervOptions>,
    gather: { ...PLACED, root: true, algorithm: true } satisfies Names<GatherOptions>,
    gatherv: { ...PLACED, root: true, counts: true, displs: true, algorithm: true } satisfies Names<GathervOptions>,
    allgather: { ...PLACED, algorithm: true } satisfies Names<AllgatherOptions>,
    allgatherv: { ...PLACED, counts: true, displs: true, algorithm: true } satisfies Names<AllgathervOptions>,
    alltoall: { ...PLACED, algorithm: true } satisfies Names<AlltoallOptions>,
    alltoallv: {
      ...PLACED,
      sendCounts: true,
      sendDispls: true,
      recvCounts: true,
      recvDispls: true,
      algorithm: true
    } satisfies Names<AlltoallvOptions>,
    reduce: { ...PLACED, root: true, algorithm: true } satisfies Names<ReduceOptions>,
    allreduce: { ...PLACED, algorithm: true } satisfies Names<AllreduceOptions>,
    scan: PLACED,
    exscan: PLACED,
    reduceScatter: { ...PLACED, counts: true, algorithm: true } satisfies Names<ReduceScatterOptions>,
    neighborAllgather: PLACED,
    neighborAllgatherv: { ...PLACED, counts: true, displs: true } satisfies Names<NeighborAllgathervOptions>,
    neighborAlltoall: PLACED,
    neighborAlltoallv: {
      ...PLACED,
      sendCounts: true,
      sendDispls: true,
      recvCounts: true,
      recvDispls: true
    } satisfies Names<NeighborAlltoallvOptions>
  })
)

const ANY: AnyNames = Object.assign({}, ...NAMES.values())

/** What the library calls under another name may have any: what its user has given it has checked by itself. */
export const optionNamesOf = (collective: string): AnyNames => NAMES.get(collective) ?? ANY
