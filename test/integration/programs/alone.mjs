/** Started by `node`: a world of size 1, in which a receive without a send can never end. */
import { COMM_SELF, COMM_WORLD as comm } from 'rxmpi'

const received = comm.recv()
await comm.send({ a: 7 }, { dest: 0 })
console.log(comm.rank, comm.size, await received)
await COMM_SELF.send('left over', { dest: 0 })
await comm.recv({ source: 0, tag: 8 })
