/** Ranks start others in every way that there is, and look at what they have got. Run as a child, it does what its first argument says. */
import assert from 'node:assert/strict'
import {
  ArgumentError,
  COMM_PARENT,
  COMM_SELF,
  CollectiveMismatchError,
  COMM_WORLD as comm,
  type Intercommunicator,
  RankError,
  RemoteError,
  SpawnError,
  SUM
} from 'rxmpi'
import { refuses } from './refuses.js'

const self = new URL(import.meta.url)
const [role, ...args] = process.argv.slice(2)

if (COMM_PARENT === undefined) await parent()
else await child(COMM_PARENT)

async function child(up: Intercommunicator): Promise<void> {
  assert.equal(up.isInter, true)
  assert.equal(up.size, comm.size)
  assert.equal(up.rank, comm.rank)
  assert.equal(up.group.compare(comm.group), 'identical')
  if (role === 'talk') await talk(up, false)
  if (role === 'tell') await up.gather([comm.size, process.env.COLOUR, ...args], { root: 0 })
  if (role === 'nest') {
    const below = await comm.spawn(self, { args: ['tell', 'grandchild'] })
    const told = await below.gather(undefined, { root: { local: 0 } })
    if (comm.rank === 0) await up.send(told, { dest: 0 })
    await below.close()
  }
  await up.close()
  // The name is bound to what it is now.
  assert.equal(COMM_PARENT, undefined)
}

/** What both sides do with an intercommunicator; `first`: this one has spawned the other. */
async function talk(inter: Intercommunicator, first: boolean): Promise<void> {
  const { rank, remoteSize } = inter
  const big = new Float64Array(200_000).fill(rank + 0.5)
  const sent = Array.from({ length: remoteSize }, (_, dest) => inter.isend(dest % 2 === 0 ? big : { from: rank }, { dest, tag: 7 }))
  for (let source = 0; source < remoteSize; source++) {
    const got = await inter.recv({ source, tag: 7 })
    if (rank % 2 === 0) assert.equal((got as Float64Array)[199_999], source + 0.5)
    else assert.deepEqual(got, { from: source })
  }
  await Promise.all(sent.map((request) => request.wait()))
  assert.deepEqual(await inter.allgather(rank), [...Array(remoteSize).keys()])
  assert.equal(await inter.allreduce(1, SUM), remoteSize)
  assert.equal(await inter.bcast(first && rank === 0 ? 'news' : undefined, { root: first ? { local: 0 } : 0 }), first ? undefined : 'news')

  const merged = await inter.merge()
  assert.equal(merged.rank, first ? rank : remoteSize + rank)
  const turned = await inter.merge({ high: first })
  assert.equal(turned.rank, first ? remoteSize + rank : rank)
  assert.equal(await merged.allreduce(merged.rank, SUM), (merged.size * (merged.size - 1)) / 2)
  // Groups of different worlds know each other's ranks for what they are.
  assert.equal(merged.group.difference(comm.group).size, remoteSize)
  assert.deepEqual(comm.group.translateRanks([0], merged.group), [first ? 0 : remoteSize])
  assert.throws(() => comm.group.union(merged.group), ArgumentError)
  const mine = await merged.create(comm.group)
  assert.equal(mine?.compare(comm), 'congruent')

  const window = await merged.window(new Int32Array(new SharedArrayBuffer(8)))
  await window.put(Int32Array.of(merged.rank + 1), { target: (merged.rank + 1) % merged.size })
  await window.fence()
  assert.equal(window.local[0], ((merged.rank + merged.size - 1) % merged.size) + 1)
  await window.close()

  const pair = await inter.split(Math.min(rank, 1))
  assert.equal(pair?.remoteSize, rank === 0 ? 1 : remoteSize === 1 ? undefined : remoteSize - 1)
  const again = await inter.dup()
  await again.barrier()
  for (const one of [merged, turned, mine, pair, again]) one?.free()
}

