// rxmpi run -n 2 (and 3): a hundred subscriptions of one operator at the same time get the results of their own number each.

import { defer, forkJoin, lastValueFrom, of, toArray } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

let count = 0
const numbered = defer(() => of(count * 10, count++ * 10 + 1))
const sums = mpi.allreduce(comm, SUM)(numbered)
const all = await lastValueFrom(forkJoin(Array.from({ length: 100 }, () => sums.pipe(toArray()))))
const wrong = all.findIndex(([a, b], k) => a !== k * 10 * comm.size || b !== (k * 10 + 1) * comm.size)
console.log(wrong < 0 ? 'OK' : `FAIL: subscription ${wrong} got ${all[wrong]}`)
process.exitCode = wrong < 0 ? 0 : 1
