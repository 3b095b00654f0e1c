/** Groups of three ranks meet by ports, in every way that there is. */
import assert from 'node:assert/strict'
import { firstValueFrom, lastValueFrom, mergeMap, take, toArray } from 'rxjs'
import {
  ArgumentError,
  COMM_SELF,
  CollectiveMismatchError,
  COMM_WORLD as comm,
  type Intercommunicator,
  PortError,
  RankError,
  RemoteError,
  SUM,
  TimeoutError
} from 'rxmpi'
import { refuses } from './refuses.js'

const { rank } = comm
const listens = rank < 2
using group = (await comm.split(listens ? 0 : 1))!

/** What two groups do when they have met. */
async function meet(inter: Intercommunicator): Promise<unknown> {
  assert.equal(inter.remoteSize, 3 - group.size)
  const [theirs] = await inter.allgather(`rank ${rank}`)
  const both = await inter.merge()
  // Who has accepted comes first.
  assert.equal(both.rank, rank)
  assert.equal(await both.allreduce(1, SUM), 3)
  const list = new Float64Array(100_000).fill(rank)
  if (rank === 1) await both.send(list, { dest: 2 })
  if (rank === 2) assert.equal(((await both.recv({ source: 1 })) as Float64Array)[99_999], 1)
  both.free()
  await inter.close()
  return theirs
}

// One is let in, whoever comes first; the other waits for the port to be there.
const port = group.listen('desk', { root: group.size - 1 })
const met = await (listens ? firstValueFrom(port) : group.connect('desk', { timeout: 20_000 }))
assert.equal(met.name, listens ? 'world.split(1).accept(1)' : 'world.split(1).connect(1)')
assert.equal(await meet(met), listens ? 'rank 2' : 'rank 0')
await comm.barrier()

// Those who come later are served as they come, and all who listen see the same, in the same order.
const FROM_ONE = 5
if (listens) {
  const served = port.pipe(
    take(FROM_ONE),
    mergeMap(async (inter) => [inter.name, await inter.bcast(undefined, { root: 0 }), await inter.close()][1]),
    toArray()
  )
  const all = await group.allgather(await lastValueFrom(served))
  assert.deepEqual(all[0], [...Array(FROM_ONE).keys()])
  assert.deepEqual(all[1], all[0])
} else {
  const wait = { timeout: 20_000 }
  for (let k = 0; k < FROM_ONE; k++) {
    const inter = await group.connect('desk', wait)
    await inter.bcast(k, { root: { local: 0 } })
    await inter.close()
  }
}
await comm.barrier()

// Names
await refuses(group.connect('desk'), PortError, /nobody listens at port 'desk'/)
await refuses(group.connect('desk', { timeout: 50 }), PortError, /nobody listens at port 'desk'/)
const signal = group.rank === 0 ? AbortSignal.timeout(50) : undefined
await refuses(group.connect('desk', { timeout: 60_000, signal }), signal ? TimeoutError : RemoteError, /signal was aborted/)
await refuses(
  comm.connect(rank === 1 ? 'one' : 'two'),
  CollectiveMismatchError,
  /rank 0 gives port 'two' and root: 0 and rank 1 port 'one'/
)
await refuses(comm.connect('x', { timeout: -1 }), rank === 0 ? ArgumentError : RemoteError, /timeout: expected milliseconds/)
await refuses(comm.connect('', {}), ArgumentError, /port: expected a name/)
assert.throws(() => comm.listen('x', { queue: 0.5 }), /queue: expected an integer from 0 on, got 0.5/)
assert.throws(() => comm.listen('x', { root: 3 }), RankError)
const seen: Intercommunicator[] = []
let isOver = false
const open = comm.listen('hall', { queue: 0 }).subscribe({
  next: (inter) => {
    seen.push(inter)
  },
  complete: () => {
    isOver = true
  }
})
await refuses(COMM_SELF.connect('hall', { timeout: 20_000 }), RankError, /ranks 0 listen at port 'hall' themselves/)
await refuses(lastValueFrom(comm.listen('hall')), PortError, /port 'hall' is in use/)
assert.equal(seen.length, 0)
// Where the root unsubscribes, the port is closed for all.
if (rank === 0) open.unsubscribe()
while (rank !== 0 && !isOver) await new Promise((resolve) => setImmediate(resolve))

// A port that is busy: while its root computes, without a turn of its event loop.
if (process.argv[2] === 'busy') {
  using own = (await comm.split(rank))!
  if (rank === 0) {
    const first = firstValueFrom(own.listen('window', { queue: 0 }))
    await refuses(lastValueFrom(own.listen('window')), PortError, /port 'window' is in use/)
    const refused = comm.irecv()
    const told = [1, 2].map((dest) => comm.isend('come', { dest }))
    while (!refused.test());
    await Promise.all(told.map((request) => request.wait()))
    await (await first).close()
  } else {
    await comm.recv({ source: 0 })
    await own.connect('window', { timeout: 20_000 }).then(
      (inter) => inter.close(),
      async (error: Error) => {
        assert.match(error.message, /port 'window' is busy: 0 others wait there already/)
        await comm.send(error.name, { dest: 0 })
      }
    )
  }
}
console.log('done')
