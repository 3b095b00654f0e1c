import fc from 'fast-check'
import { EMPTY, from } from 'rxjs'
import { allgather, alltoallv, gather, gatherv, scatter, scatterv } from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { AliasError, ArgumentError, CountError, DatatypeError, RankError, RemoteError, TruncationError } from '../../src/errors.js'
import type { Request } from '../../src/request/request.js'
import { simulate } from '../../testing/index.js'
import { below, outcomesOf } from './outcomes.js'

const outcomes = (size: number, call: (comm: Communicator) => Request<unknown>, seed?: number): unknown[] =>
  outcomesOf(size, call, seed === undefined ? {} : { seed, jitter: 3 })

const eight = new Float64Array(8)
type Bad = readonly [what: string, call: (comm: Communicator) => Request<unknown>, error: Function, message: RegExp]

describe('a bad argument is refused at the call, which is then none', () => {
  const bad: Bad[] = [
    ['a root that is no rank', (comm) => comm.iscatter([1, 2], { root: 2 }), RankError, /^root: 2 is no rank/],
    [
      'a root where the options are',
      (comm) => comm.igather(1, 1 as never),
      ArgumentError,
      /^options: expected an object such as \{ root: 0 \}, got 1/
    ],
    ['no options', (comm) => comm.iallgather(1, null as never), ArgumentError, /^options: expected an object.*got null/],
    ['values for too few', (comm) => comm.iscatter([1]), CountError, /^data: expected an array of 2 values, one a rank, got 1/],
    ['values for too many', (comm) => comm.ialltoall([1, 2, 3]), CountError, /^data: expected an array of 2 values, one a rank, got 3/],
    [
      'an array that cannot be cut',
      (comm) => comm.iscatter(new Int8Array(7)),
      CountError,
      /^data: 7 elements cannot be cut into 2 equal runs/
    ],
    ['the same to all', (comm) => comm.ialltoall(new Int8Array(7)), CountError, /^data: 7 elements cannot be cut into 2 equal runs/],
    ['nothing to scatter', (comm) => comm.iscatter(undefined), DatatypeError, /^data: expected an array of 2 values.*got undefined/],
    ['no array to exchange', (comm) => comm.ialltoall('ab' as never), DatatypeError, /^data: expected an array of 2 values.*got 'ab'/],
    ['a function among the values', (comm) => comm.iscatter([1, () => 2]), Error, /function/],
    ['a function to gather', (comm) => comm.iallgather(() => 2), Error, /function/],
    [
      'an algorithm that there is not',
      (comm) => comm.igather(1, { algorithm: 'ring' as never }),
      ArgumentError,
      /^algorithm: expected 'binomial' or 'linear', got 'ring'/
    ],
    ['no counts', (comm) => comm.iscatterv(eight, {}), ArgumentError, /^counts: expected 2 integers from 0 on, one a rank, got undefined/],
    ['counts of too few', (comm) => comm.iscatterv(eight, { counts: [1] }), CountError, /^counts: expected 2 integers/],
    ['counts below 0', (comm) => comm.igatherv(eight, { counts: [8, -1] }), ArgumentError, /^counts: expected 2 integers/],
    ['broken counts', (comm) => comm.iallgatherv(eight, { counts: [8, 0.5] }), ArgumentError, /^counts: expected 2 integers/],
    [
      'displacements below 0',
      (comm) => comm.ialltoallv(eight, { sendCounts: [4, 4], sendDispls: [-1, 4] }),
      ArgumentError,
      /^sendDispls: expected 2 integers/
    ],
    [
      'counts above the length',
      (comm) => comm.iscatterv(eight, { counts: [4, 5] }),
      CountError,
      /^counts: they add up to 9, but the data has 8 elements/
    ],
    [
      'a run above the end',
      (comm) => comm.iscatterv(eight, { counts: [4, 4], displs: [5, 0] }),
      CountError,
      /^counts: displs has the run of rank 0 end at 9, but/
    ],
    [
      'counts to send above the length',
      (comm) => comm.ialltoallv(eight, { sendCounts: [8, 1] }),
      CountError,
      /^sendCounts: they add up to 9/
    ],
    [
      'another count for itself',
      (comm) => comm.ialltoallv(eight, { sendCounts: [4, 4], recvCounts: [3, 4] }),
      CountError,
      /^recvCounts: 3 elements are expected of rank 0/
    ],
    [
      'another count of its own',
      (comm) => comm.igatherv(eight, { counts: [7, 1] }),
      CountError,
      /^counts: 7 elements are expected of rank 0, but the data has 8/
    ],
    [
      'runs in one place',
      (comm) => comm.igatherv(eight, { counts: [8, 8], displs: [0, 7], into: new Float64Array(20) }),
      CountError,
      /^displs: the runs of ranks 0 and 1 overlap/
    ],
    [
      'gaps in nothing',
      (comm) => comm.iallgatherv(eight, { counts: [8, 8], displs: [0, 9] }),
      CountError,
      /^displs: the runs end at 17 but have 16 elements; to leave gaps, give a buffer as into/
    ],
    ['no array to join', (comm) => comm.igatherv([1] as never), DatatypeError, /^data: expected a typed array, got \[ 1 \]/],
    ['what cannot be received in', (comm) => comm.iscatter(eight, { into: {} as never }), ArgumentError, /^into: expected a typed array/],
    [
      'a buffer of another kind',
      (comm) => comm.igather(eight, { into: new Float32Array(16) }),
      DatatypeError,
      /^into: a Float32Array cannot hold runs of a Float64Array/
    ],
    [
      'a buffer for values',
      (comm) => comm.igather(1 as never, { into: new Float64Array(2) }),
      DatatypeError,
      /^into: a Float64Array cannot hold 1/
    ],
    [
      'a buffer that is too small',
      (comm) => comm.igather(eight, { into: new Float64Array(15) }),
      TruncationError,
      /^into: 16 elements are received, the buffer has only 15/
    ],
    ['one for all that is', (comm) => comm.iallgather(eight, { into: new Float64Array(15) }), TruncationError, /^into: 16 elements/],
    ['one for a run that is', (comm) => comm.iscatter(eight, { into: new Float64Array(3) }), TruncationError, /^into: 4 elements/],
    [
      'one for runs that is',
      (comm) => comm.iallgatherv(eight, { counts: [8, 3], into: new Float64Array(10) }),
      TruncationError,
      /^into: 11 elements/
    ],
    [
      'the data to scatter in',
      (comm) => comm.iscatter(eight, { into: eight }),
      AliasError,
      /^into: its bytes 0 … 64 of an ArrayBuffer overlap those of the data, 0 … 64/
    ],
    ['a run of it', (comm) => comm.iscatterv(eight, { counts: [4, 4], into: eight.subarray(0, 4) }), AliasError, /^into: its bytes 0 … 32/],
    ['the data to exchange in', (comm) => comm.ialltoall(eight, { into: eight }), AliasError, /^into/],
    [
      'its end',
      (comm) => comm.ialltoallv(new Float64Array(eight.buffer, 0, 4), { sendCounts: [2, 2], into: new Float64Array(eight.buffer, 24, 4) }),
      AliasError,
      /^into/
    ],
    ['a value to scatter', (comm) => comm.iscatter([new Float64Array(1), eight] as never, { into: eight }), AliasError, /^into/]
  ]

  test.each(bad)('%s', (_, call, type, message) => {
    const results = outcomes(2, (comm) => {
      // Only rank 0 makes the bad call, and both go on to the same good one.
      if (comm.rank === 0) {
        const refused = call(comm)
        let error: Error | undefined
        refused.subscribe({ error: (reason) => (error = reason) })
        expect(error).toBeInstanceOf(type)
        expect(error!.message).toMatch(message)
      }
      return comm.iallgather(comm.rank)
    })
    expect(results).toEqual([
      [0, 1],
      [0, 1]
    ])
  })

  it('operators throw when they are made', () => {
    simulate(2, {}, ({ comms: [zero] }) => {
      expect(() => scatter(zero!, { root: 5 })).toThrow(RankError)
      expect(() => scatterv(zero!, { counts: [1] })).toThrow(CountError)
      expect(() => gatherv(zero!, { counts: [1] })).toThrow(CountError)
      expect(() => alltoallv(zero!, { sendCounts: [1] })).toThrow(CountError)
      expect(() => gather(zero!, { into: eight } as never)).toThrow(/^into: operators give each round its own result/)
      expect(() => allgather(zero!, { algorithm: 'linear' as never })).toThrow(ArgumentError)
    })
  })

  it('in a stream it takes its place', () => {
    const seen: unknown[][] = [[], []]
    simulate(2, { latency: 1 }, ({ comms }) => {
      for (const comm of comms) {
        const source = comm.rank === 0 ? from([[1, 2], [3]]) : EMPTY
        source.pipe(scatter<number[]>(comm)).subscribe({
          next: (value) => seen[comm.rank]!.push(value),
          error: (error) => seen[comm.rank]!.push(error)
        })
      }
    })
    expect(seen).toEqual([
      [1, expect.any(CountError)],
      [2, expect.any(RemoteError)]
    ])
  })
})

