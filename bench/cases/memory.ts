/** The most memory that was resident while all ranks were up, divided by them: the ranks are threads of one process. */

import { COMM_WORLD as comm } from 'rxmpi'
import { meet, report, steps } from './measure.js'

console.log(`I am rank ${comm.rank} in group of ${comm.size} processes`)
await meet()
for (const step of steps) report(step, (process.resourceUsage().maxRSS * 1024) / comm.size / 1e6)
