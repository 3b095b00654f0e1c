import type { BufferLike } from '../codec/datatype.js'
import { NO_OPTIONS } from '../collective/call.js'
import { type AllgatherOptions, allgatherOf } from '../collective/definitions/allgather.js'
import { type AllgathervOptions, allgathervOf } from '../collective/definitions/allgatherv.js'
import { type AllreduceOptions, allreduceOf } from '../collective/definitions/allreduce.js'
import { type AlltoallOptions, alltoallOf } from '../collective/definitions/alltoall.js'
import { type AlltoallvOptions, alltoallvOf } from '../collective/definitions/alltoallv.js'
import { barrierOf } from '../collective/definitions/barrier.js'
import { type BcastOptions, bcastOf } from '../collective/definitions/bcast.js'
import { exscanOf } from '../collective/definitions/exscan.js'
import { type GatherOptions, gatherOf } from '../collective/definitions/gather.js'
import { type GathervOptions, gathervOf } from '../collective/definitions/gatherv.js'
import { neighborAllgatherOf } from '../collective/definitions/neighborAllgather.js'
import { type NeighborAllgathervOptions, neighborAllgathervOf } from '../collective/definitions/neighborAllgatherv.js'
import { neighborAlltoallOf } from '../collective/definitions/neighborAlltoall.js'
import { type NeighborAlltoallvOptions, neighborAlltoallvOf } from '../collective/definitions/neighborAlltoallv.js'
import { type ReduceOptions, reduceOf } from '../collective/definitions/reduce.js'
import { type ReduceScatterOptions, reduceScatterOf } from '../collective/definitions/reduceScatter.js'
import { scanOf } from '../collective/definitions/scan.js'
import { type ScatterOptions, scatterOf } from '../collective/definitions/scatter.js'
import { type ScattervOptions, scattervOf } from '../collective/definitions/scatterv.js'
import { PersistentCollective } from '../collective/persistent.js'
import type { Into, Views } from '../collective/views.js'
import { type AnyOp, SUM } from '../op/op.js'
import type { From, Target, To } from '../request/options.js'
import { type PartitionedFrom, PartitionedReceive } from '../request/partitioned/receive.js'
import { PartitionedSend, type PartitionedTo } from '../request/partitioned/send.js'
import type { Persistent } from '../request/persistent.js'
import { made, recvInit, sendInit } from '../request/persistent-message.js'
import type { Signalled } from './collectives.js'
import { NeighborCollectives } from './neighbor-collectives.js'

/** Memory that a persistent call works on at each start: a buffer, a view, records, or an array of such, one for each rank. */
export type Kept = BufferLike | Views

/**
 * Calls that are made once and started again and again, on memory that stays where it is. A bad argument is thrown, for there is no request
 * yet. MPI 4.1 §3.9, §6.13.
 */
export abstract class PersistentCalls extends NeighborCollectives {
  /**
   * As `send`, made once: each start sends what the memory then holds.
   *
   *     ticks     -a---b---|
   *     start()   -(u|)         -(u|)
   *
   * Errors, thrown: RankError, TagError, ArgumentError; DatatypeError for what has no memory of its own. Each start fails as `send` does.
   * MPI: MPI_Send_init; mpi4py: comm.Send_init.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, Persistent } from 'rxmpi'
   *
   * const [own, theirs] = [new Float64Array(1), new Float64Array(1)]
   * const peer = 1 - comm.rank
   * const exchange = [comm.recvInit({ source: peer, into: theirs }), comm.sendInit(own, { dest: peer })]
   * for (own[0] = comm.rank; own[0] < 4; own[0] += 2) {
   *   await Promise.all(Persistent.startAll(exchange).map((request) => request.wait()))
   *   console.log(theirs[0]) // [0] 1 [0] 3 [1] 0 [1] 2
   * }
   * ```
   */
  sendInit(data: Target, to: To): Persistent<void> {
    return sendInit(this.core, data, to, false)
  }

  /** As `ssend`, made once. MPI: MPI_Ssend_init; mpi4py: comm.Ssend_init. */
  ssendInit(data: Target, to: To): Persistent<void> {
    return sendInit(this.core, data, to, true)
  }

