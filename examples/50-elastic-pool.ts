/**
 * A pool that grows and shrinks while it works. The first rank hands out the work; the others come one after the other, as workers would
 * from other machines or other jobs, and the second leaves again after some tasks. No task is lost, and each is done once.
 *
 *     npx rxmpi run -n 4 examples/50-elastic-pool.ts
 *
 * mpi4py: nothing like it; its pools have a fixed size.
 */

import { lastValueFrom, mergeMap, range, take, timer, toArray } from 'rxjs'
import { COMM_SELF, COMM_WORLD as comm } from 'rxmpi'
import { RankPool } from 'rxmpi/pool'

const TASKS = 400

if (comm.size === 1) {
  console.log('run it on two ranks or more')
} else if (comm.rank === 0) {
  const pool = (await RankPool.of(COMM_SELF, { grows: true }))!
  const guests = COMM_SELF.listen('pool').pipe(
    take(comm.size - 1),
    mergeMap(async (group) => {
      await pool.add(group)
      await group.close().catch(() => group.free())
    }),
    toArray()
  )
  const allGone = lastValueFrom(guests)
  // Until somebody comes the tasks wait.
  const work = async (n: number): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, 2))
    return n * n
  }
  const squares = await lastValueFrom(pool.map(work, range(TASKS), { chunk: 1 }).pipe(toArray()))
  await pool.close()
  // Who comes late is sent away.
  await allGone
  console.log(`${squares.length} tasks are done, once each and in order: ${squares.every((square, n) => square === n * n)}`)
} else {
  await lastValueFrom(timer(50 * comm.rank))
  const pool = await COMM_SELF.connect('pool', { timeout: 10_000 })
  const leave = new AbortController()
  if (comm.rank === 2) setTimeout(() => leave.abort(), 100)
  await RankPool.join(pool, { signal: leave.signal })
  await pool.close()
}
