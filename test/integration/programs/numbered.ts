/**
 * Rank 0 sends numbered messages to the last rank, at least so many and until there is a certain file; that one looks that none is lost,
 * repeated or out of order, and says when the messages flow.
 */
import { existsSync } from 'node:fs'
import { COMM_WORLD as comm } from 'rxmpi'

const [number, file] = process.argv.slice(2)
const count = Number(number)
const last = comm.size - 1
const end = -1
if (comm.rank === 0) {
  const goesOn = (k: number): boolean => k < count || k % 1024 !== 0 || (file !== undefined && !existsSync(file))
  for (let k = 0; goesOn(k); k++) await comm.send(k, { dest: last })
  await comm.send(end, { dest: last })
} else if (comm.rank === last) {
  let received = 0
  let gap = 0
  let before = performance.now()
  for (;;) {
    const got = await comm.recv<number>({ source: 0 })
    if (got === end) break
    if (got !== received) throw new Error(`message ${got} came instead of ${received}`)
    if (received++ === 0) console.log('flowing')
    if (received % 256 === 0) {
      const now = performance.now()
      gap = Math.max(gap, now - before)
      before = now
    }
  }
  if (received < count) throw new Error(`${received} messages came, not ${count}`)
  console.log(`received ${received}, longest gap ${Math.round(gap)} ms`)
}
