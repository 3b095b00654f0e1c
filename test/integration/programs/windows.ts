/** Windows among real threads, where all ranks act on the same memory at the same time. */
import { firstValueFrom, take, toArray } from 'rxjs'
import { BXOR, COMM_WORLD as comm, MAX, NO_OP, SUM } from 'rxmpi'

const { rank, size } = comm

function check(is: boolean, what: string): void {
  if (!is) throw new Error(`rank ${rank}: ${what}`)
}

for (const kind of ['shared', 'private']) {
  const memory = <A>(Type: new (memory: number | SharedArrayBuffer) => A, length: number, bytes: number): A =>
    new Type(kind === 'shared' ? new SharedArrayBuffer(length * bytes) : length)

  using counters = await comm.window(memory(Int32Array, 4, 4))
  using sums = await comm.window(memory(Float64Array, 600, 8))
  using longs = await comm.window(memory(BigInt64Array, 2, 8))

  // Fewer where each call is a message.
  const isNear = Array.from({ length: size }, (_, other) => counters.shared(other)).every((part) => part !== undefined)
  const rounds = isNear ? Math.ceil(300 / Math.ceil(size / 2)) : 30

  // Each ticket once.
  const tickets: number[] = []
  for (let k = 0; k < rounds; k++) tickets.push(await counters.fetchAndOp(1, SUM, { target: 0 }))
  const all = (await comm.allgather(tickets)).flat()
  check(new Set(all).size === rounds * size, 'a ticket was drawn twice')

  // No sum is lost, of integers, floats, of one and of many, with several ops beside each other.
  const many = new Float64Array(600).fill(1)
  for (let k = 0; k < rounds; k++) {
    await sums.accumulate(many, SUM, { target: k % size })
    await longs.accumulate(BigInt64Array.of(1n), SUM, { target: 0 })
    await longs.fetchAndOp(1n << BigInt(rank), BXOR, { target: 0, at: 1 })
    await counters.accumulate(Int32Array.of(rank * rounds + k), MAX, { target: 0, at: 1 })
  }
  await sums.fence()
  await longs.fence()
  await counters.fence()
  const share = Math.floor(rounds / size) + (rank < rounds % size ? 1 : 0)
  check(
    sums.local.every((sum) => sum === share * size),
    `sums: ${sums.local[0]} instead of ${share * size}`
  )
  if (rank === 0) {
    check(longs.local[0] === BigInt(rounds * size), 'longs')
    check(longs.local[1] === (rounds % 2 === 0 ? 0n : (1n << BigInt(size)) - 1n), 'bits')
    check(counters.local[1] === size * rounds - 1, `the largest is ${counters.local[1]}`)
  }

  await comm.barrier()

  // A spin lock by compareAndSwap, and the window's own: nobody is in between.
  for (let k = 0; k < rounds / 10; k++) {
    while ((await counters.compareAndSwap(0, rank + 1, { target: 0, at: 2 })) !== 0) {}
    const [n] = await sums.get({ target: 0, at: 0, count: 1 })
    await sums.put(Float64Array.of(n! + 1), { target: 0, at: 0 })
    await counters.fetchAndOp(-rank - 1, SUM, { target: 0, at: 2 })
    await using _lock = await sums.lock(size - 1)
    const [m] = await sums.get({ target: size - 1, at: 1, count: 1 })
    await sums.put(Float64Array.of(m! + 1), { target: size - 1, at: 1 })
  }
  await sums.fence()
  const spun = await sums.getAccumulate(new Float64Array(1), NO_OP, { target: 0 })
  const total = size * Math.ceil(rounds / 10)
  const first = (Math.floor(rounds / size) + (0 < rounds % size ? 1 : 0)) * size
  check(spun[0] === first + total, `spun: ${spun[0]} instead of ${first + total}`)
  if (rank === size - 1) check(sums.local[1] === share * size + total, `locked: ${sums.local[1]} instead of ${share * size + total}`)
  await sums.fence()

  // Epochs of a ring.
  const [next, previous] = [(rank + 1) % size, (rank + size - 1) % size]
  for (let round = 1; round <= 20; round++) {
    await counters.post(comm.group.include([previous]))
    await counters.start(comm.group.include([next]))
    await counters.put(Int32Array.of(round), { target: next, at: 3 })
    await counters.complete()
    await counters.wait()
    check(counters.local[3] === round, 'epoch')
  }

  await comm.barrier()

  // One tells the next.
  const heard = firstValueFrom(counters.notifications({ source: previous }).pipe(take(10), toArray()))
  for (let k = 0; k < 10; k++) await counters.put(Int32Array.of(k), { target: next, at: 3, notify: k })
  check((await heard).map(({ tag }) => tag).join() === '0,1,2,3,4,5,6,7,8,9', 'notifications')
  check(counters.local[3] === 9, 'notified before it was seen')

  await counters.close()
  await sums.close()
  await longs.close()
}

using whole = await comm.allocateWindow(Float64Array, 2, { contiguous: true })
whole.local.fill(rank + 1)
await whole.fence()
if (whole.whole !== undefined) check(whole.whole.length === 2 * size && whole.whole.at(-1) === size, 'whole')
await whole.fence()
await whole.close()
// What is made beside other calls on the communicator meets theirs in the order of the calls, whoever waits for what meanwhile.
const making = comm.allocateWindow(Int32Array, 1)
if (rank === 0) await making
await comm.barrier()
using last = await making
// And a window is left at once, by each rank when it has come to the end.
await last.fence()
if (rank === 0) console.log('all is well')