  /**
   * As `recv` with `into`, made once: each start receives one message. Errors, thrown: those of `recv` at the call; DatatypeError without
   * `into`. Each start fails as `recv` does. MPI: MPI_Recv_init; mpi4py: comm.Recv_init.
   */
  recvInit<B extends Target>(from: From & { into: B }): Persistent<B> {
    return recvInit<B>(this.core, from)
  }

  /**
   * A send whose data goes part by part, as it is said to be ready; made once. It meets the `precvInit` of the receiver that was made as
   * the same in order, of those for this rank and tag. A start is complete when all is ready and out, which it is not before the receiver
   * has started.
   *
   *     start()                    ----------(u|)
   *     ready(1), ready(0)         --1-----0
   *     inn.arrivals over there    ----1-----(0|)
   *
   * Errors, thrown: RankError, TagError, ArgumentError; CountError where the elements cannot be cut evenly; DatatypeError for what has no
   * memory of its own. A start fails with CountError or DatatypeError at both ends where these have not as many of the same elements;
   * RankFailedError; AbortError. MPI: MPI_Psend_init, MPI 4.1 §4.2; mpi4py: comm.Psend_init.
   */
  psendInit(data: Target, to: PartitionedTo): PartitionedSend {
    return made(this.core, (site) => new PartitionedSend(this.core, data, to, site))
  }

  /**
   * A receive that tells which parts have come; made once. Errors: as `psendInit`; RankError for ANY_SOURCE, TagError for ANY_TAG. A start
   * fails with a RemoteError when the sender has given up its own. MPI: MPI_Precv_init, MPI 4.1 §4.2; mpi4py: comm.Precv_init.
   */
  precvInit<B extends Target>(from: PartitionedFrom<B>): PartitionedReceive<B> {
    return made(this.core, (site) => new PartitionedReceive<B>(this.core, from, site))
  }

  /** As `barrier`, made once. MPI: MPI_Barrier_init; mpi4py: comm.Barrier_init. */
  barrierInit(options: Signalled = NO_OPTIONS): Persistent<void> {
    return made(this.core, (site) => new PersistentCollective<void>(this, 'barrier', barrierOf, undefined, options, undefined, site))
  }

