import type { Into } from '../operators/algorithms/reduction.js'
import { type AllreduceOptions, allreduceOf } from '../operators/allreduce.js'
import { barrierOf } from '../operators/barrier.js'
import { type BcastOptions, bcastOf } from '../operators/bcast.js'
import { exscanOf } from '../operators/exscan.js'
import { type ReduceOptions, reduceOf } from '../operators/reduce.js'
import { type ReduceScatterOptions, reduceScatterOf } from '../operators/reduceScatter.js'
import { scanOf } from '../operators/scan.js'
import type { BufferLike } from './codec/datatype.js'
import { Ledger } from './collective/ledger.js'
import { call } from './collective/request.js'
import { type AnyOp, type Arithmetic, type Op, type Operand, type PredefinedOp, type Reduced, SUM, type TypedArray } from './op.js'
import { PointToPoint } from './point-to-point.js'
import type { Request } from './request.js'

interface Signalled {
  signal?: AbortSignal
}

/** The collectives as methods: each is its operator over a stream of one value. What they do, cost and throw stands there. MPI 4.1 §6. */
export abstract class Collectives extends PointToPoint {
  #ledger: Ledger | undefined

  barrier(options?: { signal?: AbortSignal }): Promise<void> {
    return this.ibarrier(options).wait()
  }

  ibarrier(options?: { signal?: AbortSignal }): Request<void> {
    return call(this, () => barrierOf<void>(this), undefined, options?.signal)
  }

  bcast<T>(data: T, options: BcastOptions & { into?: BufferLike } = {}): Promise<T> {
    return this.ibcast(data, options).wait()
  }

  ibcast<T>(data: T, options: BcastOptions & { into?: BufferLike } = {}): Request<T> {
    return call(this, () => bcastOf<T>(this, options), data, options.signal)
  }

