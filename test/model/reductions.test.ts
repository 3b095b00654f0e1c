import fc from 'fast-check'
import { from, type Observable, tap } from 'rxjs'
import { allreduce, exscan, reduce, reduceScatter, scan } from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { AliasError, ArgumentError, CountError, DatatypeError, RankError, TruncationError } from '../../src/errors.js'
import {
  type AnyOp,
  BAND,
  BOR,
  BXOR,
  createOp,
  LAND,
  LOR,
  LXOR,
  MAX,
  MAXLOC,
  MIN,
  MINLOC,
  NO_OP,
  PROD,
  REPLACE,
  SUM,
  type TypedArray
} from '../../src/op/op.js'
import type { Request } from '../../src/request/request.js'
import { simulate } from '../../testing/index.js'
import { below, outcomesOf } from './outcomes.js'

const SIZES = [1, 2, 3, 4, 5, 7, 8, 13]

const outcomes = (size: number, call: (comm: Communicator) => Request<unknown>, seed?: number): unknown[] =>
  outcomesOf(size, call, { seed, leaks: 'ignore' })

/** Associative and not commutative, element by element: maps x → m x + c, modulo a prime, in 16 bits. */
const PRIME = 251
const compose = (a: number, b: number): number => {
  const [m, c] = [Math.floor(a / PRIME), a % PRIME]
  const [n, d] = [Math.floor(b / PRIME), b % PRIME]
  return ((m * n) % PRIME) * PRIME + ((n * c + d) % PRIME)
}
const affine = createOp(
  (a: Uint16Array, b: Uint16Array) => {
    for (let k = 0; k < a.length; k++) b[k] = compose(a[k]!, b[k]!)
    return b
  },
  { name: 'affine' }
)
const concat = createOp((a: string, b: string) => a + b, { name: 'concat' })

/** The plain sequential model: rank after rank. */
function fold(op: AnyOp, values: readonly unknown[]): unknown {
  const own = (value: unknown): unknown => (ArrayBuffer.isView(value) ? (value as TypedArray).slice() : value)
  return values.map(own).reduce((a, b) => op.combine(a as never, b as never))
}

const ofInteger = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const arrays = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array]
/** Results of these do not depend on how they are bracketed. */
const exact: AnyOp[] = [SUM, PROD, MAX, MIN, BAND, BOR, BXOR, LAND, LOR, LXOR, REPLACE, NO_OP]

interface Sample {
  op: AnyOp
  values: unknown[]
}

/** A value for each rank, and an op for them. */
const sample = (size: number): fc.Arbitrary<Sample> =>
  fc.oneof(
    fc.record({
      op: fc.constantFrom<AnyOp>(MAX, MIN, BXOR, LAND, LOR, REPLACE, NO_OP),
      values: fc.array(ofInteger, { minLength: size, maxLength: size })
    }),
    fc.record({ op: fc.constantFrom<AnyOp>(SUM, PROD), values: fc.array(fc.bigInt(), { minLength: size, maxLength: size }) }),
    fc.record({ op: fc.constantFrom<AnyOp>(LAND, LOR, LXOR), values: fc.array(fc.boolean(), { minLength: size, maxLength: size }) }),
    fc.record({
      op: fc.constantFrom<AnyOp>(MAXLOC, MINLOC),
      values: fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.nat(9)), { minLength: size, maxLength: size })
    }),
    fc.record({ op: fc.constant<AnyOp>(concat), values: fc.array(fc.string({ maxLength: 3 }), { minLength: size, maxLength: size }) }),
    arraySample(size, fc.nat(40))
  )

/** Arrays of equal length, of any kind of integers. */
const arraySample = (size: number, length: fc.Arbitrary<number>): fc.Arbitrary<Sample> =>
  fc.tuple(fc.constantFrom(...arrays), length, fc.constantFrom<AnyOp>(...exact, affine)).chain(([kind, count, op]) => {
    if (op === affine) {
      const maps = fc.array(fc.integer({ min: 0, max: PRIME * PRIME - 1 }), { minLength: count, maxLength: count })
      return fc.record({
        op: fc.constant(op),
        values: fc.array(
          maps.map((list) => Uint16Array.from(list)),
          { minLength: size, maxLength: size }
        )
      })
    }
    const big = kind === BigInt64Array || kind === BigUint64Array
    // An op of clamped bytes is not associative but for these.
    const suited = kind !== Uint8ClampedArray || op === MAX || op === MIN ? op : MAX
    const elements = fc.array(ofInteger, { minLength: count, maxLength: count })
    const array = elements.map((list) => (kind as typeof Int8Array).from((big ? list.map(BigInt) : list) as number[]) as TypedArray)
    return fc.record({ op: fc.constant(suited), values: fc.array(array, { minLength: size, maxLength: size }) })
  })

