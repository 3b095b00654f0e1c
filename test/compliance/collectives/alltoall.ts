import { packed } from '../../../src/collective/algorithms/counts-displs.js'
import { below, type CollectivesBinding, inTurn, results } from './binding.js'
import { fields, joined, kinds, spread, values } from './data.js'

const algorithms = [undefined, 'bruck', 'pairwise'] as const

export function alltoall(binding: CollectivesBinding): void {
  describe.each(binding.sizes)('on %i ranks', (size) => {
    const all = below(size)

    test.each(values)("alltoall gives each its own of everyone's %s", async (_, make) => {
      const given = await results(binding, size, (comm) =>
        inTurn(
          algorithms.map(
            (algorithm) => () =>
              comm.ialltoall(
                all.map((to) => make(3 * comm.rank + 5 * to)),
                { algorithm }
              )
          )
        )
      )
      for (const rank of all) expect(given[rank]).toEqual(algorithms.map(() => all.map((from) => make(3 * from + 5 * rank))))
    })

    test.each(algorithms)('alltoall by %s cuts arrays into equal runs, fresh and into others', async (algorithm) => {
      for (const length of [0, 1, 100, 3000]) {
        const given = await results(binding, size, (comm) => {
          const data = fields(size * length, comm.rank)
          return inTurn([
            () => comm.ialltoall(data, { algorithm }),
            () => comm.ialltoall(data, { algorithm, into: new Float64Array(size * length) })
          ])
        })
        for (const rank of all) {
          const array = joined(all.map((from) => fields(size * length, from).slice(rank * length, (rank + 1) * length)))
          expect(given[rank]).toEqual([array, array])
        }
      }
    })

    test.each(algorithms)('alltoallv by %s takes runs from anywhere and puts them anywhere, with and without counts', async (algorithm) => {
      for (const scale of [1, 300]) {
        const count = (from: number, to: number): number => ((2 * from + 3 * to) % 5) * scale
        const sum = (counts: number[]): number => counts.reduce((total, one) => total + one, 0)
        const length = (rank: number): number => sum(all.map((to) => count(rank, to))) + size
        const given = await results(binding, size, (comm) => {
          const sendCounts = all.map((to) => count(comm.rank, to))
          const sendDispls = packed(sendCounts).map((displ, to) => displ + to)
          const recvCounts = all.map((from) => count(from, comm.rank))
          const recvDispls = packed(recvCounts).map((displ, from) => displ + 2 * from)
          const into = (): Float64Array => new Float64Array(sum(recvCounts) + 2 * size)
          const data = fields(length(comm.rank), comm.rank)
          return inTurn([
            () => comm.ialltoallv(data, { algorithm, sendCounts }),
            () => comm.ialltoallv(data, { algorithm, sendCounts, recvCounts }),
            () => comm.ialltoallv(data, { algorithm, sendCounts, sendDispls, recvDispls, into: into() }),
            () => comm.ialltoallv(data, { algorithm, sendCounts, sendDispls, recvCounts, recvDispls, into: into() })
          ])
        })
        for (const rank of all) {
          const counts = all.map((from) => count(from, rank))
          const run = (from: number, gap: number): Float64Array => {
            const first = sum(all.slice(0, rank).map((to) => count(from, to))) + gap * rank
            return fields(length(from), from).slice(first, first + count(from, rank))
          }
          const tight = joined(all.map((from) => run(from, 0)))
          const displs = packed(counts).map((displ, from) => displ + 2 * from)
          const apart = spread(
            all.map((from) => run(from, 1)),
            displs,
            sum(counts) + 2 * size
          )
          expect(given[rank]).toEqual([tight, tight, apart, apart])
        }
      }
    })
  })

  test.each(kinds)('alltoall and alltoallv keep a %s what it is', async (_, make) => {
    for (const length of [2, 5000]) {
      const data = make(3 * length) as Uint8Array
      const got = await results(binding, 3, (comm) =>
        inTurn([() => comm.ialltoall(data), () => comm.ialltoallv(data, { sendCounts: [length, length, length] })])
      )
      for (const rank of below(3)) {
        const run = data.slice(rank * length, (rank + 1) * length)
        const all = make(3 * length) as Uint8Array
        for (const from of below(3)) all.set(run, from * length)
        for (const array of got[rank]!) expect(array).toEqual(all)
      }
    }
  })
}
