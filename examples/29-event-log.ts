/**
 * A log of what happens on all ranks. In rounds it has the same bytes in every run, whatever the ranks' speed; each event says where in the
 * file it is once it is there. Then each rank reads all of it.
 *
 * Run: rxmpi run -n 4 examples/29-event-log.ts
 */
import { concatMap, count, delay, lastValueFrom, map, of, range, tap } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const EVENTS = 50

using file = await comm.open('/tmp/rxmpi-events.jsonl', 'w+', { deleteOnClose: true })

const events$ = range(0, EVENTS).pipe(
  concatMap((step) => of(step).pipe(delay(Math.random()))), // Ranks are not equally fast.
  map((step) => ({ step, rank: comm.rank, value: (step * (comm.rank + 1)) % 7 }))
)
let bytes = 0
await lastValueFrom(
  events$.pipe(
    map((event) => JSON.stringify(event)),
    mpi.writeTo(file, { format: 'lines', order: 'rounds' }),
    tap((written) => (bytes += written.bytes))
  )
)
await file.sync()

const steps: number[] = []
const lines$ = mpi.readFrom<string>(file, { format: 'lines', share: 'all' })
const read = await lastValueFrom(
  lines$.pipe(
    tap(({ value }) => steps.push(JSON.parse(value).step)),
    count()
  )
)
const ordered = steps.every((step, k) => k === 0 || step >= steps[k - 1]!)
const all = await comm.allreduce(bytes)
if (comm.rank === 0) console.log(`${read} events in ${all} bytes, round by round: ${ordered}`)
await file.close()
