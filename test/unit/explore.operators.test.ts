import { concat, map, of, range, toArray } from 'rxjs'
import * as mpi from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { createOp, SUM } from '../../src/op/op.js'
import { explore } from '../../testing/index.js'

const text = createOp<string>((a, b) => a + b, { name: 'text' })

describe.each([2, 3, 5, 8])('under many arrival orders, %i ranks', (size) => {
  const letters = Array.from({ length: size }, (_, rank) => String.fromCharCode(97 + rank)).join('')
  const letter = (comm: Communicator): string => letters[comm.rank]!

  it.each([0, 7])('agree on sums, round by round, with a jitter of %i ms', (jitter) => {
    explore({ seeds: 30, size, latency: 1, jitter }, ({ ranks, flush }) => {
      const got = new Map<number, unknown>()
      ranks((comm) =>
        range(comm.rank, 20).pipe(
          mpi.allreduce(comm, SUM),
          toArray(),
          map((sums) => got.set(comm.rank, sums))
        )
      )
      flush()
      const sums = Array.from({ length: 20 }, (_, round) => size * round + (size * (size - 1)) / 2)
      expect([...got.values()]).toEqual(Array.from({ length: size }, () => sums))
    })
  })

  it('reduce in rank order, and keep collectives apart that are called one after the other', () => {
    explore({ seeds: 30, size, latency: 1, jitter: 5 }, ({ ranks, flush }) => {
      const outcomes: unknown[] = []
      ranks((comm) =>
        concat(
          of(letter(comm)).pipe(mpi.allreduce(comm, text)),
          of(letter(comm)).pipe(mpi.bcast(comm, { root: size - 1 })),
          of('end').pipe(mpi.barrier(comm))
        ).pipe(
          toArray(),
          map((out) => outcomes.push(out))
        )
      )
      flush()
      expect(outcomes).toEqual(Array.from({ length: size }, () => [letters, letters[size - 1], 'end']))
    })
  })
})
