import fc from 'fast-check'
import { combineLatest, finalize, firstValueFrom, from, ignoreElements, type Observable, of, switchMap, tap, throwError, timer } from 'rxjs'
import * as mpi from '../../operators/index.js'
import { type Communicator, createOp, type Intercommunicator, type RankFailedError, SUM } from '../../src/index.js'
import { simulate } from '../../testing/index.js'
import { memoryWorld } from '../../testing/simulation/memory-world.js'
import { ofEach, twoGroups } from '../compliance/two-groups.js'

const error = (name: string, message: RegExp) => expect.objectContaining({ name, message: expect.stringMatching(message) })

describe('createIntercomm', () => {
  it('refuses groups that overlap, on all their ranks', async () => {
    await Promise.all(
      memoryWorld(3).map(async (world) => {
        const overlap = error('RankError', /in both groups/)
        await expect(world.createIntercomm({ bridge: world, remoteLeader: 1 })).rejects.toEqual(overlap)
        const first = await world.create(world.group.include([0, 1]))
        const second = await world.create(world.group.include([1, 2]))
        await Promise.all([
          first && expect(first.createIntercomm({ bridge: world, remoteLeader: 2 })).rejects.toEqual(overlap),
          second && expect(second.createIntercomm({ bridge: world, remoteLeader: 0, localLeader: 1 })).rejects.toEqual(overlap)
        ])
      })
    )
  })

  it('finds bad arguments before anything is sent', async () => {
    const [world] = memoryWorld(1) as [ReturnType<typeof memoryWorld>[number]]
    for (const [options, wrong] of [
      [{}, error('ArgumentError', /^bridge: /)],
      [{ bridge: 3, remoteLeader: 0 }, error('ArgumentError', /^bridge: /)],
      [{ bridge: world }, error('RankError', /^remoteLeader: undefined/)],
      [{ bridge: world, remoteLeader: 1 }, error('RankError', /^remoteLeader: 1/)],
      [{ bridge: world, remoteLeader: 0, localLeader: 1 }, error('RankError', /^localLeader: 1/)],
      [{ bridge: world, remoteLeader: 0, tag: -1 }, error('TagError', /^tag: /)]
    ] as const) {
      await expect(world.createIntercomm(options as never)).rejects.toEqual(wrong)
    }
  })

  it('wants one leader of a group', async () => {
    await Promise.all(
      memoryWorld(2).map(async (world) => {
        const different = world.createIntercomm({ bridge: world, remoteLeader: 0, localLeader: world.rank })
        await expect(different).rejects.toEqual(error('CollectiveMismatchError', /localLeader/))
      })
    )
  })

  it('takes any leader, tags, and groups in any order', async () => {
    await Promise.all(
      memoryWorld(5).map(async (world) => {
        const side = world.rank % 2
        const half = (await world.split(side, -world.rank))!
        const inter = await half.createIntercomm({
          bridge: world,
          remoteLeader: side === 0 ? 1 : 4,
          localLeader: side === 0 ? 0 : 1,
          tag: 7
        })
        expect(await inter.allgather(world.rank)).toEqual(side === 0 ? [3, 1] : [4, 2, 0])
        const merged = await inter.merge()
        expect(await merged.allgather(world.rank)).toEqual([3, 1, 4, 2, 0])
      })
    )
  })
})

