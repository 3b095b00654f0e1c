import { packed } from '../../../src/collective/algorithms/counts-displs.js'
import { below, type CollectivesBinding, inTurn, results } from './binding.js'
import { fields, joined, kinds, spread, unevenCounts, values } from './data.js'

const algorithms = [undefined, 'bruck', 'ring'] as const

export function allgather(binding: CollectivesBinding): void {
  describe.each(binding.sizes)('on %i ranks', (size) => {
    const all = below(size)

    test.each(values)('allgather gives everyone all %s', async (_, make) => {
      const given = await results(binding, size, (comm) =>
        inTurn(algorithms.map((algorithm) => () => comm.iallgather(make(comm.rank), { algorithm })))
      )
      for (const got of given) expect(got).toEqual(algorithms.map(() => all.map(make)))
    })

    test.each(algorithms)('allgather by %s fills arrays in rank order', async (algorithm) => {
      for (const length of [0, 1, 100, 3000]) {
        const given = await results(binding, size, (comm) =>
          inTurn<unknown>([
            () => comm.iallgather(fields(length, comm.rank), { algorithm, into: new Float64Array(size * length) }),
            // Some want one array, others many.
            () =>
              comm.iallgather(
                fields(length, comm.rank),
                comm.rank % 2 === 0 ? { algorithm, into: new Float64Array(size * length) as never } : { algorithm }
              )
          ])
        )
        const arrays = all.map((from) => fields(length, from))
        for (const rank of all) expect(given[rank]).toEqual([joined(arrays), rank % 2 === 0 ? joined(arrays) : arrays])
      }
    })

    test.each(algorithms)('allgatherv by %s joins runs, with and without counts, packed and anywhere', async (algorithm) => {
      for (const scale of [1, 500]) {
        const counts = unevenCounts(size, scale)
        const total = counts.reduce((sum, count) => sum + count, 0)
        const displs = packed(counts).map((displ, rank) => displ + 2 * rank)
        const into = (): Float64Array => new Float64Array(total + 2 * size)
        const given = await results(binding, size, (comm) => {
          const data = fields(counts[comm.rank]!, comm.rank)
          return inTurn([
            () => comm.iallgatherv(data, { algorithm }),
            () => comm.iallgatherv(data, { algorithm, counts }),
            () => comm.iallgatherv(data, { algorithm, displs, into: into() }),
            () => comm.iallgatherv(data, { algorithm, counts, displs, into: into() })
          ])
        })
        const runs = all.map((from) => fields(counts[from]!, from))
        const apart = spread(runs, displs, total + 2 * size)
        for (const got of given) expect(got).toEqual([joined(runs), joined(runs), apart, apart])
      }
    })
  })

  test.each(kinds)('allgather and allgatherv keep a %s what it is', async (_, make) => {
    for (const length of [2, 5000]) {
      const given = await results(binding, 3, (comm) =>
        inTurn<unknown>([() => comm.iallgather(make(length)), () => comm.iallgatherv(make(length) as Uint8Array)])
      )
      for (const [values, array] of given as unknown as [unknown, Uint8Array][]) {
        expect(values).toEqual([make(length), make(length), make(length)])
        expect(array.constructor).toBe(make(0).constructor)
        expect(below(3).map((k) => array.slice(k * length, (k + 1) * length))).toEqual(values)
      }
    }
  })

  test('allgather shares nothing with what is given, also not with the own', async () => {
    for (const length of [6, 6000]) {
      const array = fields(length, 0)
      const given = await results(binding, 3, (comm) => comm.iallgather(array))
      const buffers = given.flatMap(([arrays]) => arrays!.map(({ buffer }) => buffer))
      expect(new Set([...buffers, array.buffer]).size).toBe(10)
    }
  })
}
