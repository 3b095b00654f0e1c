import type { Dialect } from '../collective/call-registry.js'
import type { Definition, Make, PlanOptions } from '../collective/definition.js'
import { allgatherOf } from '../collective/definitions/allgather.js'
import { allgathervOf } from '../collective/definitions/allgatherv.js'
import { allreduceOf } from '../collective/definitions/allreduce.js'
import { alltoallOf } from '../collective/definitions/alltoall.js'
import { alltoallvOf } from '../collective/definitions/alltoallv.js'
import { bcastOf } from '../collective/definitions/bcast.js'
import { exscanOf } from '../collective/definitions/exscan.js'
import { gatherOf } from '../collective/definitions/gather.js'
import { gathervOf } from '../collective/definitions/gatherv.js'
import { neighborAllgatherOf } from '../collective/definitions/neighborAllgather.js'
import { neighborAllgathervOf } from '../collective/definitions/neighborAllgatherv.js'
import { neighborAlltoallOf } from '../collective/definitions/neighborAlltoall.js'
import { neighborAlltoallvOf } from '../collective/definitions/neighborAlltoallv.js'
import { reduceOf } from '../collective/definitions/reduce.js'
import { reduceScatterOf } from '../collective/definitions/reduceScatter.js'
import { scanOf } from '../collective/definitions/scan.js'
import { scatterOf } from '../collective/definitions/scatter.js'
import { scattervOf } from '../collective/definitions/scatterv.js'
import type { Root } from '../core/communicator-core.js'
import { shown } from '../diagnostics/arguments.js'
import { ArgumentError, RankError } from '../errors.js'
import type { AnyOp } from '../op/op.js'
import type { WholeCore } from './cores.js'
import { interAllgather, interAllgatherv, interAllreduce, interAlltoall, interAlltoallv, interReduceScatter } from './mutual.js'
import { interBcast, interGather, interGatherv, interReduce, interScatter, interScatterv } from './rooted.js'

type Inter = (core: WholeCore, options: PlanOptions, op?: AnyOp) => Definition<unknown, unknown>

const refused =
  (name: string, why: string): Inter =>
  () => {
    throw new ArgumentError(`${name}: ${why}; call it on a communicator of one group, such as merge() gives`)
  }

const ORDER = 'the ranks of two groups have no common order'
const TOPOLOGY = 'an intercommunicator has no topology'

/** What a collective is between two groups, by what it is within one. Those that are not listed are of all ranks of both. */
const collectives = new Map<unknown, Inter>([
  [bcastOf, interBcast],
  [scatterOf, interScatter],
  [scattervOf, interScatterv],
  [gatherOf, interGather],
  [gathervOf, interGatherv],
  [reduceOf, interReduce],
  [allgatherOf, interAllgather],
  [allgathervOf, interAllgatherv],
  [allreduceOf, interAllreduce],
  [alltoallOf, interAlltoall],
  [alltoallvOf, interAlltoallv],
  [reduceScatterOf, interReduceScatter],
  [scanOf, refused('scan', ORDER)],
  [exscanOf, refused('exscan', ORDER)],
  [neighborAllgatherOf, refused('neighborAllgather', TOPOLOGY)],
  [neighborAllgathervOf, refused('neighborAllgatherv', TOPOLOGY)],
  [neighborAlltoallOf, refused('neighborAlltoall', TOPOLOGY)],
  [neighborAlltoallvOf, refused('neighborAlltoallv', TOPOLOGY)]
])

/** The collectives of an intercommunicator. */
export function dialectOf(core: WholeCore): Dialect {
  return {
    makeOf<T, R>(make: Make<T, R>): Make<T, R> {
      const inter = collectives.get(make) as ((...given: Parameters<Inter>) => Definition<T, R>) | undefined
      return inter === undefined ? make : (_, options, op) => inter(core, options, op)
    },
    rootOf: (root) => (root === undefined ? undefined : rankOf(core, root))
  }
}

function rankOf({ local, remote }: WholeCore, root: Root): number {
  const isOwn = typeof root === 'object' && root !== null
  const group = isOwn ? local : remote
  const rank = isOwn ? root.local : root
  if (Number.isInteger(rank) && rank >= 0 && rank < group.length) return group[rank]!
  throw new RankError(
    `root: ${shown(root)} is no rank of the ${isOwn ? 'local' : 'remote'} group; expected an integer from 0 to ${group.length - 1}` +
      (isOwn ? '' : ', or { local: rank } where the root is of this group')
  )
}
