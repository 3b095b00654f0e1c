/** Rank 0 sends numbered messages to the last rank, at least so many and for so many seconds; that one looks that none is lost, repeated or out of order. */
import { COMM_WORLD as comm } from 'rxmpi'

const [count, seconds = 0] = process.argv.slice(2).map(Number)
const last = comm.size - 1
const end = -1
if (comm.rank === 0) {
  console.log('sending')
  const begun = performance.now()
  for (let k = 0; k < count || performance.now() < begun + 1000 * seconds; k++) await comm.send(k, { dest: last })
  await comm.send(end, { dest: last })
} else if (comm.rank === last) {
  let received = 0
  let gap = 0
  let before = performance.now()
  for (;;) {
    const got = await comm.recv<number>({ source: 0 })
    if (got === end) break
    if (got !== received) throw new Error(`message ${got} came instead of ${received}`)
    received++
    if (received % 256 === 0) {
      const now = performance.now()
      gap = Math.max(gap, now - before)
      before = now
    }
  }
  if (received < count) throw new Error(`${received} messages came, not ${count}`)
  console.log(`received ${received}, longest gap ${Math.round(gap)} ms`)
}