const copies = (values: readonly unknown[]): unknown[] => structuredClone([...values])

describe.each(SIZES)('on %i ranks', (size) => {
  const holds = <T>(samples: fc.Arbitrary<T>, test: (value: T) => void, numRuns = size < 6 ? 20 : 8): void =>
    fc.assert(fc.property(samples, test), { numRuns })
  const roots = fc.nat(size - 1)

  test('allreduce and reduce are the sequential reduction, on every root', () => {
    holds(fc.tuple(sample(size), roots, fc.nat()), ([{ op, values }, root, seed]) => {
      const whole = fold(op, values)
      const given = copies(values)
      expect(outcomes(size, (comm) => comm.iallreduce(given[comm.rank] as never, op as never), seed)).toEqual(below(size).map(() => whole))
      const reduced = outcomes(size, (comm) => comm.ireduce(given[comm.rank] as never, op as never, { root }), seed)
      expect(reduced).toEqual(below(size).map((rank) => (rank === root ? whole : undefined)))
      expect(given).toEqual(values)
    })
  })

  test.each([
    ['allreduce', 'recursiveDoubling'],
    ['allreduce', 'rabenseifner'],
    ['allreduce', 'ring'],
    ['reduce', 'binomial'],
    ['reduce', 'rabenseifner']
  ] as const)('%s by %s too, of arrays of any length, in place', (name, algorithm) => {
    holds(fc.tuple(arraySample(size, fc.nat(40)), roots), ([{ op, values }, root]) => {
      if (algorithm === 'ring' && !op.commutative) return
      const whole = fold(op, values)
      const given = copies(values)
      const results = outcomes(size, (comm) => {
        const data = given[comm.rank] as never
        const options = { into: data, algorithm: algorithm as never }
        return name === 'reduce' ? comm.ireduce(data, op as never, { ...options, root }) : comm.iallreduce(data, op as never, options)
      })
      for (const rank of below(size)) {
        const isHere = name === 'allreduce' || rank === root
        expect(results[rank]).toEqual(isHere ? whole : undefined)
        if (isHere) expect(results[rank]).toBe(given[rank])
        else expect(given[rank]).toEqual(values[rank])
      }
    })
  })

  test('scan is the reduction of the ranks up to here, exscan of those before', () => {
    holds(fc.tuple(sample(size), fc.nat()), ([{ op, values }, seed]) => {
      const given = copies(values)
      const upTo = (end: number): unknown => (end === 0 ? undefined : fold(op, values.slice(0, end)))
      expect(outcomes(size, (comm) => comm.iscan(given[comm.rank] as never, op as never), seed)).toEqual(
        below(size).map((rank) => upTo(rank + 1))
      )
      expect(outcomes(size, (comm) => comm.iexscan(given[comm.rank] as never, op as never), seed)).toEqual(below(size).map(upTo))
      expect(given).toEqual(values)
    })
  })

  test('scan and exscan into an array, the own one too', () => {
    holds(fc.tuple(arraySample(size, fc.nat(20)), fc.boolean()), ([{ op, values }, inPlace]) => {
      for (const exclusive of [false, true]) {
        const given = copies(values) as TypedArray[]
        const targets = inPlace ? given : (copies(values) as TypedArray[])
        const results = outcomes(size, (comm) => {
          const options = { into: targets[comm.rank]! }
          return exclusive
            ? comm.iexscan(given[comm.rank] as never, op as never, options)
            : comm.iscan(given[comm.rank] as never, op as never, options)
        })
        for (const rank of below(size)) {
          const isFirst = exclusive && rank === 0
          expect(results[rank]).toBe(isFirst ? undefined : targets[rank])
          expect(targets[rank]).toEqual(isFirst ? values[0] : fold(op, values.slice(0, exclusive ? rank : rank + 1)))
        }
      }
    })
  })

  test.each(['recursiveHalving', 'pairwise'] as const)('reduceScatter by %s gives every rank its block', (algorithm) => {
    const counted = fc
      .array(fc.nat(5), { minLength: size, maxLength: size })
      .chain((counts) =>
        fc.record({ counts: fc.constant(counts), sample: arraySample(size, fc.constant(counts.reduce((a, b) => a + b, 0))) })
      )
    const even = fc
      .nat(5)
      .chain((each) => fc.record({ counts: fc.constant(undefined), sample: arraySample(size, fc.constant(each * size)) }))
    holds(
      fc.tuple(fc.oneof(counted, even), fc.constantFrom('apart', 'into', 'in place'), fc.nat()),
      ([{ counts, sample }, where, seed]) => {
        const { op, values } = sample
        const whole = fold(op, values) as TypedArray
        const lengths = counts ?? below(size).map(() => whole.length / size)
        const starts = lengths.map((_, rank) => lengths.slice(0, rank).reduce((a, b) => a + b, 0))
        const blocks = lengths.map((length, rank) => whole.slice(starts[rank], starts[rank]! + length))
        const given = copies(values) as TypedArray[]
        const targets = where === 'in place' ? given : blocks.map((block) => block.slice())
        const results = outcomes(
          size,
          (comm) => {
            const into = where === 'apart' ? undefined : targets[comm.rank]!
            return comm.ireduceScatter(given[comm.rank]!, op as never, { ...(counts && { counts }), into, algorithm })
          },
          seed
        )
        for (const rank of below(size)) {
          const result = results[rank] as TypedArray
          expect(result.slice(0, lengths[rank])).toEqual(blocks[rank])
          if (where !== 'apart') expect(result).toBe(targets[rank])
          else expect(result.byteLength).toBe(result.buffer.byteLength)
          if (where !== 'in place') expect(given[rank]).toEqual(values[rank])
        }
      }
    )
  })

  test.each(['recursiveHalving', 'pairwise'] as const)('reduceScatter by %s of an array of values', (algorithm) => {
    const vectors = fc.array(fc.array(fc.string({ maxLength: 3 }), { minLength: size, maxLength: size }), {
      minLength: size,
      maxLength: size
    })
    holds(vectors, (given) => {
      const results = outcomes(size, (comm) => comm.ireduceScatter(given[comm.rank]!, concat, { algorithm }))
      expect(results).toEqual(below(size).map((block) => given.map((vector) => vector[block]).join('')))
    })
    const numbers = below(size).map((rank) => below(size).map((block) => 10 * rank + block))
    expect(outcomes(size, (comm) => comm.ireduceScatter(numbers[comm.rank]!, SUM, { algorithm }))).toEqual(
      below(size).map((block) => numbers.reduce((sum, vector) => sum + vector[block]!, 0))
    )
  })

  test('sums of floating-point numbers have the same bits on every rank, in every order of arrival', () => {
    const doubles = fc.array(fc.double({ noNaN: true }), { minLength: size, maxLength: size })
    holds(
      fc.tuple(doubles, roots, fc.nat(), fc.nat()),
      ([numbers, root, seed, other]) => {
        const sums = (at: number): unknown[] => outcomes(size, (comm) => comm.iallreduce(numbers[comm.rank]!), at)
        const [first] = sums(seed)
        for (const sum of [...sums(seed), ...sums(other)]) expect(sum).toBe(first)
        for (const algorithm of ['recursiveDoubling', 'rabenseifner', 'ring'] as const) {
          const arrays = numbers.map((number) => Float64Array.from(below(2 * size + 1), (k) => number / (k + 1)))
          const reduced = (at: number): unknown[] => outcomes(size, (comm) => comm.iallreduce(arrays[comm.rank]!, SUM, { algorithm }), at)
          const [bits] = reduced(seed)
          for (const array of [...reduced(seed), ...reduced(other)]) expect(array).toEqual(bits)
        }
        const toRoot = (at: number): unknown => outcomes(size, (comm) => comm.ireduce(numbers[comm.rank]!, SUM, { root }), at)[root]
        expect(toRoot(seed)).toBe(toRoot(other))
      },
      size < 6 ? 8 : 3
    )
  })

  test('streams: every round is reduced by itself', () => {
    const lines = fc.array(fc.array(ofInteger, { minLength: size, maxLength: size }), { minLength: 1, maxLength: 8 })
    holds(
      fc.tuple(lines, fc.nat()),
      ([rounds, seed]) => {
        const scanned = emissions(size, seed, (comm) => scan(comm, MAX)(rounds.map((round) => round[comm.rank]!)))
        const before = emissions(size, seed, (comm) => exscan(comm, MAX)(rounds.map((round) => round[comm.rank]!)))
        const dealt = emissions(size, seed, (comm) =>
          from(rounds.map((round) => Int32Array.from(round, (value) => value + comm.rank))).pipe(reduceScatter(comm, BXOR))
        )
        for (const rank of below(size)) {
          expect(scanned[rank]).toEqual(rounds.map((round) => Math.max(...round.slice(0, rank + 1))))
          expect(before[rank]).toEqual(rounds.map((round) => (rank === 0 ? undefined : Math.max(...round.slice(0, rank)))))
          expect(dealt[rank]).toEqual(
            rounds.map((round) => Int32Array.of(below(size).reduce((bits, other) => bits ^ ((round[rank]! + other) | 0), 0)))
          )
        }
      },
      size < 6 ? 10 : 4
    )
  })

  test("ranks whose stream is over are left out of the 'rest'", () => {
    const counts = fc.array(fc.nat(3), { minLength: size, maxLength: size })
    holds(
      // Ranks whose stream is over have begun rounds that there are not.
      size === 13 ? fc.oneof(counts, fc.constant([0, 0, 0, 3, 0, 0, 1, 0, 2, 0, 0, 0, 0])) : counts,
      (lengths) => {
        const rounds = Math.max(...lengths)
        const values = (rank: number): string[] => below(lengths[rank]!).map((round) => `${String.fromCharCode(97 + rank)}${round} `)
        const present = (round: number, first: number, end: number): string[] =>
          below(size)
            .slice(first, end)
            .flatMap((rank) => values(rank).slice(round, round + 1))
        const joined = (parts: string[]): string[] => (parts.length === 0 ? [] : [parts.join('')])
        const rest = { ragged: 'rest', window: 3 } as const
        const exclusive = (round: number, rank: number): (string | undefined)[] => {
          const parts = present(round, 0, rank)
          return parts.length === 0 && round < lengths[rank]! ? [undefined] : joined(parts)
        }
        const scanned = emissions(size, 0, (comm) => scan(comm, concat, rest)(values(comm.rank)))
        const before = emissions(size, 0, (comm) => exscan(comm, concat, rest)(values(comm.rank)))
        const all = emissions(size, 0, (comm) => allreduce(comm, concat, rest)(values(comm.rank)))
        for (const rank of below(size)) {
          expect(scanned[rank]).toEqual(below(rounds).flatMap((round) => joined(present(round, 0, rank + 1))))
          // Nobody before a rank that gives a value makes it `undefined`; a rank whose stream is over gets nothing then.
          expect(before[rank]).toEqual(below(rounds).flatMap((round) => exclusive(round, rank)))
          expect(all[rank]).toEqual(below(rounds).flatMap((round) => joined(present(round, 0, size))))
        }
        for (const algorithm of ['recursiveHalving', 'pairwise'] as const) {
          const dealt = emissions(size, 0, (comm) =>
            reduceScatter(comm, concat, { ...rest, algorithm })(values(comm.rank).map((value) => below(size).map((block) => value + block)))
          )
          const typed = emissions(size, 0, (comm) =>
            reduceScatter(comm, SUM, { ...rest, algorithm })(
              below(lengths[comm.rank]!).map(() => Uint16Array.from(below(2 * size), (k) => k))
            )
          )
          for (const rank of below(size)) {
            expect(dealt[rank]).toEqual(
              below(rounds).map((round) =>
                present(round, 0, size)
                  .map((value) => value + rank)
                  .join('')
              )
            )
            expect(typed[rank]).toEqual(
              below(rounds).map((round) => Uint16Array.of(2 * rank, 2 * rank + 1).map((k) => k * present(round, 0, size).length))
            )
          }
        }
      },
      size < 6 ? 10 : 4
    )
  })
})