async function parent(): Promise<void> {
  const root = comm.size - 1
  const isRoot = comm.rank === root
  // What to start is read at the root.
  const children = await comm.spawn(isRoot ? self : undefined, { root, ...(isRoot && { ranks: 2, args: ['talk'] }) })
  assert.equal(children.name, 'world.spawn(1)')
  assert.deepEqual([children.rank, children.size, children.remoteSize], [comm.rank, comm.size, 2])
  await talk(children, true)
  await children.close()

  // In processes of their own, one for each program.
  const apart = await comm.spawn(
    [
      { program: self, ranks: 2, args: ['talk'] },
      { program: self, ranks: 1, args: ['talk'] }
    ],
    { hosts: 'localhost:3' }
  )
  await talk(apart, true)
  await apart.close()
  const each = await comm.spawn(self, { ranks: 2, args: ['tell', 'y'], placement: 'process', env: { COLOUR: 'blue' } })
  const said = await each.gather(undefined, { root: { local: 0 } })
  if (comm.rank === 0) assert.deepEqual(said, Array(2).fill([2, 'blue', 'y']))
  await each.close()

  const several = await comm.spawn([
    { program: self, ranks: 2, args: ['tell', 'a', 'b c'] },
    { program: self.pathname, args: ['tell'], env: { COLOUR: 'red' } }
  ])
  const told = await several.gather(undefined, { root: { local: 0 } })
  if (comm.rank === 0)
    assert.deepEqual(told, [
      [3, undefined, 'a', 'b c'],
      [3, undefined, 'a', 'b c'],
      [3, 'red']
    ])
  await several.close()

  // Each by itself, at the same time, and one of them more than once.
  const own = await Promise.all([COMM_SELF.spawn(self, { args: ['nest'] }), COMM_SELF.spawn(self, { args: ['tell', 'x'] })])
  assert.deepEqual(await own[0].recv({ source: 0 }), [[1, undefined, 'grandchild']])
  assert.deepEqual(await own[1].gather(undefined, { root: { local: 0 } }), [[1, undefined, 'x']])
  await Promise.all(own.map((inter) => inter.close()))

  await refused(isRoot, root)
  console.log('done')
}

/** All start or none, and everybody hears why. */
async function refused(isRoot: boolean, root: number): Promise<void> {
  const at = (name: string): URL => new URL(`./spawn/${name}`, import.meta.url)
  const missing = (await refuses(comm.spawn(at('missing.ts'), { root }), SpawnError, /missing\.ts' does not exist/)) as SpawnError
  assert.equal(missing.program, at('missing.ts').pathname)
  const early = (await refuses(
    comm.spawn(
      [
        { program: self, args: ['tell'] },
        { program: at('early.ts'), ranks: 2 }
      ],
      { root }
    ),
    SpawnError,
    /early\.ts: rank [12] of the new world has not started: .*no licence/s
  )) as SpawnError
  assert.ok(early.spawned === 1 || early.spawned === 2)
  assert.match(early.output ?? '', /looking for a licence/)
  await refuses(comm.spawn(at('stranger.ts'), { root }), SpawnError, /stranger\.ts: rank 0 of the new world has not started: ended/)
  await refuses(comm.spawn(at('wrong.ts'), { root }), SpawnError, /wrong\.ts/)
  await refuses(
    comm.spawn(self, { root, hosts: 'there-is-no-such-machine' }),
    SpawnError,
    /another machine, and what is sent to it could be read/
  )

  const bad: [unknown, object, RegExp][] = [
    [undefined, {}, /program: expected a path or a URL/],
    [[], {}, /the list of what to start is empty/],
    [self, { placement: 'procces' }, /placement: expected 'thread' or 'process'/],
    [self, { ranks: 0 }, /ranks: expected an integer from 1 on, got 0/],
    [self, { args: 'x' }, /args: expected an array of strings/],
    [[{ program: self, args: [1] }], {}, /\[0\]\.args: expected an array of strings/],
    [[{ program: self }], { args: ['x'] }, /args: it is said for each program of a list by itself/],
    [self, { env: { A: 1 } }, /env: expected strings by name/],
    [new URL('https://example.org/a.ts'), {}, /cannot be run; expected a path or a file: URL/],
    [[{ program: self, rank: 2 }], {}, /rank: there is no such option; did you mean 'ranks'\?/]
  ]
  for (const [what, options, text] of bad)
    await refuses(comm.spawn(what as URL, { root, ...options }), isRoot ? ArgumentError : RemoteError, text)
  await refuses(comm.spawn(self, { root: comm.size }), RankError, /root: \d is no rank of the communicator/)
  await refuses(comm.spawn(self, { rooot: 1 } as object), ArgumentError, /did you mean 'root'/)
  if (comm.size > 1)
    await refuses(comm.spawn(self, { root: isRoot ? root : 0 }), CollectiveMismatchError, /spawn: rank 0 gives root: 0 and rank/)
}
