import type { Observable } from 'rxjs'
import type { Communicator } from '../../../src/communicator/communicator.js'
import { createOp, MAX, SUM } from '../../../src/op/op.js'
import { below, byRoot, type CollectivesBinding, inTurn, results } from './binding.js'
import { fields } from './data.js'

const join = createOp<string>((a, b) => `${a}${b}`)
const letters = (ranks: readonly number[]): string => ranks.map((rank) => String.fromCharCode(97 + rank)).join('')
const letter = ({ rank }: Communicator): string => letters([rank])

/** What all ranks' arrays are element by element, of whole numbers, so that the order does not matter. */
function sums(length: number, size: number): Float64Array {
  const given = below(size).map((rank) => fields(length, rank))
  return new Float64Array(length).map((_, k) => given.reduce((sum, array) => sum + array[k]!, 0))
}

export function reductions(binding: CollectivesBinding): void {
  describe.each(binding.sizes)('on %i ranks', (size) => {
    const all = below(size)

    test('reduce gives every root the reduction in rank order, and the others nothing', async () => {
      const given = await results(binding, size, (comm) =>
        byRoot<unknown>(comm, (root) =>
          inTurn<unknown>([
            () => comm.ireduce(comm.rank + 1, SUM, { root }),
            () => comm.ireduce(letter(comm), join, { root }),
            () => comm.ireduce(BigInt(comm.rank), MAX, { root })
          ])
        )
      )
      const result = [(size * (size + 1)) / 2, letters(all), BigInt(size - 1)]
      for (const rank of all)
        expect(given[rank]).toEqual(all.flatMap((root) => (root === rank ? result : [undefined, undefined, undefined])))
    })

    test.each([0, 1, 5, 1000, 20_000])('reduce of arrays of %i, into others and in place', async (length) => {
      const given = await results(binding, size, (comm) =>
        byRoot(comm, (root) => {
          const data = fields(length, comm.rank)
          return inTurn([
            () => comm.ireduce(data, SUM, { root, into: new Float64Array(length + 1) }),
            () => comm.ireduce(data, SUM, { root, into: data })
          ])
        })
      )
      const sum = sums(length, size)
      for (const rank of all) {
        given[rank]!.forEach((value, k) => {
          if (k >> 1 !== rank) expect(value).toBeUndefined()
          else expect(value).toEqual(k % 2 === 0 ? Float64Array.of(...sum, 0) : sum)
        })
      }
    })

    test('allreduce gives everyone the reduction in rank order', async () => {
      const given = await results<unknown>(binding, size, (comm) =>
        inTurn<unknown>([
          () => comm.iallreduce(comm.rank + 1),
          () => comm.iallreduce(letter(comm), join),
          () =>
            comm.iallreduce(
              [size - comm.rank, comm.rank],
              createOp<number[]>((a, b) => (b[0]! > a[0]! ? b : a))
            )
        ])
      )
      for (const got of given) expect(got).toEqual([(size * (size + 1)) / 2, letters(all), [size, 0]])
    })

    test.each(['recursiveDoubling', 'rabenseifner'] as const)(
      'allreduce of arrays by %s, fresh, into others and in place',
      async (algorithm) => {
        for (const length of [0, 1, 7, 3000, 20_000]) {
          const given = await results(binding, size, (comm): Observable<unknown> => {
            const data = fields(length, comm.rank)
            return inTurn<unknown>([
              () => comm.iallreduce(data, SUM, { algorithm }),
              () => comm.iallreduce(data, SUM, { algorithm, into: new Float64Array(length) }),
              () => comm.iallreduce(data, SUM, { algorithm, into: data })
            ])
          })
          const sum = sums(length, size)
          for (const got of given) expect(got).toEqual([sum, sum, sum])
        }
      }
    )
  })
}
