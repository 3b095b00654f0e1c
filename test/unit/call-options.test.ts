import { MAX, SUM } from '../../src/op/op.js'
import { simulate } from '../../testing/index.js'

test('options that a collective does not know change nothing', () => {
  simulate(2, {}, ({ ranks, flush }) => {
    const strange = { passing: true, shape: 7, whole: () => 'strange' }
    const sums = ranks((comm) => comm.iallreduce(Float64Array.of(comm.rank, 2), SUM, comm.rank === 0 ? (strange as object) : {}))
    const scans = ranks((comm) =>
      comm.iscan([comm.rank] as never, { ...MAX, combine: (a: unknown[], b: unknown[]) => [...a, ...b] } as never, strange as object)
    )
    flush()
    expect(sums.map(({ value }) => value)).toEqual([Float64Array.of(1, 4), Float64Array.of(1, 4)])
    expect(scans.map(({ value }) => value)).toEqual([[0], [0, 1]])
  })
})

test('what is changed in the options after the call changes nothing', () => {
  simulate(2, {}, ({ ranks, flush }) => {
    const [into, other] = [new Float64Array(1), new Float64Array(1)]
    const options = { into }
    const given = ranks((comm) => comm.ibcast(Float64Array.of(3), comm.rank === 0 ? {} : options))
    options.into = other
    flush()
    expect(given[1]!.value).toBe(into)
    expect([...into, ...other]).toEqual([3, 0])
  })
})