describe('an intercommunicator', () => {
  it('refuses what is of one group', async () => {
    await twoGroups([1, 1], async (inter) => {
      const calls = inter as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>
      for (const name of ['cart', 'graph', 'scan', 'exscan', 'neighborAllgather', 'window', 'open', 'createGroup', 'splitType', 'shrink']) {
        await expect(calls[name]!(1)).rejects.toEqual(error('ArgumentError', new RegExp(`^${name}: `)))
      }
      expect(() => mpi.scan(inter as never)).toThrow(error('ArgumentError', /^scan: /))
    })
  })

  it('refuses roots and ranks that there are not', async () => {
    await twoGroups([1, 2], async (inter, { local, remote }) => {
      await expect(inter.bcast(1, { root: remote })).rejects.toEqual(error('RankError', /^root: .* remote group/))
      await expect(inter.reduce(1, SUM, { root: { local } })).rejects.toEqual(error('RankError', /^root: .* local group/))
      await expect(inter.send(1, { dest: remote })).rejects.toEqual(error('RankError', /^dest: /))
      await expect(inter.bcast(1, { root: { local: 0 }, into: 3 as never })).rejects.toMatchObject({ rank: inter.rank })
      await expect(inter.scatter(new Array(remote + 1), { root: { local: inter.rank } })).rejects.toMatchObject({ name: 'CountError' })
    })
    const [world] = memoryWorld(1)
    await expect(world!.bcast(1, { root: { local: 0 } })).rejects.toMatchObject({ name: 'RankError' })
  })

  it.each<[string, (inter: Intercommunicator, side: number) => Promise<unknown>]>([
    ['roots', (inter, side) => inter.bcast(1, { root: side === 0 && inter.rank === 0 ? { local: 0 } : side === 0 ? { local: 1 } : 0 })],
    ['the sides of a root', (inter) => inter.gather(1, { root: { local: 0 } })],
    ['calls', (inter, side) => (side === 0 ? inter.allreduce(1) : inter.allgather(1))],
    ['high', (inter) => inter.merge({ high: inter.rank === 0 })],
    ['groups', (inter, side) => inter.create(side === 0 ? inter.group.include([inter.rank]) : inter.group)]
  ])('finds that ranks disagree on %s', async (_, call) => {
    await twoGroups([2, 2], async (inter, { side }) => {
      const outcome = call(inter, side).then(
        () => inter.barrier(),
        (thrown) => Promise.reject(thrown)
      )
      await expect(outcome).rejects.toMatchObject({ name: 'CollectiveMismatchError' })
    })
  })

  it('tells errors of one rank to all, with its number in its group', async () => {
    const failing = createOp<string>(() => {
      throw new Error('no')
    })
    await twoGroups([2, 3], async (inter, { side }) => {
      const source = side === 1 && inter.rank === 2 ? throwError(() => new Error('mine')) : of(1)
      const outcome = firstValueFrom(source.pipe(mpi.allreduce(inter, SUM)))
      if (side === 1 && inter.rank === 2) await expect(outcome).rejects.toMatchObject({ message: expect.stringContaining('mine') })
      else await expect(outcome).rejects.toMatchObject({ name: 'RemoteError', rank: 2 })
      const root = { root: side === 0 ? 0 : { local: 0 } }
      if (side === 0) inter.ireduce('a', failing, root).subscribe({ error: () => undefined })
      else if (inter.rank === 0)
        await expect(inter.reduce('', failing, root)).rejects.toMatchObject({ name: expect.stringMatching(/Error/) })
    })
  })

  it('is freed with what is pending', async () => {
    await twoGroups([1, 1], async (inter) => {
      const pending = [inter.recv(), inter.probe()]
      inter.free()
      inter.free()
      for (const one of pending) await expect(one).rejects.toMatchObject({ name: 'FreedError' })
      await expect(inter.allreduce(1)).rejects.toMatchObject({ name: 'FreedError' })
    })
  })

  it('is revoked on both sides', async () => {
    await twoGroups([1, 2], async (inter, { side }) => {
      const pending = [inter.recv(), inter.allreduce(1)]
      if (side === 0) inter.revoke()
      await expect(pending[0]).rejects.toMatchObject({ name: 'RevokedError' })
      await pending[1]!.catch(() => undefined)
      expect(await inter.agree(true)).toBe(true)
    })
  })
})

/** The intercommunicator of the ranks below `first` and the others, as soon as it is made. */
function joined(comm: Communicator, first: number): Observable<Intercommunicator> {
  const side = comm.rank < first ? 0 : 1
  return comm
    .isplit(side)
    .pipe(
      switchMap((half) => half!.icreateIntercomm({ bridge: comm, remoteLeader: side === 0 ? first : 0 }).pipe(finalize(() => half!.free())))
    )
}

describe('operators over an intercommunicator', () => {
  type Operator = (inter: Intercommunicator, side: number) => (source: Observable<string>) => Observable<unknown>
  const letters = createOp((a: string, b: string) => a + b, { name: 'letters' })
  const at = (side: number) => ({ root: side === 0 ? { local: 0 } : 0 })

  /** Of one rank and two, from frame 50 on: what each gives and gets, a latency of a millisecond apart. */
  it.each<[string, Operator, sources: string[], results: string[]]>([
    ['barrier', (inter) => mpi.barrier(inter), ['a---|', 'a---|', '--a-|'], ['---a--|', '---a--|', '----a-|']],
    ['bcast', (inter, side) => mpi.bcast(inter, at(side)), ['a--b|', '-', '-'], ['----|', '-a--b|', '-a--b|']],
    ['allreduce', (inter) => mpi.allreduce(inter, letters), ['a--|', 'c--|', 'e--|'], ['--x--|', '-a---|', '--a--|']],
    ['reduce', (inter, side) => mpi.reduce(inter, letters, at(side)), ['-', 'c--|', 'e--|'], ['-x--|', '----|', '----|']]
  ])('%s', (_, operator, sources, results) => {
    simulate(3, { latency: 1, leaks: 'ignore' }, ({ ranks, cold, expectObservable }) => {
      const out = ranks((comm) =>
        combineLatest([joined(comm, 1), timer(50)]).pipe(
          switchMap(([inter]) => cold(sources[comm.rank]!).pipe(operator(inter, comm.rank < 1 ? 0 : 1)))
        )
      )
      for (const [rank, drawn] of results.entries()) expectObservable(out[rank]!).toBe(`50ms ${drawn}`, { a: 'a', b: 'b', x: 'ce' })
    })
  })
})