/** All that each rank's stream has emitted. */
function emissions(size: number, seed: number, stream: (comm: Communicator) => Observable<unknown>): unknown[][] {
  const results: unknown[][] = below(size).map(() => [])
  simulate(size, { latency: 1, seed }, ({ ranks }) => {
    ranks((comm) => stream(comm).pipe(tap((value) => results[comm.rank]!.push(value))))
  })
  return results
}

describe('a link without room', () => {
  test('keeps what waits as it was, whatever its size', () => {
    for (const length of [1, 5, 40, 1000]) {
      const results: Float64Array[] = []
      const rounds = below(60)
      simulate(2, { latency: 1, capacity: 4096 }, ({ ranks }) => {
        ranks((comm) => {
          const source = rounds.map((round) => new Float64Array(length).fill(round + 1))
          return from(source).pipe(
            scan(comm, SUM),
            tap((sum) => comm.rank === 1 && results.push(sum))
          )
        })
      })
      expect(results).toEqual(rounds.map((round) => new Float64Array(length).fill(2 * (round + 1))))
    }
  })
})

describe('large arrays', () => {
  test.each([3, 4])('are reduced in pieces as they come, on %i ranks', (size) => {
    const length = 12 * 2800
    const data = (rank: number): Uint16Array => Uint16Array.from({ length }, (_, k) => (rank * 7919 + k * 31) % (PRIME * PRIME))
    const values = below(size).map(data)
    const whole = fold(affine, values) as Uint16Array
    expect(outcomes(size, (comm) => comm.iallreduce(values[comm.rank]!, affine))).toEqual(below(size).map(() => whole))
    expect(outcomes(size, (comm) => comm.ireduce(values[comm.rank]!, affine, { root: 1 }))).toEqual(
      below(size).map((rank) => (rank === 1 ? whole : undefined))
    )
    expect(outcomes(size, (comm) => comm.iscan(values[comm.rank]!, affine)).at(-1)).toEqual(whole)
    expect(outcomes(size, (comm) => comm.iexscan(values[comm.rank]!, affine)).at(-1)).toEqual(fold(affine, values.slice(0, -1)))
    const blocks = outcomes(size, (comm) => comm.ireduceScatter(values[comm.rank]!, affine, { algorithm: 'pairwise' })) as Uint16Array[]
    expect(Uint16Array.from(blocks.flatMap((block) => [...block]))).toEqual(whole)
  })
})

