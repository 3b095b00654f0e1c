/** Rank 0 sends numbered messages to the last rank, which looks that none is lost, repeated or out of order. */
import { COMM_WORLD as comm } from 'rxmpi'

const count = Number(process.argv[2])
const last = comm.size - 1
if (comm.rank === 0) {
  console.log('sending')
  for (let k = 0; k < count; k++) await comm.send(k, { dest: last })
} else if (comm.rank === last) {
  let gap = 0
  let before = performance.now()
  for (let k = 0; k < count; k++) {
    const got = await comm.recv<number>({ source: 0 })
    if (got !== k) throw new Error(`message ${got} came instead of ${k}`)
    if (k % 256 === 0) {
      const now = performance.now()
      gap = Math.max(gap, now - before)
      before = now
    }
  }
  console.log(`received ${count}, longest gap ${Math.round(gap)} ms`)
}
