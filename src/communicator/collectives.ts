import type { BufferLike } from '../codec/datatype.js'
import { NO_OPTIONS } from '../collective/call.js'
import { CallRegistry } from '../collective/call-registry.js'
import type { Caller } from '../collective/definition.js'
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
import { type ReduceOptions, reduceOf } from '../collective/definitions/reduce.js'
import { type Divided, type ReduceScatterOptions, reduceScatterOf } from '../collective/definitions/reduceScatter.js'
import { scanOf } from '../collective/definitions/scan.js'
import { type ScatterOptions, scatterOf } from '../collective/definitions/scatter.js'
import { type ScattervOptions, scattervOf } from '../collective/definitions/scatterv.js'
import { call } from '../collective/request.js'
import { callOverViews, type Into, type Views } from '../collective/views.js'
import { type AnyOp, type Arithmetic, type Op, type Operand, type PredefinedOp, type Reduced, SUM, type TypedArray } from '../op/op.js'
import type { Target } from '../request/options.js'
import type { Request } from '../request/request.js'
import { PointToPoint } from './point-to-point.js'

/** What a collective takes that has no other options. */
export interface Signalled {
  /** When it is aborted the call fails here with an AbortError, on the other ranks with a RemoteError. */
  signal?: AbortSignal
}

/** The collectives as methods: each is its operator over a stream of one value. What they do, cost and throw stands there. MPI 4.1 §6. */
export abstract class Collectives extends PointToPoint implements Caller {
  #calls: CallRegistry | undefined

  /**
   * Resolves when all ranks have called it. As `mpi.barrier` over one value. MPI: MPI_Barrier; mpi4py: comm.Barrier.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * console.log('before') // [0] before [1] before
   * await comm.barrier()
   * console.log('after, everywhere') // [0] after, everywhere [1] after, everywhere
   * ```
   */
  barrier(options: Signalled = NO_OPTIONS): Promise<void> {
    return this.ibarrier(options).wait()
  }

  /** As `barrier`, as a request. MPI: MPI_Ibarrier; mpi4py: comm.Ibarrier. */
  ibarrier(options: Signalled = NO_OPTIONS): Request<void> {
    return call(this, barrierOf<void>, undefined, options).followed(this.core)
  }

  /**
   * The root's data, on all ranks; `into` receives a buffer in place, and may be the data itself at the root. As `mpi.bcast` over one
   * value.
   * Errors: also TruncationError, DatatypeError where `into` does not fit, on that rank only. MPI: MPI_Bcast; mpi4py: comm.bcast,
   * comm.Bcast.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const table = await comm.bcast(comm.rank === 0 ? new Map([['pi', 3.14]]) : undefined)
   * console.log(table?.get('pi')) // [0] 3.14 [1] 3.14
   *
   * const buffer = new Float64Array(2)
   * if (comm.rank === 0) buffer.set([1, 2])
   * await comm.bcast(buffer, { into: buffer })
   * console.log(buffer.join()) // [0] 1,2 [1] 1,2
   * ```
   */
  bcast<T>(data: T, options: BcastOptions & Into = NO_OPTIONS): Promise<T> {
    return this.ibcast(data, options).wait()
  }

  /** As `bcast`, as a request. MPI: MPI_Ibcast; mpi4py: comm.Ibcast. */
  ibcast<T>(data: T, options: BcastOptions & Into = NO_OPTIONS): Request<T> {
    return callOverViews(this, 'bcast', bcastOf, data, options).followed(this.core) as Request<T>
  }

