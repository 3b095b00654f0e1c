/** Two ranks connect and close again and again; tells what each time leaves. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { firstValueFrom } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'

const rounds = Number(process.argv[2])
const group = (await comm.split(comm.rank))!

async function meet(): Promise<void> {
  const wait = { timeout: 20_000 }
  const inter = await (comm.rank === 0 ? firstValueFrom(group.listen('desk')) : group.connect('desk', wait))
  await inter.allgather(new Float64Array(1000))
  await inter.close()
}

/** What this process has open, its memory, and what this thread's program holds, in bytes. */
async function look(): Promise<{ descriptors: number; resident: number; heap: number }> {
  await comm.barrier()
  // What both have given up is heard of by then.
  await sleep(100)
  for (let k = 0; k < 3; k++) globalThis.gc!()
  const { rss, heapUsed } = process.memoryUsage()
  // One after the other: a rank that looks, goes on, or ends, opens files, and another would count them.
  let descriptors = 0
  for (let turn = 0; turn < comm.size; turn++) {
    if (turn === comm.rank) descriptors = readdirSync('/proc/self/fd').length
    await comm.barrier()
  }
  return { descriptors, resident: rss, heap: heapUsed }
}

// What is made once, code too.
for (let k = 0; k < Math.min(rounds, 100); k++) await meet()
// The launcher opens the socket at which a job is asked half a second after its start.
while (!readFileSync('/proc/net/unix', 'utf8').includes(`/${process.pid}.sock`)) await sleep(10)
const before = await look()
for (let k = 0; k < rounds; k++) await meet()
const after = await look()
group.free()
const grown = Object.entries(after).map(([name, value]) => [name, value - before[name as keyof typeof before]])
console.log(JSON.stringify(Object.fromEntries(grown)))
