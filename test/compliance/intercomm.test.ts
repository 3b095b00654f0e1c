import { EMPTY, from, lastValueFrom, toArray } from 'rxjs'
import * as mpi from '../../operators/index.js'
import { ANY_SOURCE, createOp, type Intercommunicator, MAX, PROC_NULL, Request, Status, SUM } from '../../src/index.js'
import { vector, view } from '../../src/layout/index.js'
import { ofEach, SIZES, twoGroups } from './two-groups.js'

/** What mpi4py's suite asks of intercommunicators: test_comm_inter, test_cco_obj_inter, test_cco_buf_inter, test_cco_vec_inter. */
describe.each(SIZES)('intercommunicator of %d and %d ranks', (first, second) => {
  const sizes = [first, second] as const
  const roots = Array.from({ length: Math.max(first, second) }, (_, root) => root)
  const names = createOp((a: string, b: string) => a + b, { name: 'names' })
  const name = (side: number, rank: number): string => `${'ab'[side]}${rank}`
  const joined = (side: number): string => ofEach(sizes[side]!, (rank) => name(side, rank)).join('')

  it('has two groups', async () => {
    await twoGroups(sizes, async (inter, { side, local, remote, half }) => {
      expect([inter.rank, inter.size, inter.remoteSize, inter.isInter]).toEqual([half.rank, local, remote, true])
      expect([inter.group.size, inter.group.rank]).toEqual([local, half.rank])
      expect([inter.remoteGroup.size, inter.remoteGroup.rank]).toEqual([remote, undefined])
      expect(inter.group.compare(half.group)).toBe('identical')
      expect(inter.remoteGroup.intersection(inter.group).size).toBe(0)
      expect(inter.name).toBe(`world.split(1).createIntercomm(1)`)
      expect(side).toBeLessThan(2)
    })
  })

  it('sends to and receives from ranks of the remote group', async () => {
    const got = await twoGroups(sizes, async (inter, { side, remote }) => {
      const out = ofEach(remote, (dest) => inter.isend([name(side, inter.rank), dest], { dest, tag: dest }))
      const status = new Status()
      const all: unknown[] = []
      for (let k = 0; k < remote; k++) {
        const probed = await inter.probe({ tag: inter.rank })
        const value = await inter.recv({ source: ANY_SOURCE, status })
        expect([status.source, status.tag]).toEqual([probed.source, inter.rank])
        all[status.source] = value
      }
      await Request.waitAll(out)
      expect(await inter.recv({ source: PROC_NULL })).toBeUndefined()
      return all
    })
    for (const side of [0, 1]) {
      for (const [rank, all] of got[side]!.entries())
        expect(all).toEqual(ofEach(sizes[1 - side]!, (source) => [name(1 - side, source), rank]))
    }
  })

  it('waits in a barrier for the other group', async () => {
    const came = [0, 0]
    await twoGroups(sizes, async (inter, { side, remote }) => {
      came[side]!++
      await inter.barrier()
      expect(came[1 - side]).toBe(remote)
    })
  })

  it.each([0, 1])('goes from and to a root of group %d', async (rootSide) => {
    for (const root of roots.filter((rank) => rank < sizes[rootSide]!)) {
      await twoGroups(sizes, async (inter, { side, local, remote }) => {
        const inGroup = side === rootSide
        const atRoot = inGroup && inter.rank === root
        const at = { root: inGroup ? { local: root } : root }
        const me = name(side, inter.rank)

        expect(await inter.bcast(atRoot ? { from: me } : undefined, at)).toEqual(inGroup ? undefined : { from: name(rootSide, root) })
        const into = new Float64Array(50_000)
        const data = into.map((_, k) => k + root)
        const filled = await inter.bcast(atRoot ? data : undefined, { ...at, into })
        expect(filled?.[49_999]).toBe(inGroup ? undefined : 49_999 + root)
        expect(into[49_999]).toBe(inGroup ? 0 : 49_999 + root)

        const dealt = ofEach(remote, (rank) => `${me} to ${rank}`)
        expect(await inter.scatter(atRoot ? dealt : undefined, at)).toBe(inGroup ? undefined : `${name(rootSide, root)} to ${inter.rank}`)
        const runs = await inter.scatter(atRoot ? Int32Array.from({ length: 2 * remote }, (_, k) => k) : undefined, at)
        expect(runs).toEqual(inGroup ? undefined : Int32Array.of(2 * inter.rank, 2 * inter.rank + 1))
        const counts = ofEach(remote, (rank) => rank)
        const uneven = Int32Array.from(counts.flatMap((count) => new Array(count).fill(count)))
        const share = await inter.scatterv(atRoot ? uneven : undefined, { ...at, ...(atRoot && { counts }) })
        expect(share).toEqual(inGroup ? undefined : new Int32Array(inter.rank).fill(inter.rank))

        const others = sizes[1 - rootSide]!
        const gathered = await inter.gather(inGroup ? 'ignored' : me, at)
        expect(gathered).toEqual(atRoot ? ofEach(others, (rank) => name(1 - rootSide, rank)) : undefined)
        const rows = new Float64Array(2 * others)
        const inPlace = await inter.gather(inGroup ? new Float64Array(0) : Float64Array.of(inter.rank, 0.5), { ...at, into: rows })
        expect(inPlace).toEqual(atRoot ? Float64Array.from(ofEach(others, (rank) => [rank, 0.5]).flat()) : undefined)
        const large = await inter.gather(inGroup ? undefined : new Uint8Array(5000).fill(inter.rank), at)
        expect(large?.map((part) => part![4999])).toEqual(atRoot ? ofEach(others, (rank) => rank) : undefined)
        const own = new Int32Array(inter.rank + 1).fill(inter.rank)
        const packed = await inter.gatherv(inGroup ? new Int32Array(0) : own, at)
        const expected = ofEach(others, (rank) => new Array<number>(rank + 1).fill(rank))
        expect(packed).toEqual(atRoot ? Int32Array.from(expected.flat()) : undefined)
        const displs = ofEach(others, (rank) => rank * (others + 1))
        const apart = new Int32Array(others * (others + 1))
        const placed = await inter.gatherv(own, { ...at, ...(atRoot && { displs, into: apart }) })
        if (atRoot)
          for (const [rank, run] of expected.entries())
            expect(Array.from(placed!.subarray(displs[rank], displs[rank]! + rank + 1))).toEqual(run)

        expect(await inter.reduce(inter.rank + 1, SUM, at)).toBe(atRoot ? (others * (others + 1)) / 2 : undefined)
        expect(await inter.reduce(me, names, at)).toBe(atRoot ? joined(1 - rootSide) : undefined)
        const sums = new Float64Array(3)
        const total = await inter.reduce(new Float64Array(3).fill(inter.rank), MAX, { ...at, into: sums })
        expect(total).toEqual(atRoot ? new Float64Array(3).fill(others - 1) : undefined)
        expect(local).toBe(sizes[side])
      })
    }
  })

  it('gives each group what the other gives', async () => {
    await twoGroups(sizes, async (inter, { side, local, remote }) => {
      const me = name(side, inter.rank)
      const theirs = ofEach(remote, (rank) => name(1 - side, rank))
      expect(await inter.allgather(me)).toEqual(theirs)
      const row = Float64Array.of(inter.rank, side)
      const rows = Float64Array.from(ofEach(remote, (rank) => [rank, 1 - side]).flat())
      expect(await inter.allgather(row, { into: new Float64Array(2 * remote) })).toEqual(rows)
      const large = await inter.allgather(new Uint8Array(5000).fill(inter.rank), { into: new Uint8Array(5000 * remote) })
      expect(ofEach(remote, (rank) => large[5000 * rank + 4999])).toEqual(ofEach(remote, (rank) => rank))
      const run = (rank: number): number[] => new Array<number>(rank + 1).fill(rank)
      const runs = Int32Array.from(ofEach(remote, run).flat())
      expect(await inter.allgatherv(Int32Array.from(run(inter.rank)))).toEqual(runs)
      const counts = ofEach(remote, (rank) => rank + 1)
      const displs = ofEach(remote, (rank) => rank * (remote + 1))
      const apart = await inter.allgatherv(Int32Array.from(run(inter.rank)), {
        counts,
        displs,
        into: new Int32Array(remote * (remote + 1)).fill(-1)
      })
      for (let rank = 0; rank < remote; rank++) {
        expect(Array.from(apart.subarray(displs[rank], displs[rank]! + remote + 1))).toEqual([
          ...run(rank),
          ...new Array(remote - rank).fill(-1)
        ])
      }

      expect(await inter.allreduce(inter.rank + 1)).toBe((remote * (remote + 1)) / 2)
      expect(await inter.allreduce(me, names)).toBe(joined(1 - side))
      const values = new Float64Array(10_000).fill(inter.rank)
      expect(await inter.allreduce(values, MAX, { into: values })).toBe(values)
      expect(values[9999]).toBe(remote - 1)

      expect(await inter.alltoall(ofEach(remote, (rank) => `${me} to ${rank}`))).toEqual(theirs.map((from) => `${from} to ${inter.rank}`))
      const cut = await inter.alltoall(Int32Array.from(ofEach(remote, (rank) => [inter.rank, rank]).flat()))
      expect(cut).toEqual(Int32Array.from(ofEach(remote, (rank) => [rank, inter.rank]).flat()))
      const sendCounts = ofEach(remote, (rank) => rank + 1)
      const recvCounts = ofEach(remote, () => inter.rank + 1)
      const got = await inter.alltoallv(Int32Array.from(ofEach(remote, (rank) => run(rank)).flat()), { sendCounts, recvCounts })
      expect(got).toEqual(Int32Array.from(ofEach(remote, () => run(inter.rank)).flat()))
      const unknown = await inter.alltoallv(Int32Array.from(ofEach(remote, (rank) => run(rank)).flat()), { sendCounts })
      expect(unknown).toEqual(got)

      const words = ofEach(remote, (rank) => `${me}${rank} `)
      expect(await inter.reduceScatter(words, names)).toBe(theirs.map((from) => `${from}${inter.rank} `).join(''))
      const vectorLength = first * second * 2
      const share = await inter.reduceScatter(Float64Array.from({ length: vectorLength }, (_, k) => k))
      const own = vectorLength / local
      expect(share).toEqual(Float64Array.from({ length: own }, (_, k) => remote * (inter.rank * own + k)))
      const uneven = ofEach(local, (rank) => (rank === 0 ? vectorLength - local + 1 : 1))
      const mine = await inter.reduceScatter(new Int32Array(vectorLength).fill(1), SUM, { counts: uneven })
      expect(mine).toEqual(new Int32Array(uneven[inter.rank]!).fill(remote))
    })
  })

  it('takes views', async () => {
    await twoGroups(sizes, async (inter, { remote }) => {
      const column = view(Float64Array.of(inter.rank, -1, inter.rank, -1), vector(2, 1, 2))
      const into = new Float64Array(2 * remote)
      expect(await inter.allgather(column, { into })).toEqual(Float64Array.from(ofEach(remote, (rank) => [rank, rank]).flat()))
      const views = ofEach(remote, (rank) => view(Int32Array.of(inter.rank, -1, rank), vector(2, 1, 2)))
      const targets = ofEach(remote, () => view(new Int32Array(3), vector(2, 1, 2)))
      await inter.alltoall(views, { into: targets })
      expect(targets.map(({ memory }) => memory)).toEqual(ofEach(remote, (rank) => Int32Array.of(rank, 0, inter.rank)))
    })
  })

  it('goes by requests and persistent calls', async () => {
    await twoGroups(sizes, async (inter, { side, remote }) => {
      const requests = [inter.iallreduce(1), inter.iallgather(side), inter.ibarrier()] as const
      expect(await Request.waitAll([requests[2], requests[1], requests[0]])).toEqual([undefined, new Array(remote).fill(1 - side), remote])
      const [data, into] = [new Float64Array(2), new Float64Array(2)]
      const sum = inter.allreduceInit(data, SUM, { into })
      for (let k = 1; k < 4; k++) {
        data.fill(k)
        await sum.start().wait()
        expect(into[1]).toBe(k * remote)
      }
      sum.free()
    })
  })

  it('takes streams', async () => {
    await twoGroups(sizes, async (inter, { side, remote }) => {
      const values = [1, 2, 3].map((k) => k + inter.rank)
      const sums = await lastValueFrom(from(values).pipe(mpi.allreduce(inter, SUM), toArray()))
      expect(sums).toEqual([1, 2, 3].map((k) => remote * k + (remote * (remote - 1)) / 2))
      const at = { root: side === 0 ? { local: 0 } : 0 }
      const isRoot = side === 0 && inter.rank === 0
      const down = await lastValueFrom((isRoot ? from(['x', 'y']) : EMPTY).pipe(mpi.bcast<string>(inter, at), toArray()))
      expect(down).toEqual(side === 0 ? [] : ['x', 'y'])
      const shares = isRoot ? from([1, 2].map((k) => new Array(remote).fill(k))) : EMPTY
      expect(await lastValueFrom(shares.pipe(mpi.scatter(inter, at), toArray()))).toEqual(side === 0 ? [] : [1, 2])
      const up = await lastValueFrom((side === 1 ? from([1, 2, 3]) : EMPTY).pipe(mpi.gather<number>(inter, at), toArray()))
      expect(up).toEqual(isRoot ? [1, 2, 3].map((k) => new Array(remote).fill(k)) : [])
      const reduced = await lastValueFrom((side === 1 ? from(new Array(200).fill(1)) : EMPTY).pipe(mpi.reduce(inter, SUM, at), toArray()))
      expect(reduced).toEqual(isRoot ? new Array(200).fill(remote) : [])
      const ended = await lastValueFrom(from([1, 2, 3].slice(side)).pipe(mpi.allreduce(inter, SUM, { ragged: 'truncate' }), toArray()))
      expect(ended.length).toBe(2)
      const rest = await lastValueFrom(from([1, 2, 3].slice(side)).pipe(mpi.allgather(inter, { ragged: 'rest' }), toArray()))
      expect(rest.length).toBe(side === 0 ? 2 : 3)
    })
  })

  it('is merged, duplicated, split and cut down', async () => {
    await twoGroups(sizes, async (inter, { side, local, remote }) => {
      const low = side === 0 ? inter.rank : first + inter.rank
      const high = side === 0 ? second + inter.rank : inter.rank
      const ranks = [
        [await inter.merge(), low],
        [await inter.merge({ high: side === 1 }), low],
        [await inter.merge({ high: side === 0 }), high],
        [await inter.merge({ high: true }), low]
      ] as const
      for (const [merged, rank] of ranks) {
        expect([merged.rank, merged.size, merged.isInter]).toEqual([rank, first + second, false])
        expect(await merged.allreduce(1)).toBe(first + second)
        merged.free()
      }
      const twin = await inter.dup()
      expect([twin.rank, twin.size, twin.remoteSize]).toEqual([inter.rank, local, remote])
      expect(await twin.allgather(side)).toEqual(new Array(remote).fill(1 - side))

      const reversed = (await inter.split(3, -inter.rank))!
      expect([reversed.rank, reversed.remoteSize]).toEqual([local - 1 - inter.rank, remote])
      expect(await reversed.allgather(inter.rank)).toEqual(ofEach(remote, (rank) => remote - 1 - rank))
      expect(await inter.split(side)).toBeUndefined()
      expect(await inter.split(inter.rank === 0 ? 0 : undefined)).toEqual(
        inter.rank === 0 ? expect.objectContaining({ size: 1, remoteSize: 1 }) : undefined
      )

      const heads = await inter.create(inter.group.include([0]))
      expect(heads && (await heads.allgather(side))).toEqual(inter.rank === 0 ? [1 - side] : undefined)
      expect(await inter.create(side === 0 ? inter.group : inter.group.exclude(ofEach(local, (rank) => rank)))).toBeUndefined()
      for (const one of [twin, reversed, heads, inter]) one?.free()
    })
  })

  it('is closed when all is received', async () => {
    const order: string[] = []
    await twoGroups(sizes, async (inter, { side, remote }) => {
      for (let dest = 0; dest < remote; dest++) inter.isend(side, { dest })
      const closed = inter.close().then(() => order.push('closed'))
      await new Promise((resolve) => setTimeout(resolve, 5))
      for (let k = 0; k < remote; k++) inter.irecv().subscribe(() => order.push('received'))
      await closed
      await expect(inter.recv()).rejects.toMatchObject({ name: 'FreedError' })
    })
    expect(order.lastIndexOf('received')).toBeLessThan(order.indexOf('closed'))
  })

  it('keeps what others say in calls that it has not come to', async () => {
    await twoGroups(sizes, async (inter, { side }) => {
      const both = async (one: Intercommunicator): Promise<unknown> => one.allgather(side)
      const again = await inter.dup()
      const [a, b] = side === 0 ? [inter, again] : [again, inter]
      await Promise.all([both(a), both(b)])
    })
  })
})
