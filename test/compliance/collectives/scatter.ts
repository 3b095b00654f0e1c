import { packed } from '../../../src/collective/algorithms/counts-displs.js'
import { below, byRoot, type CollectivesBinding, inTurn, results } from './binding.js'
import { fields, kinds, unevenCounts, values } from './data.js'

const algorithms = [undefined, 'binomial', 'linear'] as const

export function scatter(binding: CollectivesBinding): void {
  describe.each(binding.sizes)('on %i ranks, from every root', (size) => {
    const all = below(size)

    test.each(values)('scatter gives each its own of %s', async (_, make) => {
      const given = await results(binding, size, (comm) =>
        byRoot(comm, (root) =>
          inTurn(
            algorithms.map((algorithm) => () => {
              const data = comm.rank === root ? all.map((rank) => make(rank + root)) : undefined
              return comm.iscatter<unknown>(data, { root, algorithm })
            })
          )
        )
      )
      for (const rank of all) expect(given[rank]).toEqual(all.flatMap((root) => algorithms.map(() => make(rank + root))))
    })

    test.each(algorithms)('scatter by %s cuts arrays into equal runs, fresh and into others', async (algorithm) => {
      for (const length of [0, 1, 100, 3000]) {
        const given = await results(binding, size, (comm) =>
          byRoot(comm, (root) => {
            const data = comm.rank === root ? fields(length * size, root) : undefined
            const options = { root, algorithm }
            return inTurn([
              () => comm.iscatter(data, options),
              () => comm.iscatter(data, { ...options, into: new Float64Array(length) }),
              () => comm.iscatter(data, { ...options, into: new Float64Array(length + 1) })
            ])
          })
        )
        for (const rank of all) {
          const runs = all.map((root) => fields(length * size, root).slice(rank * length, (rank + 1) * length))
          expect(given[rank]).toEqual(runs.flatMap((run) => [run, run, Float64Array.of(...run, 0)]))
        }
      }
    })

    test.each(algorithms)('scatterv by %s gives each its run, packed and from anywhere, fresh and into others', async (algorithm) => {
      for (const scale of [1, 500]) {
        const counts = unevenCounts(size, scale)
        const displs = packed(counts).map((displ, rank) => displ + 3 * rank)
        const total = counts.reduce((sum, count) => sum + count, 0) + 3 * size
        const given = await results(binding, size, (comm) =>
          byRoot(comm, (root) => {
            const data = comm.rank === root ? fields(total, root) : undefined
            const own = comm.rank === root ? { root, algorithm, counts } : { root, algorithm }
            return inTurn([
              () => comm.iscatterv(data, own),
              () => comm.iscatterv(data, { ...own, displs, into: new Float64Array(counts[comm.rank]!) })
            ])
          })
        )
        const run = (root: number, first: number, count: number) => fields(total, root).slice(first, first + count)
        for (const rank of all) {
          expect(given[rank]).toEqual(all.flatMap((root) => [packed(counts), displs].map((at) => run(root, at[rank]!, counts[rank]!))))
        }
      }
    })
  })

  test.each(kinds)('scatter and scatterv keep a %s what it is', async (_, make) => {
    for (const length of [2, 5000]) {
      const given = await results(binding, 3, (comm) =>
        inTurn([
          () => comm.iscatter(comm.rank === 1 ? (make(3 * length) as Uint8Array) : undefined, { root: 1 }),
          () =>
            comm.iscatterv(comm.rank === 1 ? (make(3 * length) as Uint8Array) : undefined, { root: 1, counts: [length, length, length] })
        ])
      )
      const data = make(3 * length) as Uint8Array
      const runs = below(3).map((rank) => data.slice(rank * length, (rank + 1) * length))
      expect(given.map((got) => got.map((run) => run.constructor))).toEqual(runs.map((run) => [run.constructor, run.constructor]))
      expect(given.map((got) => got.map((run) => [...run]))).toEqual(runs.map((run) => [[...run], [...run]]))
    }
  })

  test('scatter hands out no memory of the data, also not to the root', async () => {
    const data = fields(6, 0)
    const lists = below(3).map(() => ['a'])
    const given = await results(binding, 3, (comm) =>
      inTurn<unknown>([() => comm.iscatter(comm.rank === 0 ? data : undefined), () => comm.iscatter(comm.rank === 0 ? lists : undefined)])
    )
    for (const [run, list] of given) {
      expect((run as Float64Array).buffer).not.toBe(data.buffer)
      expect((run as Float64Array).buffer.byteLength).toBe(16)
      expect(lists.includes(list as string[])).toBe(false)
    }
  })
}
