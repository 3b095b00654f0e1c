import { concat, defer, EMPTY, from, ignoreElements, map, Observable, type ObservableInput, of, take, tap, throwError } from 'rxjs'
import * as mpi from '../../../operators/index.js'
import type { StreamOptions } from '../../../src/collective/definition.js'
import type { Communicator } from '../../../src/communicator/communicator.js'
import { RaggedStreamError, RemoteError } from '../../../src/errors.js'
import { createOp } from '../../../src/op/op.js'
import { below, type CollectivesBinding, results } from './binding.js'
import { fields, joined } from './data.js'

/** A collective over a stream: what each rank gives in round k, and what it gets; who gets nothing has no `gets`. */
interface Streamed {
  readonly operator: (comm: Communicator, options: StreamOptions) => (source: ObservableInput<never>) => Observable<unknown>
  readonly gives: (rank: number, size: number, round: number) => unknown
  readonly gets: (rank: number, size: number, round: number) => unknown
  /** Only the root gets something. */
  readonly toRoot?: boolean
  /** Only the root gives something. */
  readonly fromRoot?: boolean
}

const root = (size: number): number => size >> 1
/** Every fifth round is large. */
const lengthOf = (round: number, rank: number): number => (round % 5 === 3 ? 700 : 2) + (rank % 3)
const run = (rank: number, round: number): Float64Array => fields(lengthOf(round, rank), rank + round)
const word = (rank: number, round: number): string => `${rank}.${round} `.repeat(round % 5 === 3 ? 1500 : 1)
const join = createOp((a: string, b: string) => a + b, { name: 'join' })

type Operator = ReturnType<Streamed['operator']>

export const streamed: Record<string, Streamed> = {
  barrier: { operator: (comm, options) => mpi.barrier(comm, options), gives: word, gets: word },
  bcast: {
    operator: (comm, options) => mpi.bcast(comm, { ...options, root: root(comm.size) }),
    fromRoot: true,
    gives: (rank, _, round) => (round % 2 === 0 ? word(rank, round) : run(rank, round)),
    gets: (_, size, round) => streamed.bcast!.gives(root(size), size, round)
  },
  scatter: {
    operator: (comm, options) => mpi.scatter(comm, { ...options, root: root(comm.size) }) as Operator,
    fromRoot: true,
    gives: (_, size, round) => below(size).map((rank) => run(rank, round)),
    gets: (rank, _, round) => run(rank, round)
  },
  scatterv: {
    operator: (comm, options) =>
      mpi.scatterv(comm, { ...options, root: root(comm.size), counts: below(comm.size).map((rank) => 300 * rank) }) as Operator,
    fromRoot: true,
    gives: (_, size, round) => fields(150 * size * (size - 1), round),
    gets: (rank, size, round) => fields(150 * size * (size - 1), round).slice(150 * rank * (rank - 1), 150 * rank * (rank + 1))
  },
  gather: {
    operator: (comm, options) => mpi.gather(comm, { ...options, root: root(comm.size) }),
    toRoot: true,
    gives: (rank, _, round) => (rank % 2 === 0 ? word(rank, round) : run(rank, round)),
    gets: (_, size, round) => below(size).map((rank) => streamed.gather!.gives(rank, size, round))
  },
  gatherv: {
    operator: (comm, options) => mpi.gatherv(comm, { ...options, root: root(comm.size) }) as Operator,
    toRoot: true,
    gives: (rank, _, round) => run(rank, round),
    gets: (_, size, round) => joined(below(size).map((rank) => run(rank, round)))
  },
  allgather: {
    operator: (comm, options) => mpi.allgather(comm, options),
    gives: (rank, _, round) => ((rank + round) % 2 === 0 ? word(rank, round) : run(rank, round)),
    gets: (_, size, round) => below(size).map((rank) => streamed.allgather!.gives(rank, size, round))
  },
  allgatherv: {
    operator: (comm, options) => mpi.allgatherv(comm, options) as Operator,
    gives: (rank, _, round) => run(rank, round),
    gets: (_, size, round) => joined(below(size).map((rank) => run(rank, round)))
  },
  alltoall: {
    operator: (comm, options) => mpi.alltoall(comm, options) as Operator,
    gives: (rank, size, round) =>
      round % 3 === 0
        ? fields(size * lengthOf(round, 0), rank + round)
        : below(size).map((to) => ((rank + to) % 2 === 0 ? word(to, round + rank) : run(to, round + rank))),
    gets(rank, size, round) {
      const parts = below(size).map((from) => streamed.alltoall!.gives(from, size, round))
      if (round % 3 !== 0) return parts.map((part) => (part as unknown[])[rank])
      const length = lengthOf(round, 0)
      return joined(parts.map((part) => (part as Float64Array).slice(rank * length, (rank + 1) * length)))
    }
  },
  alltoallv: {
    operator: (comm, options) => mpi.alltoallv(comm, { ...options, sendCounts: below(comm.size).map((to) => 300 * to) }) as Operator,
    gives: (rank, size, round) => fields(150 * size * (size - 1), rank + round),
    gets: (rank, size, round) =>
      joined(
        below(size).map((from) => fields(150 * size * (size - 1), from + round).slice(150 * rank * (rank - 1), 150 * rank * (rank + 1)))
      )
  },
  reduce: {
    operator: (comm, options) => mpi.reduce(comm, join, { ...options, root: root(comm.size) }),
    toRoot: true,
    gives: (rank, _, round) => word(rank, round),
    gets: (_, size, round) =>
      below(size)
        .map((rank) => word(rank, round))
        .join('')
  },
  allreduce: {
    operator: (comm, options) => mpi.allreduce(comm, join, options),
    gives: (rank, _, round) => word(rank, round),
    gets: (_, size, round) => streamed.reduce!.gets(0, size, round)
  }
}

