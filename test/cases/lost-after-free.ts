// On 1 to 4 ranks. Communicators are made of the world and of each rank alone, freed, and made again: every message in them arrives.
import { COMM_SELF, COMM_WORLD, type Communicator } from 'rxmpi'

const round = async (parent: Communicator, many: number): Promise<number> => {
  const made: Communicator[] = []
  for (let k = 0; k < many; k++) made.push(await parent.dup())
  const next = (parent.rank + 1) % parent.size
  const last = (parent.rank + parent.size - 1) % parent.size
  for (const [k, comm] of made.entries()) await comm.send(k, { dest: next })
  let lost = 0
  for (const [k, comm] of [...made.entries()].reverse()) {
    const got = await comm.recv<number>({ source: last, signal: AbortSignal.timeout(1000) }).catch(() => undefined)
    if (got !== k) lost++
  }
  for (const comm of made) comm.free()
  return lost
}
const keepAlive = setInterval(() => {}, 1000)
let lost = 0
for (const many of [4, 20, 3]) for (const parent of [COMM_WORLD, COMM_SELF]) lost += await round(parent, many)
clearInterval(keepAlive)
console.log(lost === 0 ? 'OK' : `FAIL: ${lost} messages lost`)
process.exitCode = lost === 0 ? 0 : 1
