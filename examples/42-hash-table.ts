/**
 * A hash table over the memory of all ranks: a key's hash says on which rank and where it is looked for first, `compareAndSwap` takes a free
 * place for it, `fetchAndOp` counts. No rank serves another.
 *
 *     npx rxmpi run -n 4 examples/42-hash-table.ts
 *
 * MPI: MPI_Compare_and_swap, MPI_Fetch_and_op; "Using Advanced MPI" (Gropp, Hoefler, Thakur, Lusk), chapter 4.
 */
import { COMM_WORLD as comm, SUM } from 'rxmpi'

const PLACES = 1024
/** Of each place its key, 0 where it is free, and how often that was seen. */
using table = await comm.allocateWindow(Int32Array, 2 * PLACES)

async function count(key: number): Promise<void> {
  let place = Math.imul(key, 0x9e3779b1) >>> 0
  for (;;) {
    const target = place % comm.size
    const at = 2 * (Math.floor(place / comm.size) % PLACES)
    const was = await table.compareAndSwap(0, key, { target, at })
    if (was === 0 || was === key) {
      await table.fetchAndOp(1, SUM, { target, at: at + 1 })
      return
    }
    place++
  }
}

// All ranks together count how many divisors the numbers to 2000 have: each rank those of its own numbers.
for (let n = comm.rank + 1; n <= 2000; n += comm.size) {
  let divisors = 0
  for (let k = 1; k <= n; k++) if (n % k === 0) divisors++
  await count(divisors)
}
await table.fence()

const own: [divisors: number, numbers: number][] = []
for (let k = 0; k < PLACES; k++) if (table.local[2 * k] !== 0) own.push([table.local[2 * k]!, table.local[2 * k + 1]!])
const all = await comm.gather(own)
if (all !== undefined) {
  const found = all.flat().sort(([a], [b]) => a - b)
  console.log(`${found.length} kinds, ${found.reduce((sum, [, numbers]) => sum + numbers, 0)} numbers`)
  console.log(
    found
      .slice(0, 4)
      .map(([divisors, numbers]) => `${numbers} have ${divisors}`)
      .join(', ')
  )
}
await table.close()