const sizes = [1, 2, 3, 5, 8]
const cases = Object.entries(streamed)

export function streams(binding: CollectivesBinding): void {
  describe.each(sizes)('on %i ranks', (size) => {
    const all = below(size)
    const given = (collective: Streamed, comm: Communicator, rounds: number): unknown[] =>
      collective.fromRoot && comm.rank !== root(size) ? [] : below(rounds).map((round) => collective.gives(comm.rank, size, round))
    const got = (collective: Streamed, rank: number, rounds: number): unknown[] =>
      collective.toRoot && rank !== root(size) ? [] : below(rounds).map((round) => collective.gets(rank, size, round))
    /** Values without an end. */
    function* endless(collective: Streamed, comm: Communicator): Generator<unknown> {
      for (let round = 0; ; round++) yield collective.gives(comm.rank, size, round)
    }
    const through = (collective: Streamed, comm: Communicator, options: StreamOptions, source: ObservableInput<unknown>) =>
      collective.operator(comm, options)(source as ObservableInput<never>)

    test.each(cases)('%s takes round after round, of values that come and of some that are pulled', async (_, collective) => {
      const rounds = size > 5 ? 10 : 40
      for (const window of [1, 3, 64]) {
        const streams = await results(binding, size, (comm) => {
          const values = given(collective, comm, rounds)
          return through(collective, comm, { window }, comm.rank % 2 === 0 ? from(values) : values)
        })
        for (const rank of all) expect(streams[rank]).toEqual(got(collective, rank, rounds))
      }
    })

    test.each(cases)('%s is over for everyone when all have taken three of an endless source', async (_, collective) => {
      const streams = await results(binding, size, (comm) => {
        const gives = !collective.fromRoot || comm.rank === root(size)
        const isDeaf = collective.toRoot && comm.rank !== root(size)
        // Who gets nothing can only end by its source.
        const source = gives ? (isDeaf ? given(collective, comm, 3) : endless(collective, comm)) : EMPTY
        return through(collective, comm, { ragged: 'truncate' }, source).pipe(isDeaf ? tap() : take(3))
      })
      for (const rank of all) expect(streams[rank]).toEqual(got(collective, rank, 3))
    })

    const unsubscribable = cases.filter(([, { fromRoot }]) => !fromRoot)
    test.each(unsubscribable)('%s ends for everyone when one rank has taken three', async (_, collective) => {
      const streams = await results(binding, size, (comm) => {
        const stream = through(collective, comm, { ragged: 'truncate' }, endless(collective, comm))
        return comm.rank === root(size) ? stream.pipe(take(3)) : stream
      })
      for (const rank of all) {
        const { length } = streams[rank]!
        if (rank === root(size)) expect(length).toBe(3)
        else if (!collective.toRoot) expect(length).toBeGreaterThanOrEqual(3)
        expect(streams[rank]).toEqual(got(collective, rank, length))
      }
    })

    test.each(cases)('%s ends with the shortest when it is told to truncate', async (_, collective) => {
      const streams = await results(binding, size, (comm) =>
        through(collective, comm, { ragged: 'truncate' }, from(given(collective, comm, comm.rank === root(size) ? 4 : 9)))
      )
      for (const rank of all) expect(streams[rank]).toEqual(got(collective, rank, 4))
    })

    test.each(cases)(
      '%s of streams that are not equally long is an error on every rank, after the rounds that were whole',
      async (_, collective) => {
        const outcomes = await binding.run(size, (comm) => through(collective, comm, {}, from(given(collective, comm, 3 + comm.rank))))
        for (const rank of all) {
          const { values, error } = outcomes[rank]!
          if (size === 1 || collective.fromRoot) {
            expect(error).toBeUndefined()
            expect(values).toEqual(got(collective, rank, 3 + root(size)))
            continue
          }
          expect(values).toEqual(got(collective, rank, 3))
          expect(error).toBeInstanceOf(RaggedStreamError)
          expect((error as Error).message).toMatch(/rank 0: 3\n/)
        }
      }
    )

    test.each(cases)('%s has an error of one rank take its place everywhere, and the communicator goes on', async (_, collective) => {
      const failure = new Error('no more')
      const errors: unknown[] = []
      const sums = await results(binding, size, (comm) => {
        const values = from(given(collective, comm, comm.rank === root(size) ? 4 : 9))
        const source =
          comm.rank === root(size)
            ? concat(
                values,
                throwError(() => failure)
              )
            : values
        const seen: unknown[] = []
        return concat(
          new Observable<never>((subscriber) =>
            through(collective, comm, {}, source).subscribe({
              next: (value) => seen.push(value),
              error: (error) => {
                expect(seen).toEqual(got(collective, comm.rank, 4))
                errors[comm.rank] = error
                subscriber.complete()
              },
              complete: () => subscriber.complete()
            })
          ),
          defer(() => comm.iallreduce(1))
        )
      })
      expect(sums).toEqual(all.map(() => [size]))
      for (const rank of all) {
        if (rank === root(size)) expect(errors[rank]).toMatchObject({ message: 'no more' })
        else {
          expect(errors[rank]).toBeInstanceOf(RemoteError)
          expect(errors[rank]).toMatchObject({ rank: root(size), message: expect.stringContaining('no more') })
        }
      }
    })

    if (size > 1) {
      test.each(cases)('%s pulls no more than the window while a rank has not come', async (_, collective) => {
        const window = 5
        let pulled = 0
        let pulledBefore = -1
        const late = (root(size) + 1) % size
        const streams = await results(binding, size, (comm) => {
          const values = given(collective, comm, 20)
          function* counted(): Generator<unknown> {
            for (const value of values) {
              if (comm.rank === root(size)) pulled++
              yield value
            }
          }
          const operate = collective.operator(comm, { window })
          if (comm.rank !== late) {
            const stream = operate(counted() as Iterable<never>)
            // By now the source has been pulled as far as it can be.
            return comm.rank !== root(size)
              ? stream
              : new Observable<unknown>((subscriber) => {
                  const subscription = stream.subscribe(subscriber)
                  comm.isend('come', { dest: late })
                  return subscription
                })
          }
          return concat(
            comm.irecv({ source: root(size) }).pipe(
              tap(() => {
                pulledBefore = pulled
              }),
              ignoreElements()
            ),
            operate(counted() as Iterable<never>)
          )
        })
        expect(pulled).toBe(20)
        expect(pulledBefore).toBeGreaterThan(0)
        expect(pulledBefore).toBeLessThanOrEqual(window)
        for (const rank of all) expect(streams[rank]).toEqual(got(collective, rank, 20))
      })
    }
  })

  test('gather, allgather and alltoall go on with the rest, without those who have ended', async () => {
    const rest = { ragged: 'rest' } as const
    const program = (operate: (comm: Communicator) => Operator) =>
      results(binding, 3, (comm) =>
        operate(comm)(from([`a${comm.rank}`, `b${comm.rank}`, `c${comm.rank}`].slice(0, comm.rank + 1)) as Observable<never>)
      )
    const rounds = [
      ['a0', 'a1', 'a2'],
      [undefined, 'b1', 'b2'],
      [undefined, undefined, 'c2']
    ]
    expect(await program((comm) => mpi.gather(comm, { root: 1, ...rest }))).toEqual([[], rounds, []])
    expect(await program((comm) => mpi.allgather(comm, rest))).toEqual([rounds, rounds, rounds])
    const parts = await results(binding, 3, (comm) => {
      const source = from(below(comm.rank + 1).map((round) => below(3).map((to) => `${round}: ${comm.rank} to ${to}`)))
      return source.pipe(mpi.alltoall(comm, rest))
    })
    for (const rank of below(3)) {
      expect(parts[rank]).toEqual(
        below(3).map((round) => below(3).map((from) => (from >= round ? `${round}: ${from} to ${rank}` : undefined)))
      )
    }
    expect(await program((comm) => mpi.barrier(comm, rest))).toEqual([['a0'], ['a1', 'b1'], ['a2', 'b2', 'c2']])
    const runs = await results(binding, 3, (comm) =>
      from(below(comm.rank + 1).map((round) => Int32Array.of(comm.rank, round))).pipe(mpi.allgatherv(comm, rest))
    )
    for (const got of runs)
      expect(got.map((array) => [...array])).toEqual([
        [0, 0, 1, 0, 2, 0],
        [1, 1, 2, 1],
        [2, 2]
      ])
  })

  test.each(['bcast', 'scatter'])('%s goes on with the rest to the end of the root and no further', async (name) => {
    const streams = await results(binding, 3, (comm) => {
      const source = comm.rank === 0 ? of(['a', 'b', 'c'], ['d', 'e', 'f']) : EMPTY
      return name === 'scatter'
        ? (source.pipe(mpi.scatter(comm, { ragged: 'rest' })) as Observable<unknown>)
        : source.pipe(
            mpi.bcast(comm, { ragged: 'rest' }),
            map((value) => value[comm.rank])
          )
    })
    expect(streams).toEqual([
      ['a', 'd'],
      ['b', 'e'],
      ['c', 'f']
    ])
  })
}
