/** A rank that does not receive is sent a million small messages: it loses none, and they take no memory of it. On 2 ranks. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { lastValueFrom, map, take } from 'rxjs'
import { COMM_WORLD as comm, type Message } from 'rxmpi'
import { check, report } from './checks.js'

const COUNT = 500_000
const PAUSE_MS = 400
/** Of both ranks, for they are threads of one process; the messages alone, kept as values, would be twice that. */
const MOST_BYTES = 64 * 2 ** 20

async function flooded(pause: () => unknown, receive: () => Promise<number>): Promise<void> {
  if (comm.rank === 0) for (let k = 0; k < COUNT; k++) await comm.send({ k }, { dest: 1 })
  else {
    const before = process.memoryUsage().rss
    await pause()
    assert.ok(process.memoryUsage().rss - before < MOST_BYTES)
    assert.equal(await receive(), COUNT)
  }
}

await check('while it sleeps', async () => {
  await flooded(
    () => sleep(PAUSE_MS),
    async () => {
      let k = 0
      while (k < COUNT) assert.equal((await comm.recv<{ k: number }>({ source: 0 })).k, k++)
      return k
    }
  )
})

await check('while it computes', async () => {
  await flooded(
    () => {
      for (const end = performance.now() + PAUSE_MS; performance.now() < end; );
    },
    () => {
      let k = 0
      const inOrder = map(({ data }: Message<{ k: number }>) => {
        assert.equal(data.k, k++)
        return k
      })
      return lastValueFrom(comm.messages<{ k: number }>({ source: 0 }).pipe(inOrder, take(COUNT)))
    }
  )
})

report()