describe('what is given', () => {
  const shared = {
    name: 'mutating',
    commutative: false,
    combine: (a: number[], b: number[]) => {
      b.unshift(...a)
      return b
    }
  }

  test('is left alone, and is never what comes out', () => {
    for (const size of SIZES) {
      const given = below(size).map((rank) => [rank])
      const sole = (results: unknown[]): void => {
        for (const rank of below(size)) expect(results[rank]).not.toBe(given[rank])
      }
      sole(
        outcomes(size, (comm) =>
          comm.iallreduce(
            given[comm.rank]!,
            createOp((a: number[]) => a)
          )
        )
      )
      const scanned = outcomes(size, (comm) => comm.iscan([...given[comm.rank]!], shared))
      sole(scanned)
      expect(scanned).toEqual(below(size).map((rank) => below(rank + 1)))
      expect(outcomes(size, (comm) => comm.iexscan([...given[comm.rank]!], shared))).toEqual(
        below(size).map((rank) => (rank === 0 ? undefined : below(rank)))
      )
    }
  })
})

describe('a bad argument', () => {
  const failing = (call: (comm: Communicator) => Request<unknown>): unknown => outcomes(2, call)[0]
  const data = Float64Array.of(1, 2, 3, 4)

  test.each<[string, (comm: Communicator) => Request<unknown>, new (...args: never[]) => Error, RegExp]>([
    ['no options', (comm) => comm.iscan(1, SUM, null as never), ArgumentError, /^options: expected an object.*got null/],
    ['an op', (comm) => comm.iscan(1, Math.max as never), ArgumentError, /op: expected SUM/],
    ['text for a predefined op', (comm) => comm.iscan('a' as never), DatatypeError, /data: SUM works on numbers/],
    ['a root', (comm) => comm.ireduce(1, SUM, { root: 2 }), RankError, /root: 2/],
    ['an overlap', (comm) => comm.iscan(data.subarray(0, 2), SUM, { into: data.subarray(1) }), AliasError, /overlap/],
    ['an overlap of a block', (comm) => comm.ireduceScatter(data.subarray(0, 2), SUM, { into: data.subarray(1) }), AliasError, /overlap/],
    ['a short buffer', (comm) => comm.iscan(data, SUM, { into: new Float64Array(3) }), TruncationError, /4 elements, the buffer only 3/],
    [
      'a short buffer for a block',
      (comm) => comm.ireduceScatter(data, SUM, { into: new Float64Array(1) }),
      TruncationError,
      /2 elements, the buffer only 1/
    ],
    [
      'a buffer of another kind',
      (comm) => comm.ireduceScatter(data, SUM, { into: new Float32Array(9) }),
      DatatypeError,
      /into: a Float32Array/
    ],
    ['a length', (comm) => comm.ireduceScatter(data.subarray(1)), CountError, /3 elements do not divide evenly among 2 ranks/],
    ['counts of another sum', (comm) => comm.ireduceScatter(data, SUM, { counts: [1, 2] }), CountError, /add up to 3, the data has 4/],
    [
      'counts of other ranks',
      (comm) => comm.ireduceScatter(data, SUM, { counts: [1, 2, 1] }),
      CountError,
      /expected 2 integers, one a rank, got 3/
    ],
    [
      'counts that are none',
      (comm) => comm.ireduceScatter(data, SUM, { counts: [5, -1] }),
      ArgumentError,
      /counts: expected 2 integers from 0 on, one a rank, got/
    ],
    ['a number of values', (comm) => comm.ireduceScatter([1, 2, 3]), CountError, /expected 2 values, one for each rank, got 3/],
    ['counts of values', (comm) => comm.ireduceScatter([1, 2], SUM, { counts: [1, 1] }), ArgumentError, /counts are for typed arrays/],
    ['no array at all', (comm) => comm.ireduceScatter(1 as never), DatatypeError, /data: expected an array of 2 values/],
    ['a value for the op', (comm) => comm.ireduceScatter([1, 'a'] as never), DatatypeError, /data: SUM works on/],
    [
      'an algorithm',
      (comm) => comm.iallreduce(1, SUM, { algorithm: 'magic' as never }),
      ArgumentError,
      /algorithm: expected 'recursiveDoubling' or/
    ],
    [
      'a number cut into blocks',
      (comm) => comm.iallreduce(1, SUM, { algorithm: 'ring' }),
      ArgumentError,
      /'ring' cuts typed arrays into blocks, got 1/
    ],
    ['a ring out of order', (comm) => comm.iallreduce(data, REPLACE, { algorithm: 'ring' }), ArgumentError, /'REPLACE' is not commutative/]
  ])('%s', (_what, call, error, message) => {
    const failure = failing(call)
    expect(failure).toBeInstanceOf(error)
    expect((failure as Error).message).toMatch(message)
  })

  test('counts that differ between ranks are a mismatch on all', () => {
    for (const algorithm of ['recursiveHalving', 'pairwise'] as const) {
      const results = outcomes(2, (comm) => comm.ireduceScatter(data, SUM, { counts: comm.rank === 0 ? [1, 3] : [3, 1], algorithm }))
      for (const error of results) expect((error as Error).name).toBe('CollectiveMismatchError')
    }
  })

  test('operators throw', () => {
    simulate(2, {}, ({ comms: [zero] }) => {
      expect(() => reduceScatter(zero!, SUM, { counts: [1] })).toThrow(CountError)
      expect(() => scan(zero!, SUM, { into: data } as never)).toThrow(/into: operators give each round its own result/)
      expect(() => reduce(zero!, SUM, { algorithm: 'rabenseifner', ragged: 'rest' })).toThrow(/'rest'/)
    })
  })
})
