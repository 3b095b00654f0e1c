// Expected: a stream truncated after 2 rounds ends well although rank 0's source fails in place 8; in any case rank 0 never sees its own
// error as RemoteError.
// an error takes its place in the stream, earlier rounds come first, and its own subscribers get it as itself.

import { concat, concatMap, EMPTY, lastValueFrom, map, of, range, throwError, timer, toArray } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

let bad = ''
for (let k = 0; k < 100; k++) {
  const values = range(0, [8, 7, 2][comm.rank % 3]!).pipe(concatMap((v) => (Math.random() < 0.3 ? timer(0).pipe(map(() => v)) : of(v))))
  const source = concat(values, comm.rank === 0 ? throwError(() => new TypeError('mine')) : EMPTY)
  const end = await lastValueFrom(source.pipe(mpi.allreduce(comm, SUM, { ragged: 'truncate' }), toArray())).then(
    () => 'done',
    (error) => error.name
  )
  if (comm.size > 2 && end !== 'done') bad = end
}
await comm.barrier()
console.log(bad === '' ? 'OK' : `FAIL: ${bad}`)
process.exit(bad === '' ? 0 : 1)
