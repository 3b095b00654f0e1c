// Expected: 100 subscriptions of one collective operator at the same time each get the results of their own number.
// the n-th subscription of one operator meets the n-th of the same operator on the other ranks, two subscribers or a hundred.

import { defer, forkJoin, lastValueFrom, of, toArray } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

let count = 0
const numbered = defer(() => of(count * 10, count++ * 10 + 1))
const sums = mpi.allreduce(comm, SUM)(numbered)
const all = await lastValueFrom(forkJoin(Array.from({ length: 100 }, () => sums.pipe(toArray()))))
const wrong = all.findIndex(([a, b], k) => a !== k * 10 * comm.size || b !== (k * 10 + 1) * comm.size)
console.log(wrong < 0 ? 'OK' : `FAIL: subscription ${wrong} got ${all[wrong]}`)
process.exit(wrong < 0 ? 0 : 1)