  reduce<T extends Arithmetic>(data: T, op?: undefined, options?: ReduceOptions & Into): Promise<Reduced<T> | undefined>
  reduce<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: ReduceOptions & Into): Promise<Reduced<T> | undefined>
  reduce<T>(data: NoInfer<T>, op: Op<T>, options?: ReduceOptions & Into): Promise<T | undefined>
  reduce(data: unknown, op: AnyOp = SUM, options: ReduceOptions & Into = {}): Promise<unknown> {
    return this.#reduce(data, op, options).wait()
  }

  ireduce<T extends Arithmetic>(data: T, op?: undefined, options?: ReduceOptions & Into): Request<Reduced<T> | undefined>
  ireduce<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: ReduceOptions & Into): Request<Reduced<T> | undefined>
  ireduce<T>(data: NoInfer<T>, op: Op<T>, options?: ReduceOptions & Into): Request<T | undefined>
  ireduce(data: unknown, op: AnyOp = SUM, options: ReduceOptions & Into = {}): Request<unknown> {
    return this.#reduce(data, op, options)
  }

  allreduce<T extends Arithmetic>(data: T, op?: undefined, options?: AllreduceOptions & Into): Promise<Reduced<T>>
  allreduce<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: AllreduceOptions & Into): Promise<Reduced<T>>
  allreduce<T>(data: NoInfer<T>, op: Op<T>, options?: AllreduceOptions & Into): Promise<T>
  allreduce(data: unknown, op: AnyOp = SUM, options: AllreduceOptions & Into = {}): Promise<unknown> {
    return this.#allreduce(data, op, options).wait()
  }

  iallreduce<T extends Arithmetic>(data: T, op?: undefined, options?: AllreduceOptions & Into): Request<Reduced<T>>
  iallreduce<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: AllreduceOptions & Into): Request<Reduced<T>>
  iallreduce<T>(data: NoInfer<T>, op: Op<T>, options?: AllreduceOptions & Into): Request<T>
  iallreduce(data: unknown, op: AnyOp = SUM, options: AllreduceOptions & Into = {}): Request<unknown> {
    return this.#allreduce(data, op, options)
  }

  scan<T extends Arithmetic>(data: T, op?: undefined, options?: Signalled & Into): Promise<Reduced<T>>
  scan<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: Signalled & Into): Promise<Reduced<T>>
  scan<T>(data: NoInfer<T>, op: Op<T>, options?: Signalled & Into): Promise<T>
  scan(data: unknown, op: AnyOp = SUM, options: Signalled & Into = {}): Promise<unknown> {
    return this.#scan(data, op, options).wait()
  }

  iscan<T extends Arithmetic>(data: T, op?: undefined, options?: Signalled & Into): Request<Reduced<T>>
  iscan<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: Signalled & Into): Request<Reduced<T>>
  iscan<T>(data: NoInfer<T>, op: Op<T>, options?: Signalled & Into): Request<T>
  iscan(data: unknown, op: AnyOp = SUM, options: Signalled & Into = {}): Request<unknown> {
    return this.#scan(data, op, options)
  }

  exscan<T extends Arithmetic>(data: T, op?: undefined, options?: Signalled & Into): Promise<Reduced<T> | undefined>
  exscan<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: Signalled & Into): Promise<Reduced<T> | undefined>
  exscan<T>(data: NoInfer<T>, op: Op<T>, options?: Signalled & Into): Promise<T | undefined>
  exscan(data: unknown, op: AnyOp = SUM, options: Signalled & Into = {}): Promise<unknown> {
    return this.#exscan(data, op, options).wait()
  }

  iexscan<T extends Arithmetic>(data: T, op?: undefined, options?: Signalled & Into): Request<Reduced<T> | undefined>
  iexscan<T extends Operand>(data: T, op: PredefinedOp<NoInfer<T>>, options?: Signalled & Into): Request<Reduced<T> | undefined>
  iexscan<T>(data: NoInfer<T>, op: Op<T>, options?: Signalled & Into): Request<T | undefined>
  iexscan(data: unknown, op: AnyOp = SUM, options: Signalled & Into = {}): Request<unknown> {
    return this.#exscan(data, op, options)
  }

  reduceScatter<T extends TypedArray>(data: T, op?: PredefinedOp<NoInfer<T>>, options?: ReduceScatterOptions & Into): Promise<Reduced<T>>
  reduceScatter<T extends Operand>(data: readonly T[], op?: PredefinedOp<NoInfer<T>>, options?: ReduceScatterOptions): Promise<Reduced<T>>
  reduceScatter<T extends TypedArray>(data: NoInfer<T>, op: Op<T>, options?: ReduceScatterOptions & Into): Promise<T>
  reduceScatter<T>(data: readonly NoInfer<T>[], op: Op<T>, options?: ReduceScatterOptions): Promise<T>
  reduceScatter(data: unknown, op: AnyOp = SUM, options: ReduceScatterOptions & Into = {}): Promise<unknown> {
    return this.#reduceScatter(data, op, options).wait()
  }

  ireduceScatter<T extends TypedArray>(data: T, op?: PredefinedOp<NoInfer<T>>, options?: ReduceScatterOptions & Into): Request<Reduced<T>>
  ireduceScatter<T extends Operand>(data: readonly T[], op?: PredefinedOp<NoInfer<T>>, options?: ReduceScatterOptions): Request<Reduced<T>>
  ireduceScatter<T extends TypedArray>(data: NoInfer<T>, op: Op<T>, options?: ReduceScatterOptions & Into): Request<T>
  ireduceScatter<T>(data: readonly NoInfer<T>[], op: Op<T>, options?: ReduceScatterOptions): Request<T>
  ireduceScatter(data: unknown, op: AnyOp = SUM, options: ReduceScatterOptions & Into = {}): Request<unknown> {
    return this.#reduceScatter(data, op, options)
  }

  /** @internal The collectives called so far. */
  get ledger(): Ledger {
    this.checkAlive()
    this.#ledger ??= new Ledger(this)
    return this.#ledger
  }

  /** @internal */
  override release(): void {
    this.#ledger?.stop(this.freedError())
    super.release()
  }

  #reduce(data: unknown, op: AnyOp, options: ReduceOptions & Into): Request<unknown> {
    return call(this, () => reduceOf(this, op, options), data, options.signal)
  }

  #allreduce(data: unknown, op: AnyOp, options: AllreduceOptions & Into): Request<unknown> {
    return call(this, () => allreduceOf(this, op, options), data, options.signal)
  }

  #scan(data: unknown, op: AnyOp, options: Signalled & Into): Request<unknown> {
    return call(this, () => scanOf(this, op, options), data, options.signal)
  }

  #exscan(data: unknown, op: AnyOp, options: Signalled & Into): Request<unknown> {
    return call(this, () => exscanOf(this, op, options), data, options.signal)
  }

  #reduceScatter(data: unknown, op: AnyOp, options: ReduceScatterOptions & Into): Request<unknown> {
    return call(this, () => reduceScatterOf(this, op, options), data, options.signal)
  }
}
