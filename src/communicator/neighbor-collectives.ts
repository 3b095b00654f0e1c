import type { BufferLike } from '../codec/datatype.js'
import { NO_OPTIONS } from '../collective/call.js'
import { neighborAllgatherOf } from '../collective/definitions/neighborAllgather.js'
import { type NeighborAllgathervOptions, neighborAllgathervOf } from '../collective/definitions/neighborAllgatherv.js'
import { neighborAlltoallOf } from '../collective/definitions/neighborAlltoall.js'
import { type NeighborAlltoallvOptions, neighborAlltoallvOf } from '../collective/definitions/neighborAlltoallv.js'
import { callOverViews, type Into, type Views } from '../collective/views.js'
import type { Reduced, TypedArray } from '../op/op.js'
import type { Target } from '../request/options.js'
import type { Request } from '../request/request.js'
import { Collectives, type Signalled } from './collectives.js'

/**
 * The exchanges with neighbours as methods, for communicators with a topology: each is its operator over a stream of one value. What they
 * do, cost and throw stands there. MPI 4.1 §8.6.
 */
export abstract class NeighborCollectives extends Collectives {
  /**
   * Gives what this rank has to all its neighbours, and gets what its sources have, in their order: as values, `undefined` where there is
   * no neighbour, or of typed arrays that are equally long in `into`, which is left as it is there. As `mpi.neighborAllgather` over one
   * value. Errors: also TruncationError, DatatypeError, AliasError where `into` does not fit.
   * MPI: MPI_Neighbor_allgather, MPI 4.1 §8.6.1; mpi4py: comm.neighbor_allgather, comm.Neighbor_allgather.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const line = (await comm.cart({ dims: [2] }))!
   * console.log(await line.neighborAllgather(`rank ${line.rank}`)) // [0] [ undefined, 'rank 1' ] [1] [ 'rank 0', undefined ]
   * line.free()
   * ```
   */
  neighborAllgather<B extends Target | readonly Target[]>(data: Views, options: Signalled & { into: B }): Promise<B>
  neighborAllgather<B extends BufferLike>(data: BufferLike, options: Signalled & { into: B }): Promise<B>
  neighborAllgather<T>(data: T, options?: Signalled & { into?: undefined }): Promise<(T | undefined)[]>
  neighborAllgather(data: unknown, options: Signalled & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'neighborAllgather', neighborAllgatherOf, data, options).wait()
  }

  /** As `neighborAllgather`, as a request. MPI: MPI_Ineighbor_allgather; mpi4py: comm.Ineighbor_allgather. */
  ineighborAllgather<B extends Target | readonly Target[]>(data: Views, options: Signalled & { into: B }): Request<B>
  ineighborAllgather<B extends BufferLike>(data: BufferLike, options: Signalled & { into: B }): Request<B>
  ineighborAllgather<T>(data: T, options?: Signalled & { into?: undefined }): Request<(T | undefined)[]>
  ineighborAllgather(data: unknown, options: Signalled & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'neighborAllgather', neighborAllgatherOf, data, options).followed(this.core)
  }

  /**
   * Gives this rank's typed array to all its neighbours, and gets those of its sources, of any length, joined: that of source j begins at
   * element `displs[j]`, or behind the last. As `mpi.neighborAllgatherv` over one value. Errors: also TruncationError, DatatypeError,
   * AliasError where `into` does not fit. MPI: MPI_Neighbor_allgatherv, MPI 4.1 §8.6.1; mpi4py: comm.Neighbor_allgatherv.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const ring = (await comm.cart({ dims: 1, periodic: true }))!
   * const own = new Float64Array(ring.rank + 1).fill(ring.rank)
   * console.log((await ring.neighborAllgatherv(own)).join()) // [0] 1,1,1,1 [1] 0,0
   * ring.free()
   * ```
   */
  neighborAllgatherv<B extends Target>(data: Views, options: NeighborAllgathervOptions & { into: B }): Promise<B>
  neighborAllgatherv<R = unknown>(data: Views, options?: NeighborAllgathervOptions & Into): Promise<R>
  neighborAllgatherv<D extends TypedArray>(data: D, options?: NeighborAllgathervOptions & Into): Promise<Reduced<D>>
  neighborAllgatherv(data: unknown, options: NeighborAllgathervOptions & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'neighborAllgatherv', neighborAllgathervOf, data, options).wait()
  }

  /** As `neighborAllgatherv`, as a request. MPI: MPI_Ineighbor_allgatherv; mpi4py: comm.Ineighbor_allgatherv. */
  ineighborAllgatherv<B extends Target>(data: Views, options: NeighborAllgathervOptions & { into: B }): Request<B>
  ineighborAllgatherv<R = unknown>(data: Views, options?: NeighborAllgathervOptions & Into): Request<R>
  ineighborAllgatherv<D extends TypedArray>(data: D, options?: NeighborAllgathervOptions & Into): Request<Reduced<D>>
  ineighborAllgatherv(data: unknown, options: NeighborAllgathervOptions & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'neighborAllgatherv', neighborAllgathervOf, data, options).followed(this.core)
  }

  /**
   * Gives each neighbour a part of its own, and gets one of each source: of an array with a value for each dest, or of a typed array with a
   * run for each. On a grid, what is given for one direction arrives in the part for the opposite one. The result is an array of values,
   * `undefined` where there is no neighbour, or `into`, left as it is there. As `mpi.neighborAlltoall` over one value. Errors: also
   * TruncationError, DatatypeError, AliasError where `into` does not fit.
   * MPI: MPI_Neighbor_alltoall, and of views MPI_Neighbor_alltoallw, MPI 4.1 §8.6.2; mpi4py: comm.neighbor_alltoall,
   * comm.Neighbor_alltoall, comm.Neighbor_alltoallw.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const ring = (await comm.cart({ dims: 1, periodic: true }))!
   * const ghosts = await ring.neighborAlltoall(Int32Array.of(1, 2).map((k) => 10 * ring.rank + k), { into: new Int32Array(2) })
   * console.log('from below and above', ghosts.join()) // [0] from below and above 12,11 [1] from below and above 2,1
   * ring.free()
   * ```
   */
  neighborAlltoall<B extends Target | readonly Target[]>(data: Views, options: Signalled & { into: B }): Promise<B>
  neighborAlltoall<B extends BufferLike>(data: BufferLike, options: Signalled & { into: B }): Promise<B>
  neighborAlltoall<D extends TypedArray>(data: D, options?: Signalled & { into?: undefined }): Promise<(Reduced<D> | undefined)[]>
  neighborAlltoall<T>(data: readonly T[], options?: Signalled & { into?: undefined }): Promise<(T | undefined)[]>
  neighborAlltoall(data: unknown, options: Signalled & Into = NO_OPTIONS): Promise<unknown> {
    return callOverViews(this, 'neighborAlltoall', neighborAlltoallOf, data, options).wait()
  }

  /** As `neighborAlltoall`, as a request. MPI: MPI_Ineighbor_alltoall; mpi4py: comm.Ineighbor_alltoall. */
  ineighborAlltoall<B extends Target | readonly Target[]>(data: Views, options: Signalled & { into: B }): Request<B>
  ineighborAlltoall<B extends BufferLike>(data: BufferLike, options: Signalled & { into: B }): Request<B>
  ineighborAlltoall<D extends TypedArray>(data: D, options?: Signalled & { into?: undefined }): Request<(Reduced<D> | undefined)[]>
  ineighborAlltoall<T>(data: readonly T[], options?: Signalled & { into?: undefined }): Request<(T | undefined)[]>
  ineighborAlltoall(data: unknown, options: Signalled & Into = NO_OPTIONS): Request<unknown> {
    return callOverViews(this, 'neighborAlltoall', neighborAlltoallOf, data, options).followed(this.core)
  }

  /**
   * Gives each neighbour a run of a typed array, and gets one of each source, joined: `sendCounts[j]` elements from element `sendDispls[j]`
   * on go to dest j; what comes from source j begins at element `recvDispls[j]`, or behind the last. As `mpi.neighborAlltoallv` over one
   * value. Errors: also TruncationError, DatatypeError, AliasError where `into` does not fit.
   * MPI: MPI_Neighbor_alltoallv, MPI 4.1 §8.6.2; mpi4py: comm.Neighbor_alltoallv.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const line = (await comm.cart({ dims: [2] }))!
   * const own = Int32Array.of(1, 2, 3).map((k) => 10 * line.rank + k)
   * const got = await line.neighborAlltoallv(own, { sendCounts: [1, 2] })
   * console.log(got.join()) // [0] 11 [1] 2,3
   * line.free()
   * ```
   */
  neighborAlltoallv<B extends Target>(data: Views, options: NeighborAlltoallvOptions & { into: B }): Promise<B>
  neighborAlltoallv<R = unknown>(data: Views, options: NeighborAlltoallvOptions & Into): Promise<R>
  neighborAlltoallv<D extends TypedArray>(data: D, options: NeighborAlltoallvOptions & Into): Promise<Reduced<D>>
  neighborAlltoallv(data: unknown, options: NeighborAlltoallvOptions & Into): Promise<unknown> {
    return callOverViews(this, 'neighborAlltoallv', neighborAlltoallvOf, data, options).wait()
  }

  /** As `neighborAlltoallv`, as a request. MPI: MPI_Ineighbor_alltoallv; mpi4py: comm.Ineighbor_alltoallv. */
  ineighborAlltoallv<B extends Target>(data: Views, options: NeighborAlltoallvOptions & { into: B }): Request<B>
  ineighborAlltoallv<R = unknown>(data: Views, options: NeighborAlltoallvOptions & Into): Request<R>
  ineighborAlltoallv<D extends TypedArray>(data: D, options: NeighborAlltoallvOptions & Into): Request<Reduced<D>>
  ineighborAlltoallv(data: unknown, options: NeighborAlltoallvOptions & Into): Request<unknown> {
    return callOverViews(this, 'neighborAlltoallv', neighborAlltoallvOf, data, options).followed(this.core)
  }
}
