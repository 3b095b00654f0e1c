/** What the compiler promises about reductions. Checked by `tsc`, never run. */

import { EMPTY, from, type Observable, of } from 'rxjs'
import { COMM_WORLD as comm, createOp, LAND, MAX, MAXLOC, type Request, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { expectType } from './equal.js'

interface Point {
  x: number
}

declare const doubles: Float64Array<ArrayBuffer>
declare const places: [value: number, location: number][]
declare const numbers: Observable<number>
const add = createOp((a: Point, b: Point) => ({ x: a.x + b.x }))
const elementwise = createOp((_a: Float64Array<ArrayBuffer>, b: Float64Array<ArrayBuffer>) => b)

export function methods(): void {
  expectType<Promise<number>>()(comm.allreduce(1))
  expectType<Promise<number | undefined>>()(comm.reduce(1, MAX, { root: 1 }))
  expectType<Promise<boolean>>()(comm.scan(true, LAND))
  expectType<Request<number | undefined>>()(comm.iexscan(1))
  expectType<Promise<Point>>()(comm.scan({ x: 1 }, add))
  expectType<Promise<Point | undefined>>()(comm.exscan({ x: 1 }, add))
  expectType<Promise<number>>()(comm.reduceScatter([1, 2]))
  expectType<Promise<[value: number, location: number]>>()(comm.reduceScatter(places, MAXLOC))
  expectType<Promise<Float64Array<ArrayBuffer>>>()(comm.reduceScatter(doubles, SUM, { counts: [1, 2], into: doubles }))
  expectType<Promise<Float64Array<ArrayBuffer>>>()(comm.reduceScatter(doubles, elementwise))
  expectType<Request<Point>>()(comm.ireduceScatter([{ x: 1 }], add))
  // @ts-expect-error: booleans have no sum
  comm.scan(true)
  // @ts-expect-error: nor arrays of them
  comm.reduceScatter([true, false])
  // @ts-expect-error: a number is not divided
  comm.reduceScatter(1)
  // @ts-expect-error: objects need an op of their own
  comm.exscan({ x: 1 }, SUM)
}

export function operators(): void {
  expectType<Observable<number>>()(numbers.pipe(mpi.allreduce(comm, SUM)))
  expectType<Observable<number>>()(numbers.pipe(mpi.scan(comm)))
  expectType<Observable<number | undefined>>()(numbers.pipe(mpi.exscan(comm, MAX)))
  expectType<Observable<Point>>()(of({ x: 1 }).pipe(mpi.reduce(comm, add)))
  expectType<Observable<number>>()(from([[1, 2]]).pipe(mpi.reduceScatter(comm, SUM)))
  expectType<Observable<number>>()(from([[1, 2]]).pipe(mpi.reduceScatter(comm)))
  expectType<Observable<Float64Array<ArrayBuffer>>>()(of(doubles).pipe(mpi.reduceScatter(comm, SUM)))
  expectType<Observable<Float64Array<ArrayBuffer>>>()(of(doubles).pipe(mpi.reduceScatter(comm, elementwise)))
  expectType<Observable<Point>>()(of([{ x: 1 }]).pipe(mpi.reduceScatter(comm, add)))
  expectType<Observable<number>>()((EMPTY as Observable<number>).pipe(mpi.bcast(comm)))
  expectType<Observable<number>>()(numbers.pipe(mpi.barrier(comm)))
}
