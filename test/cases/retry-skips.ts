// rxmpi run -n 3 (and 2, 8): every rank makes three attempts each time, for the n-th subscription of an operator meets the n-th on the
// other ranks.
import { defer, from, lastValueFrom, retry, throwError, toArray } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

let wrong = 0
for (let k = 0; k < 200; k++) {
  let attempts = 0
  const source = defer(() => (attempts++ < 2 && comm.rank === 0 ? throwError(() => new Error('not yet')) : from([0, 1, 2])))
  const got = await lastValueFrom(source.pipe(mpi.allreduce(comm), retry(5), toArray()))
  if (attempts !== 3 || got.join() !== [0, 1, 2].map((v) => v * comm.size).join()) wrong++
}
console.log(wrong === 0 ? 'OK' : `FAIL: ${wrong} of 200`)
process.exitCode = wrong === 0 ? 0 : 1
