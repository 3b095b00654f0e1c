import { packed } from '../../../src/collective/algorithms/counts-displs.js'
import { below, byRoot, type CollectivesBinding, inTurn, results } from './binding.js'
import { fields, joined, kinds, spread, unevenCounts, values } from './data.js'

const algorithms = [undefined, 'binomial', 'linear'] as const

export function gather(binding: CollectivesBinding): void {
  describe.each(binding.sizes)('on %i ranks, to every root', (size) => {
    const all = below(size)
    /** What every root gets, and the others do not. */
    const atRoots = (rank: number, results: (root: number) => unknown[]): unknown[] =>
      all.flatMap((root) => results(root).map((result) => (root === rank ? result : undefined)))

    test.each(values)('gather gives the root all %s', async (_, make) => {
      const given = await results(binding, size, (comm) =>
        byRoot(comm, (root) => inTurn(algorithms.map((algorithm) => () => comm.igather(make(comm.rank + root), { root, algorithm }))))
      )
      for (const rank of all) {
        expect(given[rank]).toEqual(atRoots(rank, (root) => algorithms.map(() => all.map((from) => make(from + root)))))
      }
    })

    test.each(algorithms)('gather by %s fills arrays in rank order', async (algorithm) => {
      for (const length of [0, 1, 100, 3000]) {
        const given = await results(binding, size, (comm) =>
          byRoot(comm, (root) => {
            const into = new Float64Array(size * length + (comm.rank % 2))
            // Where nothing is received the buffer is ignored, whatever it is.
            return comm.igather(fields(length, comm.rank), { root, algorithm, into: comm.rank === root ? into : new Int8Array(1) })
          })
        )
        for (const rank of all) {
          const array = joined(all.map((from) => fields(length, from)))
          expect(given[rank]).toEqual(atRoots(rank, () => [rank % 2 === 0 ? array : Float64Array.of(...array, 0)]))
        }
      }
    })

    test.each(algorithms)('gatherv by %s joins runs, with and without counts, packed and anywhere', async (algorithm) => {
      for (const scale of [1, 500]) {
        const counts = unevenCounts(size, scale)
        const total = counts.reduce((sum, count) => sum + count, 0)
        const displs = packed(counts).map((displ, rank) => displ + 2 * rank)
        const given = await results(binding, size, (comm) =>
          byRoot(comm, (root) => {
            const data = fields(counts[comm.rank]!, comm.rank)
            const at = { root, algorithm }
            const into = (): { into?: Float64Array } => (comm.rank === root ? { into: new Float64Array(total + 2 * size) } : {})
            const known = comm.rank === root ? { counts } : {}
            return inTurn([
              () => comm.igatherv(data, at),
              () => comm.igatherv(data, { ...at, ...known }),
              () => comm.igatherv(data, { ...at, displs, ...into() }),
              () => comm.igatherv(data, { ...at, ...known, displs, ...into() })
            ])
          })
        )
        const runs = all.map((from) => fields(counts[from]!, from))
        const apart = spread(runs, displs, total + 2 * size)
        for (const rank of all) expect(given[rank]).toEqual(atRoots(rank, () => [joined(runs), joined(runs), apart, apart]))
      }
    })
  })

  test.each(kinds)('gather and gatherv keep a %s what it is', async (_, make) => {
    for (const length of [2, 5000]) {
      const given = await results(binding, 3, (comm) =>
        inTurn<unknown>([() => comm.igather(make(length)), () => comm.igatherv(make(length) as Uint8Array)])
      )
      const [values, array] = given[0] as [unknown, Uint8Array]
      expect(values).toEqual([make(length), make(length), make(length)])
      expect(array.constructor).toBe(make(0).constructor)
      expect(below(3).map((k) => array.slice(k * length, (k + 1) * length))).toEqual(values)
    }
  })

  test('gather shares nothing with what is given, also not with what the root gives', async () => {
    const array = fields(6, 0)
    const list = ['a']
    const given = await results(binding, 3, (comm) => inTurn<unknown>([() => comm.igather(array), () => comm.igather(list)]))
    const [arrays, lists] = given[0] as [Float64Array[], string[][]]
    expect(new Set(arrays.map(({ buffer }) => buffer)).size).toBe(3)
    for (const { buffer } of arrays) expect([buffer === array.buffer, buffer.byteLength]).toEqual([false, 48])
    expect(new Set(lists).size).toBe(3)
    expect(lists.includes(list)).toBe(false)
  })
}
