// rxmpi run -n 3 --timeout 10: a DeadlockError or CollectiveMismatchError within 2 s, with both lines. The root of a bcast waits for the
// ranks that have not come, however many they are.
import { COMM_WORLD as comm } from 'rxmpi'

if (comm.rank === 0) await comm.bcast(5)
else await comm.recv({ source: 0 })
