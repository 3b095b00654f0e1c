// rxmpi run -n 2 --timeout 10: a DeadlockError or CollectiveMismatchError within 2 s, with both lines. As root-alone.ts, with an array that
// does not fit the window: a send that nobody takes is no computing.
import { COMM_WORLD as comm } from 'rxmpi'

if (comm.rank === 0) await comm.bcast(new Float64Array(1 << 20))
else await comm.recv({ source: 0 })
