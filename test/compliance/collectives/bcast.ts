import { below, byRoot, type CollectivesBinding, inTurn, results } from './binding.js'
import { fields, kinds, values } from './data.js'

export function bcast(binding: CollectivesBinding): void {
  describe.each(binding.sizes)('on %i ranks, from every root', (size) => {
    test.each(values)('bcast gives everyone %s', async (_, make) => {
      const all = await results(binding, size, (comm) =>
        byRoot(comm, (root) => comm.ibcast(comm.rank === root ? make(root) : undefined, { root }))
      )
      for (const got of all) expect(got).toEqual(below(size).map(make))
    })

    test.each(['binomial', 'chain'] as const)('bcast by %s fills arrays in place', async (algorithm) => {
      for (const length of [0, 3, 1000, 10_000]) {
        const all = await results(binding, size, (comm) =>
          byRoot(comm, (root) => {
            const data = comm.rank === root ? fields(length, root) : undefined
            return comm.ibcast(data, { root, algorithm, into: data ?? new Float64Array(length) })
          })
        )
        for (const got of all) expect(got).toEqual(below(size).map((root) => fields(length, root)))
      }
    })
  })

  test.each(kinds)('bcast keeps a %s what it is', async (_, make) => {
    const all = await results(binding, 3, (comm) =>
      inTurn([7, 40_000].map((length) => () => comm.ibcast(comm.rank === 0 ? make(length) : undefined)))
    )
    for (const got of all) expect(got).toEqual([make(7), make(40_000)])
  })
}