  /** As `bcast`, made once. MPI: MPI_Bcast_init; mpi4py: comm.Bcast_init. */
  bcastInit<B extends Target>(data: Kept | undefined, options: BcastOptions & { into: B }): Persistent<B>
  bcastInit<R = unknown>(data: Kept | undefined, options?: BcastOptions & Into): Persistent<R>
  bcastInit(data: unknown, options: BcastOptions & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'bcast', bcastOf, data, options, undefined, site))
  }

  /** As `scatter`, made once. MPI: MPI_Scatter_init; mpi4py: comm.Scatter_init. */
  scatterInit<B extends Target | readonly Target[]>(data: Kept | undefined, options: ScatterOptions & { into: B }): Persistent<B>
  scatterInit<R = unknown>(data: Kept | undefined, options?: ScatterOptions & Into): Persistent<R>
  scatterInit(data: unknown, options: ScatterOptions & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'scatter', scatterOf, data, options, undefined, site))
  }

  /** As `scatterv`, made once. MPI: MPI_Scatterv_init; mpi4py: comm.Scatterv_init. */
  scattervInit<B extends Target | readonly Target[]>(data: Kept | undefined, options: ScattervOptions & { into: B }): Persistent<B>
  scattervInit<R = unknown>(data: Kept | undefined, options: ScattervOptions & Into): Persistent<R>
  scattervInit(data: unknown, options: ScattervOptions & Into): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'scatterv', scattervOf, data, options, undefined, site))
  }

  /** As `gather`, made once. MPI: MPI_Gather_init; mpi4py: comm.Gather_init. */
  gatherInit<B extends Target | readonly Target[]>(data: Kept, options: GatherOptions & { into: B }): Persistent<B | undefined>
  gatherInit<R = unknown>(data: Kept, options?: GatherOptions & Into): Persistent<R | undefined>
  gatherInit(data: unknown, options: GatherOptions & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'gather', gatherOf, data, options, undefined, site))
  }

  /** As `gatherv`, made once. MPI: MPI_Gatherv_init; mpi4py: comm.Gatherv_init. */
  gathervInit<B extends Target | readonly Target[]>(data: Kept, options: GathervOptions & { into: B }): Persistent<B | undefined>
  gathervInit<R = unknown>(data: Kept, options?: GathervOptions & Into): Persistent<R | undefined>
  gathervInit(data: unknown, options: GathervOptions & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'gatherv', gathervOf, data, options, undefined, site))
  }

  /** As `allgather`, made once. MPI: MPI_Allgather_init; mpi4py: comm.Allgather_init. */
  allgatherInit<B extends Target | readonly Target[]>(data: Kept, options: AllgatherOptions & { into: B }): Persistent<B>
  allgatherInit<R = unknown>(data: Kept, options?: AllgatherOptions & Into): Persistent<R>
  allgatherInit(data: unknown, options: AllgatherOptions & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'allgather', allgatherOf, data, options, undefined, site))
  }

  /** As `allgatherv`, made once. MPI: MPI_Allgatherv_init; mpi4py: comm.Allgatherv_init. */
  allgathervInit<B extends Target | readonly Target[]>(data: Kept, options: AllgathervOptions & { into: B }): Persistent<B>
  allgathervInit<R = unknown>(data: Kept, options?: AllgathervOptions & Into): Persistent<R>
  allgathervInit(data: unknown, options: AllgathervOptions & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'allgatherv', allgathervOf, data, options, undefined, site))
  }

  /**
   * As `alltoall`, made once; arrays of views as data and `into` are MPI_Alltoallw_init. MPI: MPI_Alltoall_init; mpi4py:
   * comm.Alltoall_init, comm.Alltoallw_init.
   */
  alltoallInit<B extends Target | readonly Target[]>(data: Kept, options: AlltoallOptions & { into: B }): Persistent<B>
  alltoallInit<R = unknown>(data: Kept, options?: AlltoallOptions & Into): Persistent<R>
  alltoallInit(data: unknown, options: AlltoallOptions & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'alltoall', alltoallOf, data, options, undefined, site))
  }

  /** As `alltoallv`, made once. MPI: MPI_Alltoallv_init; mpi4py: comm.Alltoallv_init. */
  alltoallvInit<B extends Target | readonly Target[]>(data: Kept, options: AlltoallvOptions & { into: B }): Persistent<B>
  alltoallvInit<R = unknown>(data: Kept, options: AlltoallvOptions & Into): Persistent<R>
  alltoallvInit(data: unknown, options: AlltoallvOptions & Into): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'alltoallv', alltoallvOf, data, options, undefined, site))
  }

  /** As `reduce`, made once. MPI: MPI_Reduce_init; mpi4py: comm.Reduce_init. */
  reduceInit<B extends Target>(data: Kept, op: AnyOp | undefined, options: ReduceOptions & { into: B }): Persistent<B | undefined>
  reduceInit<R = unknown>(data: Kept, op?: AnyOp, options?: ReduceOptions & Into): Persistent<R | undefined>
  reduceInit(data: unknown, op: AnyOp = SUM, options: ReduceOptions & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'reduce', reduceOf, data, options, op, site))
  }

  /** As `allreduce`, made once. MPI: MPI_Allreduce_init; mpi4py: comm.Allreduce_init. */
  allreduceInit<B extends Target>(data: Kept, op: AnyOp | undefined, options: AllreduceOptions & { into: B }): Persistent<B>
  allreduceInit<R = unknown>(data: Kept, op?: AnyOp, options?: AllreduceOptions & Into): Persistent<R>
  allreduceInit(data: unknown, op: AnyOp = SUM, options: AllreduceOptions & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'allreduce', allreduceOf, data, options, op, site))
  }

  /** As `scan`, made once. MPI: MPI_Scan_init; mpi4py: comm.Scan_init. */
  scanInit<B extends Target>(data: Kept, op: AnyOp | undefined, options: Signalled & { into: B }): Persistent<B>
  scanInit<R = unknown>(data: Kept, op?: AnyOp, options?: Signalled & Into): Persistent<R>
  scanInit(data: unknown, op: AnyOp = SUM, options: Signalled & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'scan', scanOf, data, options, op, site))
  }

  /** As `exscan`, made once. On rank 0 `into` is left as it is. MPI: MPI_Exscan_init; mpi4py: comm.Exscan_init. */
  exscanInit<B extends Target>(data: Kept, op: AnyOp | undefined, options: Signalled & { into: B }): Persistent<B | undefined>
  exscanInit<R = unknown>(data: Kept, op?: AnyOp, options?: Signalled & Into): Persistent<R | undefined>
  exscanInit(data: unknown, op: AnyOp = SUM, options: Signalled & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'exscan', exscanOf, data, options, op, site))
  }

  /** As `reduceScatter`, made once. MPI: MPI_Reduce_scatter_init, MPI_Reduce_scatter_block_init; mpi4py: comm.Reduce_scatter_init. */
  reduceScatterInit<B extends Target>(data: Kept, op: AnyOp | undefined, options: ReduceScatterOptions & { into: B }): Persistent<B>
  reduceScatterInit<R = unknown>(data: Kept, op?: AnyOp, options?: ReduceScatterOptions & Into): Persistent<R>
  reduceScatterInit(data: unknown, op: AnyOp = SUM, options: ReduceScatterOptions & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'reduceScatter', reduceScatterOf, data, options, op, site))
  }

  /**
   * As `neighborAllgather`, made once; only neighbours wait for each other. MPI: MPI_Neighbor_allgather_init; mpi4py:
   * comm.Neighbor_allgather_init.
   */
  neighborAllgatherInit<B extends Target | readonly Target[]>(data: Kept, options: Signalled & { into: B }): Persistent<B>
  neighborAllgatherInit<R = unknown>(data: Kept, options?: Signalled & Into): Persistent<R>
  neighborAllgatherInit(data: unknown, options: Signalled & Into = NO_OPTIONS): Persistent<unknown> {
    return made(
      this.core,
      (site) => new PersistentCollective(this, 'neighborAllgather', neighborAllgatherOf, data, options, undefined, site)
    )
  }

  /** As `neighborAllgatherv`, made once. MPI: MPI_Neighbor_allgatherv_init; mpi4py: comm.Neighbor_allgatherv_init. */
  neighborAllgathervInit<B extends Target>(data: Kept, options: NeighborAllgathervOptions & { into: B }): Persistent<B>
  neighborAllgathervInit<R = unknown>(data: Kept, options?: NeighborAllgathervOptions & Into): Persistent<R>
  neighborAllgathervInit(data: unknown, options: NeighborAllgathervOptions & Into = NO_OPTIONS): Persistent<unknown> {
    return made(
      this.core,
      (site) => new PersistentCollective(this, 'neighborAllgatherv', neighborAllgathervOf, data, options, undefined, site)
    )
  }

  /**
   * As `neighborAlltoall`, made once; arrays of views as data and `into` are MPI_Neighbor_alltoallw_init.
   * MPI: MPI_Neighbor_alltoall_init; mpi4py: comm.Neighbor_alltoall_init, comm.Neighbor_alltoallw_init.
   */
  neighborAlltoallInit<B extends Target | readonly Target[]>(data: Kept, options: Signalled & { into: B }): Persistent<B>
  neighborAlltoallInit<R = unknown>(data: Kept, options?: Signalled & Into): Persistent<R>
  neighborAlltoallInit(data: unknown, options: Signalled & Into = NO_OPTIONS): Persistent<unknown> {
    return made(this.core, (site) => new PersistentCollective(this, 'neighborAlltoall', neighborAlltoallOf, data, options, undefined, site))
  }

  /** As `neighborAlltoallv`, made once. MPI: MPI_Neighbor_alltoallv_init; mpi4py: comm.Neighbor_alltoallv_init. */
  neighborAlltoallvInit<B extends Target>(data: Kept, options: NeighborAlltoallvOptions & { into: B }): Persistent<B>
  neighborAlltoallvInit<R = unknown>(data: Kept, options: NeighborAlltoallvOptions & Into): Persistent<R>
  neighborAlltoallvInit(data: unknown, options: NeighborAlltoallvOptions & Into): Persistent<unknown> {
    return made(
      this.core,
      (site) => new PersistentCollective(this, 'neighborAlltoallv', neighborAlltoallvOf, data, options, undefined, site)
    )
  }
}
