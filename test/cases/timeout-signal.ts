// rxmpi run -n 2: prints OK on both ranks. A call with a live signal can still end, so there is no deadlock to be proved, though the timer
// of AbortSignal.timeout keeps no event loop open.
import { COMM_WORLD as comm } from 'rxmpi'

const begin = performance.now()
const error = await comm.recv({ source: 1 - comm.rank, signal: AbortSignal.timeout(400) }).catch((e: Error) => e)
const ms = performance.now() - begin
const good = error instanceof Error && error.name === 'TimeoutError' && ms > 350
console.log(good ? 'OK' : `FAIL: ${error} after ${ms.toFixed(0)} ms`)
process.exitCode = good ? 0 : 1
// A rank that ends is no rank to receive from: it stays until the other's time is over.
await comm.barrier()