  /**
   * Deals out what the root has: an array of `size` values, or a typed array in `size` equal runs. The data of the others is ignored.
   * `into` receives a run in place. As `mpi.scatter` over one value. Errors: also TruncationError, DatatypeError, AliasError where `into`
   * does not fit. MPI: MPI_Scatter; mpi4py: comm.scatter, comm.Scatter.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const name = await comm.scatter(comm.rank === 0 ? ['Ada', 'Grace'] : undefined)
   * const run = await comm.scatter(comm.rank === 0 ? Float64Array.of(1, 2, 3, 4) : undefined, { into: new Float64Array(2) })
   * console.log(name, run.join()) // [0] Ada 1,2 [1] Grace 3,4
   * ```
   */
  scatter<B extends Target | readonly Target[]>(data: Views | undefined, options: ScatterOptions & { into: B }): Promise<B>
  scatter<R = unknown>(data: Views | undefined, options?: ScatterOptions & Into): Promise<R>
  scatter<T>(data: readonly T[] | undefined, options?: ScatterOptions & Into): Promise<T>
  scatter<D extends TypedArray>(data: D | undefined, options?: ScatterOptions & Into): Promise<Reduced<D>>
  scatter(data: unknown, options: ScatterOptions & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'scatter', scatterOf, data, options).wait()
  }

  /** As `scatter`, as a request. MPI: MPI_Iscatter; mpi4py: comm.Iscatter. */
  iscatter<B extends Target | readonly Target[]>(data: Views | undefined, options: ScatterOptions & { into: B }): Request<B>
  iscatter<R = unknown>(data: Views | undefined, options?: ScatterOptions & Into): Request<R>
  iscatter<T>(data: readonly T[] | undefined, options?: ScatterOptions & Into): Request<T>
  iscatter<D extends TypedArray>(data: D | undefined, options?: ScatterOptions & Into): Request<Reduced<D>>
  iscatter(data: unknown, options: ScatterOptions & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'scatter', scatterOf, data, options).followed(this.core)
  }

  /**
   * Deals out the root's typed array in runs of any length: `counts[rank]` elements from element `displs[rank]` on, both read at the root
   * only. As `mpi.scatterv` over one value. Errors: also TruncationError, DatatypeError, AliasError where `into` does not fit.
   * MPI: MPI_Scatterv; mpi4py: comm.Scatterv.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const atRoot = comm.rank === 0
   * const run = await comm.scatterv(atRoot ? Float64Array.of(1, 2, 3, 4, 5) : undefined, atRoot ? { counts: [3, 2] } : {})
   * console.log(run.join()) // [0] 1,2,3 [1] 4,5
   * ```
   */
  scatterv<B extends Target | readonly Target[]>(data: Views | undefined, options: ScattervOptions & { into: B }): Promise<B>
  scatterv<R = unknown>(data: Views | undefined, options: ScattervOptions & Into): Promise<R>
  scatterv<D extends TypedArray>(data: D | undefined, options: ScattervOptions & Into): Promise<Reduced<D>>
  scatterv(data: unknown, options: ScattervOptions & Into): Promise<unknown> {
    return callOverViews(this, 'scatterv', scattervOf, data, options).wait()
  }

  /** As `scatterv`, as a request. MPI: MPI_Iscatterv; mpi4py: comm.Iscatterv. */
  iscatterv<B extends Target | readonly Target[]>(data: Views | undefined, options: ScattervOptions & { into: B }): Request<B>
  iscatterv<R = unknown>(data: Views | undefined, options: ScattervOptions & Into): Request<R>
  iscatterv<D extends TypedArray>(data: D | undefined, options: ScattervOptions & Into): Request<Reduced<D>>
  iscatterv(data: unknown, options: ScattervOptions & Into): Request<unknown> {
    return callOverViews(this, 'scatterv', scattervOf, data, options).followed(this.core)
  }

  /**
   * Collects the values of all ranks at the root, as an array of `size` values or, of typed arrays that are equally long, in `into`. The
   * others get `undefined`. As `mpi.gather` over one value. Errors: also TruncationError, DatatypeError, AliasError where `into` does not
   * fit, CollectiveMismatchError where the arrays for `into` differ.
   * MPI: MPI_Gather; mpi4py: comm.gather, comm.Gather.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * console.log(await comm.gather(`rank ${comm.rank}`)) // [0] [ 'rank 0', 'rank 1' ] [1] undefined
   * const all = await comm.gather(Float64Array.of(comm.rank, 0.5), { into: new Float64Array(4) })
   * if (comm.rank === 0) console.log(all?.join()) // [0] 0,0.5,1,0.5
   * ```
   */
  gather<B extends Target | readonly Target[]>(data: Views, options: GatherOptions & { into: B }): Promise<B | undefined>
  gather<R = unknown>(data: Views, options?: GatherOptions & Into): Promise<R | undefined>
  gather<B extends BufferLike>(data: BufferLike, options: GatherOptions & { into: B }): Promise<B | undefined>
  gather<T>(data: T, options?: GatherOptions & { into?: undefined }): Promise<T[] | undefined>
  gather<T extends BufferLike, B extends BufferLike>(
    data: T,
    options: GatherOptions & { into?: B | undefined }
  ): Promise<B | T[] | undefined>
  gather(data: unknown, options: GatherOptions & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'gather', gatherOf, data, options).wait()
  }

  /** As `gather`, as a request. MPI: MPI_Igather; mpi4py: comm.Igather. */
  igather<B extends Target | readonly Target[]>(data: Views, options: GatherOptions & { into: B }): Request<B | undefined>
  igather<R = unknown>(data: Views, options?: GatherOptions & Into): Request<R | undefined>
  igather<B extends BufferLike>(data: BufferLike, options: GatherOptions & { into: B }): Request<B | undefined>
  igather<T>(data: T, options?: GatherOptions & { into?: undefined }): Request<T[] | undefined>
  igather<T extends BufferLike, B extends BufferLike>(
    data: T,
    options: GatherOptions & { into?: B | undefined }
  ): Request<B | T[] | undefined>
  igather(data: unknown, options: GatherOptions & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'gather', gatherOf, data, options).followed(this.core)
  }

  /**
   * Joins typed arrays of any length at the root: that of a rank begins at element `displs[rank]`, or behind the last. The others get
   * `undefined`. As `mpi.gatherv` over one value.
   * Errors: also TruncationError, DatatypeError, AliasError where `into` does not fit. MPI: MPI_Gatherv; mpi4py: comm.Gatherv.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const own = new Float64Array(comm.rank + 1).fill(comm.rank)
   * const packed = await comm.gatherv(own)
   * if (comm.rank === 0) console.log(packed?.join()) // [0] 0,1,1
   * const apart = await comm.gatherv(own, { displs: [0, 2], into: new Float64Array(4) })
   * if (comm.rank === 0) console.log(apart?.join()) // [0] 0,0,1,1
   * ```
   */
  gatherv<B extends Target | readonly Target[]>(data: Views, options: GathervOptions & { into: B }): Promise<B | undefined>
  gatherv<R = unknown>(data: Views, options?: GathervOptions & Into): Promise<R | undefined>
  gatherv<D extends TypedArray>(data: D, options?: GathervOptions & Into): Promise<Reduced<D> | undefined>
  gatherv(data: unknown, options: GathervOptions & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'gatherv', gathervOf, data, options).wait()
  }

  /** As `gatherv`, as a request. MPI: MPI_Igatherv; mpi4py: comm.Igatherv. */
  igatherv<B extends Target | readonly Target[]>(data: Views, options: GathervOptions & { into: B }): Request<B | undefined>
  igatherv<R = unknown>(data: Views, options?: GathervOptions & Into): Request<R | undefined>
  igatherv<D extends TypedArray>(data: D, options?: GathervOptions & Into): Request<Reduced<D> | undefined>
  igatherv(data: unknown, options: GathervOptions & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'gatherv', gathervOf, data, options).followed(this.core)
  }

  /**
   * Collects the values of all ranks on all of them, as an array of `size` values or, of typed arrays that are equally long, in `into`. As
   * `mpi.allgather` over one value.
   * Errors: also TruncationError, DatatypeError, AliasError where `into` does not fit, CollectiveMismatchError where the arrays for `into`
   * differ.
   * MPI: MPI_Allgather; mpi4py: comm.allgather, comm.Allgather.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const names = await comm.allgather(`rank ${comm.rank}`)
   * const all = await comm.allgather(Int32Array.of(comm.rank), { into: new Int32Array(2) })
   * console.log(names.join(), all.join()) // [0] rank 0,rank 1 0,1 [1] rank 0,rank 1 0,1
   * ```
   */
  allgather<B extends Target | readonly Target[]>(data: Views, options: AllgatherOptions & { into: B }): Promise<B>
  allgather<R = unknown>(data: Views, options?: AllgatherOptions & Into): Promise<R>
  allgather<B extends BufferLike>(data: BufferLike, options: AllgatherOptions & { into: B }): Promise<B>
  allgather<T>(data: T, options?: AllgatherOptions & { into?: undefined }): Promise<T[]>
  allgather(data: unknown, options: AllgatherOptions & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'allgather', allgatherOf, data, options).wait()
  }

  /** As `allgather`, as a request. MPI: MPI_Iallgather; mpi4py: comm.Iallgather. */
  iallgather<B extends Target | readonly Target[]>(data: Views, options: AllgatherOptions & { into: B }): Request<B>
  iallgather<R = unknown>(data: Views, options?: AllgatherOptions & Into): Request<R>
  iallgather<B extends BufferLike>(data: BufferLike, options: AllgatherOptions & { into: B }): Request<B>
  iallgather<T>(data: T, options?: AllgatherOptions & { into?: undefined }): Request<T[]>
  iallgather(data: unknown, options: AllgatherOptions & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'allgather', allgatherOf, data, options).followed(this.core)
  }

  /**
   * Joins typed arrays of any length on all ranks: that of a rank begins at element `displs[rank]`, or behind the last. As `mpi.allgatherv`
   * over one value.
   * Errors: also TruncationError, DatatypeError, AliasError where `into` does not fit. MPI: MPI_Allgatherv; mpi4py: comm.Allgatherv.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const own = new Float64Array(comm.rank + 1).fill(comm.rank)
   * console.log((await comm.allgatherv(own)).join()) // [0] 0,1,1 [1] 0,1,1
   * ```
   */
  allgatherv<B extends Target | readonly Target[]>(data: Views, options: AllgathervOptions & { into: B }): Promise<B>
  allgatherv<R = unknown>(data: Views, options?: AllgathervOptions & Into): Promise<R>
  allgatherv<D extends TypedArray>(data: D, options?: AllgathervOptions & Into): Promise<Reduced<D>>
  allgatherv(data: unknown, options: AllgathervOptions & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'allgatherv', allgathervOf, data, options).wait()
  }

  /** As `allgatherv`, as a request. MPI: MPI_Iallgatherv; mpi4py: comm.Iallgatherv. */
  iallgatherv<B extends Target | readonly Target[]>(data: Views, options: AllgathervOptions & { into: B }): Request<B>
  iallgatherv<R = unknown>(data: Views, options?: AllgathervOptions & Into): Request<R>
  iallgatherv<D extends TypedArray>(data: D, options?: AllgathervOptions & Into): Request<Reduced<D>>
  iallgatherv(data: unknown, options: AllgathervOptions & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'allgatherv', allgathervOf, data, options).followed(this.core)
  }

  /**
   * Gives every rank a part of what each rank has: part j of rank i becomes part i of rank j. An array of `size` values gives one, a typed
   * array of `size` equal runs a typed array, in `into` if there is one. As `mpi.alltoall` over one value. Errors: also TruncationError,
   * DatatypeError, AliasError where `into` does not fit.
   * MPI: MPI_Alltoall; mpi4py: comm.alltoall, comm.Alltoall.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const letters = await comm.alltoall([`from ${comm.rank} to 0`, `from ${comm.rank} to 1`])
   * console.log(letters[1]) // [0] from 1 to 0 [1] from 1 to 1
   * const column = await comm.alltoall(Int32Array.of(1, 2).map((k) => 10 * comm.rank + k)) // A transposed matrix.
   * console.log(column.join()) // [0] 1,11 [1] 2,12
   * ```
   */
  alltoall<B extends Target | readonly Target[]>(data: Views, options: AlltoallOptions & { into: B }): Promise<B>
  alltoall<R = unknown>(data: Views, options?: AlltoallOptions & Into): Promise<R>
  alltoall<T>(data: readonly T[], options?: AlltoallOptions): Promise<T[]>
  alltoall<D extends TypedArray>(data: D, options?: AlltoallOptions & Into): Promise<Reduced<D>>
  alltoall(data: unknown, options: AlltoallOptions & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'alltoall', alltoallOf, data, options).wait()
  }

  /** As `alltoall`, as a request. MPI: MPI_Ialltoall; mpi4py: comm.Ialltoall. */
  ialltoall<B extends Target | readonly Target[]>(data: Views, options: AlltoallOptions & { into: B }): Request<B>
  ialltoall<R = unknown>(data: Views, options?: AlltoallOptions & Into): Request<R>
  ialltoall<T>(data: readonly T[], options?: AlltoallOptions): Request<T[]>
  ialltoall<D extends TypedArray>(data: D, options?: AlltoallOptions & Into): Request<Reduced<D>>
  ialltoall(data: unknown, options: AlltoallOptions & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'alltoall', alltoallOf, data, options).followed(this.core)
  }

  /**
   * Gives every rank a run of the typed array that each rank has: `sendCounts[j]` elements from element `sendDispls[j]` on to rank j; what
   * comes from rank i begins at element `recvDispls[i]`, or behind the last. As `mpi.alltoallv` over one value. Errors: also
   * TruncationError, DatatypeError, AliasError where `into` does not fit.
   * MPI: MPI_Alltoallv; mpi4py: comm.Alltoallv.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * // A step of a sort: what is below 10 belongs to rank 0, the rest to rank 1.
   * const own = comm.rank === 0 ? Int32Array.of(3, 12, 15) : Int32Array.of(4, 7, 11)
   * const small = own.findLastIndex((value) => value < 10) + 1
   * const mine = await comm.alltoallv(own, { sendCounts: [small, own.length - small] })
   * console.log(mine.sort().join()) // [0] 3,4,7 [1] 11,12,15
   * ```
   */
  alltoallv<B extends Target | readonly Target[]>(data: Views, options: AlltoallvOptions & { into: B }): Promise<B>
  alltoallv<R = unknown>(data: Views, options: AlltoallvOptions & Into): Promise<R>
  alltoallv<D extends TypedArray>(data: D, options: AlltoallvOptions & Into): Promise<Reduced<D>>
  alltoallv(data: unknown, options: AlltoallvOptions & Into): Promise<unknown> {
    return callOverViews(this, 'alltoallv', alltoallvOf, data, options).wait()
  }

  /** As `alltoallv`, as a request. MPI: MPI_Ialltoallv; mpi4py: comm.Ialltoallv. */
  ialltoallv<B extends Target | readonly Target[]>(data: Views, options: AlltoallvOptions & { into: B }): Request<B>
  ialltoallv<R = unknown>(data: Views, options: AlltoallvOptions & Into): Request<R>
  ialltoallv<D extends TypedArray>(data: D, options: AlltoallvOptions & Into): Request<Reduced<D>>
  ialltoallv(data: unknown, options: AlltoallvOptions & Into): Request<unknown> {
    return callOverViews(this, 'alltoallv', alltoallvOf, data, options).followed(this.core)
  }

  /**
   * What the ranks give, combined at the root; the others get `undefined`. `into` receives an array in place, and may be the data itself.
   * As `mpi.reduce` over one value. Errors: also TruncationError, DatatypeError, AliasError where `into` does not fit. MPI: MPI_Reduce;
   * mpi4py: comm.reduce, comm.Reduce.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, MAX, SUM } from 'rxmpi'
   *
   * console.log(await comm.reduce(comm.rank + 1)) // [0] 3 [1] undefined
   * const most = await comm.reduce(Int32Array.of(comm.rank, -comm.rank), MAX, { root: 1 })
   * if (comm.rank === 1) console.log(most?.join()) // [1] 1,0
   * const sum = Float64Array.of(1, 2)
   * await comm.reduce(sum, SUM, { into: sum })
   * if (comm.rank === 0) console.log(sum.join()) // [0] 2,4
   * ```
   */
  reduce<B extends Target>(data: Views, op: AnyOp | undefined, options: ReduceOptions & { into: B }): Promise<B | undefined>
  reduce<R = unknown>(data: Views, op?: AnyOp, options?: ReduceOptions): Promise<R | undefined>
  reduce<T extends Arithmetic>(data: T, op?: undefined, options?: ReduceOptions & Into): Promise<Reduced<T> | undefined>
  reduce<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: ReduceOptions & Into): Promise<Reduced<T> | undefined>
  reduce<T>(data: NoInfer<T>, op: Op<T>, options?: ReduceOptions & Into): Promise<T | undefined>
  reduce(data: unknown, op: AnyOp = SUM, options: ReduceOptions & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'reduce', reduceOf, data, options, op).wait()
  }

  /** As `reduce`, as a request. MPI: MPI_Ireduce; mpi4py: comm.Ireduce. */
  ireduce<B extends Target>(data: Views, op: AnyOp | undefined, options: ReduceOptions & { into: B }): Request<B | undefined>
  ireduce<R = unknown>(data: Views, op?: AnyOp, options?: ReduceOptions): Request<R | undefined>
  ireduce<T extends Arithmetic>(data: T, op?: undefined, options?: ReduceOptions & Into): Request<Reduced<T> | undefined>
  ireduce<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: ReduceOptions & Into): Request<Reduced<T> | undefined>
  ireduce<T>(data: NoInfer<T>, op: Op<T>, options?: ReduceOptions & Into): Request<T | undefined>
  ireduce(data: unknown, op: AnyOp = SUM, options: ReduceOptions & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'reduce', reduceOf, data, options, op).followed(this.core)
  }

  /**
   * What the ranks give, combined on all of them. `into` receives an array in place, and may be the data itself. As `mpi.allreduce` over
   * one value.
   * Errors: also TruncationError, DatatypeError, AliasError where `into` does not fit. MPI: MPI_Allreduce; mpi4py: comm.allreduce,
   * comm.Allreduce.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, MINLOC, SUM } from 'rxmpi'
   *
   * console.log(await comm.allreduce(comm.rank + 1)) // [0] 3 [1] 3
   * const [distance, nearest] = await comm.allreduce([comm.rank === 0 ? 7 : 5, comm.rank], MINLOC)
   * console.log(`rank ${nearest} at ${distance}`) // [0] rank 1 at 5 [1] rank 1 at 5
   * const gradient = Float32Array.of(0.5, comm.rank)
   * await comm.allreduce(gradient, SUM, { into: gradient })
   * console.log(gradient.join()) // [0] 1,1 [1] 1,1
   * ```
   */
  allreduce<B extends Target>(data: Views, op: AnyOp | undefined, options: AllreduceOptions & { into: B }): Promise<B>
  allreduce<R = unknown>(data: Views, op?: AnyOp, options?: AllreduceOptions): Promise<R>
  allreduce<T extends Arithmetic>(data: T, op?: undefined, options?: AllreduceOptions & Into): Promise<Reduced<T>>
  allreduce<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: AllreduceOptions & Into): Promise<Reduced<T>>
  allreduce<T>(data: NoInfer<T>, op: Op<T>, options?: AllreduceOptions & Into): Promise<T>
  allreduce(data: unknown, op: AnyOp = SUM, options: AllreduceOptions & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'allreduce', allreduceOf, data, options, op).wait()
  }

  /** As `allreduce`, as a request. MPI: MPI_Iallreduce; mpi4py: comm.Iallreduce. */
  iallreduce<B extends Target>(data: Views, op: AnyOp | undefined, options: AllreduceOptions & { into: B }): Request<B>
  iallreduce<R = unknown>(data: Views, op?: AnyOp, options?: AllreduceOptions): Request<R>
  iallreduce<T extends Arithmetic>(data: T, op?: undefined, options?: AllreduceOptions & Into): Request<Reduced<T>>
  iallreduce<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: AllreduceOptions & Into): Request<Reduced<T>>
  iallreduce<T>(data: NoInfer<T>, op: Op<T>, options?: AllreduceOptions & Into): Request<T>
  iallreduce(data: unknown, op: AnyOp = SUM, options: AllreduceOptions & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'allreduce', allreduceOf, data, options, op).followed(this.core)
  }

  /**
   * What the ranks up to this one give, combined. `into` receives an array in place, and may be the data itself. As `mpi.scan` over one
   * value.
   * Errors: also TruncationError, DatatypeError, AliasError where `into` does not fit. MPI: MPI_Scan; mpi4py: comm.scan, comm.Scan.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, PROD } from 'rxmpi'
   *
   * console.log(await comm.scan(comm.rank + 1)) // [0] 1 [1] 3
   * console.log((await comm.scan(Float64Array.of(2, 3), PROD)).join()) // [0] 2,3 [1] 4,9
   * ```
   */
  scan<B extends Target>(data: Views, op: AnyOp | undefined, options: Signalled & { into: B }): Promise<B>
  scan<R = unknown>(data: Views, op?: AnyOp, options?: Signalled): Promise<R>
  scan<T extends Arithmetic>(data: T, op?: undefined, options?: Signalled & Into): Promise<Reduced<T>>
  scan<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: Signalled & Into): Promise<Reduced<T>>
  scan<T>(data: NoInfer<T>, op: Op<T>, options?: Signalled & Into): Promise<T>
  scan(data: unknown, op: AnyOp = SUM, options: Signalled & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'scan', scanOf, data, options, op).wait()
  }

  /** As `scan`, as a request. MPI: MPI_Iscan; mpi4py: comm.Iscan. */
  iscan<B extends Target>(data: Views, op: AnyOp | undefined, options: Signalled & { into: B }): Request<B>
  iscan<R = unknown>(data: Views, op?: AnyOp, options?: Signalled): Request<R>
  iscan<T extends Arithmetic>(data: T, op?: undefined, options?: Signalled & Into): Request<Reduced<T>>
  iscan<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: Signalled & Into): Request<Reduced<T>>
  iscan<T>(data: NoInfer<T>, op: Op<T>, options?: Signalled & Into): Request<T>
  iscan(data: unknown, op: AnyOp = SUM, options: Signalled & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'scan', scanOf, data, options, op).followed(this.core)
  }

  /**
   * What the ranks before this one give, combined; `undefined` on rank 0, where `into` is left as it is. As `mpi.exscan` over one value.
   * Errors: also TruncationError, DatatypeError, AliasError where `into` does not fit. MPI: MPI_Exscan; mpi4py: comm.exscan, comm.Exscan.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * // Where this rank's part of a joint array begins.
   * const own = [30, 12][comm.rank]
   * const start = (await comm.exscan(own)) ?? 0
   * console.log(`${start} … ${start + own}`) // [0] 0 … 30 [1] 30 … 42
   * ```
   */
  exscan<B extends Target>(data: Views, op: AnyOp | undefined, options: Signalled & { into: B }): Promise<B | undefined>
  exscan<R = unknown>(data: Views, op?: AnyOp, options?: Signalled): Promise<R | undefined>
  exscan<T extends Arithmetic>(data: T, op?: undefined, options?: Signalled & Into): Promise<Reduced<T> | undefined>
  exscan<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: Signalled & Into): Promise<Reduced<T> | undefined>
  exscan<T>(data: NoInfer<T>, op: Op<T>, options?: Signalled & Into): Promise<T | undefined>
  exscan(data: unknown, op: AnyOp = SUM, options: Signalled & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'exscan', exscanOf, data, options, op).wait()
  }

  /** As `exscan`, as a request. MPI: MPI_Iexscan; mpi4py: comm.Iexscan. */
  iexscan<B extends Target>(data: Views, op: AnyOp | undefined, options: Signalled & { into: B }): Request<B | undefined>
  iexscan<R = unknown>(data: Views, op?: AnyOp, options?: Signalled): Request<R | undefined>
  iexscan<T extends Arithmetic>(data: T, op?: undefined, options?: Signalled & Into): Request<Reduced<T> | undefined>
  iexscan<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: Signalled & Into): Request<Reduced<T> | undefined>
  iexscan<T>(data: NoInfer<T>, op: Op<T>, options?: Signalled & Into): Request<T | undefined>
  iexscan(data: unknown, op: AnyOp = SUM, options: Signalled & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'exscan', exscanOf, data, options, op).followed(this.core)
  }

  /**
   * Arrays of all ranks, combined, of which every rank gets its block. `into` receives a typed one in place, and may be the data itself,
   * whose front is then overwritten. As `mpi.reduceScatter` over one value. Errors: also TruncationError, DatatypeError, AliasError where
   * `into` does not fit.
   * MPI: MPI_Reduce_scatter, MPI_Reduce_scatter_block; mpi4py: comm.reduce_scatter, comm.Reduce_scatter.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, MAX, SUM } from 'rxmpi'
   *
   * console.log(await comm.reduceScatter([1, comm.rank])) // [0] 2 [1] 1
   * const data = Float64Array.of(1, 2, 3).map((x) => x * (comm.rank + 1))
   * console.log((await comm.reduceScatter(data, SUM, { counts: [1, 2] })).join()) // [0] 3 [1] 6,9
   * console.log((await comm.reduceScatter(Uint8Array.of(4, comm.rank), MAX)).join()) // [0] 4 [1] 1
   * ```
   */
  reduceScatter<B extends Target>(data: Views, op: AnyOp | undefined, options: ReduceScatterOptions & { into: B }): Promise<B>
  reduceScatter<R = unknown>(data: Views, op?: AnyOp, options?: ReduceScatterOptions): Promise<R>
  reduceScatter<T extends TypedArray | readonly Arithmetic[]>(
    data: T,
    op?: undefined,
    options?: ReduceScatterOptions & Into
  ): Promise<Reduced<Divided<T>>>
  reduceScatter<T extends TypedArray | readonly Operand[]>(
    data: T,
    op: PredefinedOp<NoInfer<Divided<T>>>,
    options?: ReduceScatterOptions & Into
  ): Promise<Reduced<Divided<T>>>
  reduceScatter<T extends TypedArray>(
    data: NoInfer<T> | readonly NoInfer<T>[],
    op: Op<T>,
    options?: ReduceScatterOptions & Into
  ): Promise<T>
  reduceScatter<T>(data: readonly NoInfer<T>[], op: Op<T>, options?: ReduceScatterOptions): Promise<T>
  reduceScatter(data: unknown, op: AnyOp = SUM, options: ReduceScatterOptions & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'reduceScatter', reduceScatterOf, data, options, op).wait()
  }

  /** As `reduceScatter`, as a request. MPI: MPI_Ireduce_scatter, MPI_Ireduce_scatter_block; mpi4py: comm.Ireduce_scatter. */
  ireduceScatter<B extends Target>(data: Views, op: AnyOp | undefined, options: ReduceScatterOptions & { into: B }): Request<B>
  ireduceScatter<R = unknown>(data: Views, op?: AnyOp, options?: ReduceScatterOptions): Request<R>
  ireduceScatter<T extends TypedArray | readonly Arithmetic[]>(
    data: T,
    op?: undefined,
    options?: ReduceScatterOptions & Into
  ): Request<Reduced<Divided<T>>>
  ireduceScatter<T extends TypedArray | readonly Operand[]>(
    data: T,
    op: PredefinedOp<NoInfer<Divided<T>>>,
    options?: ReduceScatterOptions & Into
  ): Request<Reduced<Divided<T>>>
  ireduceScatter<T extends TypedArray>(
    data: NoInfer<T> | readonly NoInfer<T>[],
    op: Op<T>,
    options?: ReduceScatterOptions & Into
  ): Request<T>
  ireduceScatter<T>(data: readonly NoInfer<T>[], op: Op<T>, options?: ReduceScatterOptions): Request<T>
  ireduceScatter(data: unknown, op: AnyOp = SUM, options: ReduceScatterOptions & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'reduceScatter', reduceScatterOf, data, options, op).followed(this.core)
  }

  /** @internal The collectives called so far. */
  get calls(): CallRegistry {
    this.core.checkAlive()
    this.#calls ??= new CallRegistry(this.core)
    return this.#calls
  }
}