describe('a buffer that does not fit what comes fails its own rank', () => {
  it.each([10, 5000])('and no other: runs of %i', (length) => {
    const results = outcomes(3, (comm) =>
      comm.iscatter(comm.rank === 0 ? new Float64Array(3 * length) : undefined, {
        into: new Float64Array(comm.rank === 1 ? length - 1 : length)
      })
    )
    expect(results[1]).toBeInstanceOf(TruncationError)
    expect(results[0]).toEqual(new Float64Array(length))
    expect(results[2]).toEqual(new Float64Array(length))
    const joined = outcomes(3, (comm) => {
      const into = comm.rank === 1 ? { into: new Float64Array(2 * length) } : {}
      return comm.iallgatherv(new Float64Array(length), into)
    })
    expect(joined[1]).toBeInstanceOf(TruncationError)
    expect(joined[0]).toEqual(new Float64Array(3 * length))
    expect(joined[2]).toEqual(new Float64Array(3 * length))
  })

  it('and leaves it untouched', () => {
    const into = new Float64Array(4).fill(7)
    const [, failed] = outcomes(2, (comm) =>
      comm.iscatter(comm.rank === 0 ? new Int32Array(8) : undefined, comm.rank === 1 ? { into } : {})
    )
    expect(failed).toBeInstanceOf(DatatypeError)
    expect(into).toEqual(new Float64Array(4).fill(7))
  })
})

