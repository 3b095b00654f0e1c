/** The smallest program: what it takes is the launcher's start. */

import { COMM_WORLD as comm } from 'rxmpi'

console.log(`I am rank ${comm.rank} in group of ${comm.size} processes`)
