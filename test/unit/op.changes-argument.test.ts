import type { Communicator } from '../../src/communicator/communicator.js'
import { createOp, type Op } from '../../src/op/op.js'
import type { Request } from '../../src/request/request.js'
import { below, outcomesOf } from '../model/outcomes.js'

/** Ops of a program that write into what they are given: what the rank has given stays as it was, and the result is right. */

type List = { list: number[] }

const first = (a: List, b: List): List => {
  a.list.push(...b.list)
  return a
}
const second = (a: List, b: List): List => {
  b.list.unshift(...a.list)
  return b
}
const both = (a: List, b: List): List => {
  const list = [...a.list, ...b.list]
  a.list.length = 0
  b.list.length = 0
  return { list }
}

const upTo = (count: number): List => ({ list: below(count) })
const given = (rank: number): List => ({ list: [rank] })

type Call = (comm: Communicator, op: Op<List>, data: List) => Request<unknown>

const calls: [string, Call, (rank: number, size: number) => unknown][] = [
  ['reduce', (comm, op, data) => comm.ireduce(data, op), (rank, size) => (rank === 0 ? upTo(size) : undefined)],
  [
    'reduce to the last',
    (comm, op, data) => comm.ireduce(data, op, { root: comm.size - 1 }),
    (rank, size) => (rank === size - 1 ? upTo(size) : undefined)
  ],
  ['allreduce', (comm, op, data) => comm.iallreduce(data, op), (_, size) => upTo(size)],
  ['scan', (comm, op, data) => comm.iscan(data, op), (rank) => upTo(rank + 1)],
  ['exscan', (comm, op, data) => comm.iexscan(data, op), (rank) => (rank === 0 ? undefined : upTo(rank))]
]

describe.each(Object.entries({ first, second, both }))('an op that changes the %s', (_, combine) => {
  const op = createOp(combine)
  describe.each(calls)('%s', (__, call, expected) => {
    test.each([1, 2, 3, 4, 5, 7, 8])('of %d ranks', (size) => {
      const data = below(size).map(given)
      const results = outcomesOf(size, (comm) => call(comm, op, data[comm.rank]!), {})
      expect(results).toEqual(below(size).map((rank) => expected(rank, size)))
      expect(data).toEqual(below(size).map(given))
    })
  })

  test.each([
    ['recursiveHalving', 1],
    ['recursiveHalving', 2],
    ['recursiveHalving', 3],
    ['recursiveHalving', 4],
    ['recursiveHalving', 6],
    ['pairwise', 2],
    ['pairwise', 3],
    ['pairwise', 5]
  ])('reduceScatter, %s, of %d ranks, one thing in all places', (algorithm, size) => {
    const data = below(size).map((rank) => {
      const same = given(rank)
      return below(size).map(() => same)
    })
    const results = outcomesOf(size, (comm) => comm.ireduceScatter(data[comm.rank]!, op as never, { algorithm } as never), {})
    expect(results).toEqual(below(size).map(() => upTo(size)))
    expect(data).toEqual(below(size).map((rank) => below(size).map(() => given(rank))))
  })
})