describe('against a plain model, in any order of arrival', () => {
  const sizes = fc.integer({ min: 1, max: 9 })
  /** Some blocks are large. */
  const counts = (size: number) =>
    fc.array(fc.oneof(fc.nat(5), fc.nat(5), fc.integer({ min: 500, max: 1500 })), { minLength: size, maxLength: size })
  const seeds = fc.integer({ min: 0, max: 2 ** 30 })
  const numbered = (length: number, seed: number): Float64Array => Float64Array.from({ length }, (_, k) => 10_000 * seed + k)
  const joined = (runs: readonly Float64Array[]): Float64Array => Float64Array.from(runs.flatMap((run) => [...run]))
  const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0)

  it('alltoallv transposes', () => {
    const matrices = sizes.chain((size) => fc.tuple(fc.array(counts(size), { minLength: size, maxLength: size }), seeds, fc.boolean()))
    fc.assert(
      fc.property(matrices, ([matrix, seed, known]) => {
        const size = matrix.length
        const runs = matrix.map((row, rank) => {
          const data = numbered(sum(row), rank)
          return row.map((count, to) => data.slice(sum(row.slice(0, to)), sum(row.slice(0, to)) + count))
        })
        const results = outcomes(
          size,
          (comm) => {
            const recvCounts = known ? { recvCounts: matrix.map((row) => row[comm.rank]!) } : {}
            return comm.ialltoallv(joined(runs[comm.rank]!), { sendCounts: matrix[comm.rank]!, ...recvCounts })
          },
          seed
        )
        expect(results).toEqual(below(size).map((rank) => joined(runs.map((row) => row[rank]!))))
      }),
      { numRuns: 60 }
    )
  })

  it('gatherv, allgatherv and scatterv undo each other', () => {
    const lists = sizes.chain((size) => fc.tuple(counts(size), fc.nat(size - 1), seeds))
    fc.assert(
      fc.property(lists, ([list, root, seed]) => {
        const size = list.length
        const runs = list.map(numbered)
        const own = (comm: Communicator): Float64Array => runs[comm.rank]!
        expect(outcomes(size, (comm) => comm.igatherv(own(comm), { root }), seed)[root]).toEqual(joined(runs))
        expect(outcomes(size, (comm) => comm.iallgatherv(own(comm)), seed)).toEqual(runs.map(() => joined(runs)))
        const dealt = outcomes(size, (comm) => comm.iscatterv(comm.rank === root ? joined(runs) : undefined, { root, counts: list }), seed)
        expect(dealt).toEqual(runs)
      }),
      { numRuns: 60 }
    )
  })

  it('values of any kind stay what they are', () => {
    const values = sizes.chain((size) =>
      fc.tuple(
        fc.array(fc.oneof(fc.jsonValue(), fc.string({ minLength: 5000, maxLength: 5001 }), fc.double()), {
          minLength: size,
          maxLength: size
        }),
        fc.nat(size - 1),
        seeds
      )
    )
    fc.assert(
      fc.property(values, ([list, root, seed]) => {
        const plain = list.map((value) => structuredClone(value))
        expect(outcomes(list.length, (comm) => comm.iallgather(list[comm.rank]), seed)).toEqual(list.map(() => plain))
        expect(outcomes(list.length, (comm) => comm.iscatter(comm.rank === root ? list : undefined, { root }), seed)).toEqual(plain)
        expect(outcomes(list.length, (comm) => comm.igather(list[comm.rank], { root }), seed)[root]).toEqual(plain)
      }),
      { numRuns: 60 }
    )
  })
})
