// On 1 to 4 ranks. A communicator that was made and freed leaves nothing behind: at most 200 bytes each, so that a loop over dup and free
// runs for ever.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { COMM_WORLD as comm } from 'rxmpi'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const after = async (count: number): Promise<number> => {
  for (let k = 0; k < count; k++) (await comm.dup()).free()
  collect()
  return process.memoryUsage().heapUsed
}
// So many that what V8 makes of the code meanwhile, some 400 KB of a rank that is alone, is little beside it.
const COUNT = comm.size === 1 ? 6000 : 1500
await after(COUNT / 3)
const before = await after(COUNT)
const each = ((await after(COUNT)) - before) / COUNT
const bad = each > 200
console.log(bad ? `FAIL: ${Math.round(each)} bytes for each` : 'OK')
process.exit(bad ? 1 : 0)