describe('when a rank fails', () => {
  it.each([0, 1, 4])('rank %d of the world, what needs it fails in both groups', (victim) => {
    simulate(5, { latency: 1, leaks: 'ignore' }, ({ ranks, fail, flush }) => {
      const seen: unknown[][] = []
      ranks((comm) =>
        joined(comm, 2).pipe(
          tap((inter) => {
            if (comm.rank === victim) return
            const own: unknown[] = []
            seen[comm.rank] = own
            const note = {
              error: (thrown: RankFailedError) => own.push([thrown.name, thrown.failed?.rank, thrown.failed?.remote ?? false])
            }
            inter.iallreduce(1).subscribe(note)
            from([1, 2, 3])
              .pipe(mpi.gather(inter, { root: comm.rank < 2 === victim < 2 ? 0 : { local: 0 } }))
              .subscribe(note)
            if (comm.rank < 2 !== victim < 2) inter.irecv({ source: victim < 2 ? victim : victim - 2 }).subscribe(note)
          }),
          ignoreElements()
        )
      )
      timer(30).subscribe(() => fail(victim, 'has failed: the test wants it'))
      flush()
      for (const [rank, own] of seen.entries()) {
        if (rank === victim) continue
        const remote = rank < 2 !== victim < 2
        const expected = ['RankFailedError', victim < 2 ? victim : victim - 2, remote]
        expect([rank, ...own]).toEqual([rank, expected, expected, ...(remote ? [expected] : [])])
      }
    })
  })
})

describe('any collectives, one after the other', () => {
  interface Step {
    readonly call: 'allgather' | 'allreduce' | 'alltoall' | 'reduceScatter' | 'bcast' | 'scatter' | 'gather' | 'reduce'
    readonly rootSide: 0 | 1
    readonly root: number
    readonly length: number
  }
  const rowOf = (side: number, rank: number, length: number): number[] => Array.from({ length }, (_, k) => 100 * side + 10 * rank + k)
  const sum = (rows: number[][]): number[] => rows.reduce((a, b) => a.map((value, k) => value + b[k]!))

  /** What a rank gets, worked out from what all give. */
  function expected({ call, rootSide, root, length }: Step, sizes: readonly number[], side: number, rank: number): unknown {
    const theirs = (count: number) => ofEach(sizes[1 - side]!, (other) => rowOf(1 - side, other, count))
    const gets = {
      bcast: side !== rootSide,
      scatter: side !== rootSide,
      gather: side === rootSide && rank === root,
      reduce: side === rootSide && rank === root
    }
    if (gets[call as keyof typeof gets] === false) return undefined
    const rootRow = (count: number) => rowOf(rootSide, root, count)
    switch (call) {
      case 'allgather':
      case 'gather':
        return theirs(length)
      case 'allreduce':
      case 'reduce':
        return sum(theirs(length))
      case 'alltoall':
        return theirs(sizes[side]!).map((row) => row[rank])
      case 'reduceScatter':
        return sum(theirs(sizes[side]!))[rank]
      case 'bcast':
        return rootRow(length)
      case 'scatter':
        return rootRow(sizes[side]!)[rank]
    }
  }

  function run(inter: Intercommunicator, { call, rootSide, root, length }: Step, side: number, remote: number): Promise<unknown> {
    const options = { root: side === rootSide ? { local: root } : root }
    const row = (count: number): number[] => rowOf(side, inter.rank, count)
    const array = Float64Array.from(row(length))
    const list = (value: Float64Array | undefined): number[] | undefined => value && Array.from(value)
    switch (call) {
      case 'allgather':
        return inter.allgather(row(length))
      case 'gather':
        return inter.gather(row(length), options)
      case 'allreduce':
        return inter.allreduce(array, SUM).then(list)
      case 'reduce':
        return inter.reduce(array, SUM, options).then(list)
      case 'alltoall':
        return inter.alltoall(row(remote))
      case 'reduceScatter':
        return inter.reduceScatter(row(remote))
      case 'bcast':
        return inter.bcast(row(length), options)
      case 'scatter':
        return inter.scatter(row(remote), options)
    }
  }

  const step = (first: number, second: number): fc.Arbitrary<Step> =>
    fc
      .record({
        call: fc.constantFrom<Step['call']>('allgather', 'allreduce', 'alltoall', 'reduceScatter', 'bcast', 'scatter', 'gather', 'reduce'),
        rootSide: fc.constantFrom<0 | 1>(0, 1),
        root: fc.nat(7),
        length: fc.integer({ min: 1, max: 2000 })
      })
      .map((drawn) => ({ ...drawn, root: drawn.root % (drawn.rootSide === 0 ? first : second) }))

  const program = fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
    .chain(([first, second]) =>
      fc.tuple(fc.constant([first, second] as const), fc.array(step(first, second), { minLength: 1, maxLength: 6 }))
    )

  it('give what the reference does, also when all are under way at once', async () => {
    await fc.assert(
      fc.asyncProperty(program, fc.boolean(), async ([sizes, steps], atOnce) => {
        await twoGroups(sizes, async (inter, { side, remote }) => {
          const results: unknown[] = []
          if (atOnce) results.push(...(await Promise.all(steps.map((one) => run(inter, one, side, remote)))))
          else for (const one of steps) results.push(await run(inter, one, side, remote))
          expect(results).toEqual(steps.map((one) => expected(one, sizes, side, inter.rank)))
        })
      }),
      { numRuns: 40 }
    )
  })
})
