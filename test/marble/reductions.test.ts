import { asyncScheduler, catchError, map, type Observable, of, take, tap, throwError } from 'rxjs'
import { allreduce, barrier, bcast, exscan, reduce, reduceScatter, scan } from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { createOp, type Op, SUM } from '../../src/op/op.js'
import { simulate } from '../../testing/index.js'
import { asDrawn } from './drawn.js'

/** A letter is its place in the alphabet. */
const letters: Record<string, number> = {
  u: undefined as never,
  ...Object.fromEntries([...'abcdefgh'].map((letter, k) => [letter, k + 1]))
}
const pairs = { a: [1, 2], b: [3, 4], x: 4, y: 6 } as unknown as Record<string, number[]>

describe('what the docstrings draw', () => {
  const latency = 1
  it('barrier', () => asDrawn('operators/barrier.ts', { latency }, (comm, source) => source.pipe(barrier(comm))))
  it('bcast', () => asDrawn('operators/bcast.ts', { latency }, (comm, source) => source.pipe(bcast(comm))))

  it.each(['reduce', 'allreduce', 'scan', 'exscan'])('%s', (name) => {
    asDrawn<number>(`operators/${name}.ts`, { latency, values: letters }, (comm, source) => source.pipe(operators[name]!(comm, SUM)))
  })

  it('reduceScatter', () => {
    asDrawn<number[]>('operators/reduceScatter.ts', { latency, values: pairs }, (comm, source) => source.pipe(reduceScatter(comm, SUM)))
  })
})

/** Each over a stream of letters, which a, b, c … name by their place in the alphabet. */
const operators: Record<string, (comm: Communicator, op?: Op<number>) => (source: Observable<number>) => Observable<unknown>> = {
  barrier: (comm) => barrier(comm),
  bcast: (comm) => bcast(comm),
  reduce: (comm, op = add) => reduce(comm, op),
  allreduce: (comm, op = add) => allreduce(comm, op),
  scan: (comm, op = add) => scan(comm, op),
  exscan: (comm, op = add) => exscan(comm, op),
  reduceScatter:
    (comm, op = add) =>
    (source) =>
      source.pipe(
        map((value) => [value, value]),
        reduceScatter(comm, op)
      )
}
const add = createOp((a: number, b: number) => a + b)

/** On two ranks, a latency of a millisecond apart: what comes out on each, of the same source on both. */
const tables: Record<string, Record<string, readonly [source: string, zero: string, one: string]>> = {
  never: {
    barrier: ['-', '-', '-'],
    bcast: ['-', '-', '-'],
    reduce: ['-', '-', '-'],
    allreduce: ['-', '-', '-'],
    scan: ['-', '-', '-'],
    exscan: ['-', '-', '-'],
    reduceScatter: ['-', '-', '-']
  },
  'an empty stream': {
    barrier: ['|', '-|', '-|'],
    bcast: ['|', '|', '-|'],
    reduce: ['|', '-|', '-|'],
    allreduce: ['|', '-|', '-|'],
    scan: ['|', '-|', '-|'],
    exscan: ['|', '-|', '-|'],
    reduceScatter: ['|', '-|', '-|']
  },
  'one value': {
    barrier: ['-a|', '--a|', '--a|'],
    bcast: ['-a|', '-a|', '--a|'],
    reduce: ['-a|', '--b|', '---|'],
    allreduce: ['-a|', '--b|', '--b|'],
    scan: ['-a|', '-a-|', '--b|'],
    exscan: ['-a|', '-u-|', '--a|'],
    reduceScatter: ['-a|', '--b|', '--b|']
  },
  'many values': {
    barrier: ['ab-c|', '-ab-c|', '-ab-c|'],
    bcast: ['ab-c|', 'ab-c|', '-ab-c|'],
    reduce: ['ab-c|', '-bd-f|', '-----|'],
    allreduce: ['ab-c|', '-bd-f|', '-bd-f|'],
    scan: ['ab-c|', 'ab-c-|', '-bd-f|'],
    exscan: ['ab-c|', 'uu-u-|', '-ab-c|'],
    reduceScatter: ['ab-c|', '-bd-f|', '-bd-f|']
  },
  'an error on rank 0, which the other hears of,': {
    barrier: ['ab-#', '-ab#', '-ab-#'],
    bcast: ['ab-#', 'ab-#', '-ab-#'],
    reduce: ['ab-#', '-bd#', '----#'],
    allreduce: ['ab-#', '-bd#', '-bd-#'],
    // Rank 0 needs nobody, and hears first where the stream of the other is.
    scan: ['ab-#', 'ab---#', '-bd-#'],
    exscan: ['ab-#', 'uu---#', '-ab-#'],
    reduceScatter: ['ab-#', '-bd#', '-bd-#']
  },
  'the first two of more values': {
    barrier: ['abcd', '-a(b|)', '-a(b|)'],
    bcast: ['abcd', 'a(b|)', '-a(b|)'],
    // Rank 1 gets nothing, and so has not ended.
    reduce: ['abcd', '-b(d|)', '---#'],
    allreduce: ['abcd', '-b(d|)', '-b(d|)'],
    scan: ['abcd', 'a(b|)', '-b(d|)'],
    exscan: ['abcd', 'u(u|)', '-a(b|)'],
    reduceScatter: ['abcd', '-b(d|)', '-b(d|)']
  }
}

const failure = new Error('no more')
/** Errors by their names: marbles would compare all that is in them. */
const withNames = <T>(stream: Observable<T>): Observable<T> =>
  stream.pipe(catchError((error: Error) => throwError(() => (error === failure ? 'itself' : error.name))))

describe.each(Object.entries(tables))('%s', (what, table) => {
  it.each(Object.entries(table))('through %s', (name, [marbles, ...outs]) => {
    simulate(2, { latency: 1 }, ({ ranks, cold, expectObservable }) => {
      const results = ranks((comm) => {
        // Only rank 0 fails: on the other the stream goes on.
        const source = cold<number>(comm.rank === 0 ? marbles : marbles.replace('#', '-'), letters, failure)
        const result = withNames(source.pipe(operators[name]!(comm)))
        return what.startsWith('the first two') ? result.pipe(take(2)) : result
      })
      for (const [rank, result] of results.entries()) {
        const error = what.startsWith('the first two') ? 'RaggedStreamError' : rank === 0 ? 'itself' : 'RemoteError'
        expectObservable(result).toBe(outs[rank]!, letters, error)
      }
    })
  })
})

describe('an op that throws in the third round', () => {
  /** What comes out, and the rank that it throws on; 2 for both. */
  const thrown: Record<string, readonly [zero: string, one: string, thrower: number]> = {
    // Who waits for nobody is ahead.
    reduce: ['-bd#', '----#', 0],
    allreduce: ['-bd#', '-bd#', 2],
    scan: ['abcd(e#)', '-bd#', 1],
    exscan: ['uuuu(u#)', '-ab#', 1],
    reduceScatter: ['-bd#', '-bd#', 2]
  }

  it.each(Object.entries(thrown))('through %s', (name, [zero, one, thrower]) => {
    const fussy = createOp((a: number, b: number) => {
      if (a === 3) throw failure
      return a + b
    })
    simulate(2, { latency: 1 }, ({ ranks, cold, expectObservable }) => {
      const results = ranks((comm) => withNames(cold<number>('abcde|', letters).pipe(operators[name]!(comm, fussy))))
      for (const [rank, marbles] of [zero, one].entries()) {
        expectObservable(results[rank]!).toBe(marbles, letters, thrower === 2 || thrower === rank ? 'itself' : 'RemoteError')
      }
    })
  })
})

/** When each rank has its result, in latencies. */
function latencies(size: number, operator: (comm: Communicator) => (source: Observable<number>) => Observable<unknown>): number[] {
  const times: number[] = []
  simulate(size, { latency: 1 }, ({ ranks }) => {
    ranks((comm) =>
      of(comm.rank).pipe(
        operator(comm),
        tap(() => {
          times[comm.rank] = asyncScheduler.now()
        })
      )
    )
  })
  return times
}

describe.each([1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 64, 100])('on %i ranks', (size) => {
  const [floor, ceil] = [Math.floor(Math.log2(size)), Math.ceil(Math.log2(size))]

  it('a small allreduce takes log₂ p latencies, or at most ⌊log₂ p⌋ + 2', () => {
    const last = Math.max(...latencies(size, (comm) => allreduce(comm, SUM)))
    if (floor === ceil) expect(last).toBe(floor)
    else expect(last).toBeLessThanOrEqual(floor + 2)
  })

  it('a barrier takes ⌈log₂ p⌉ latencies, bcast, reduce, scan and exscan ⌊log₂ p⌋, as a rank sends several messages at the same time', () => {
    const last = (operator: Parameters<typeof latencies>[1]): number => Math.max(...latencies(size, operator))
    expect(last((comm) => barrier(comm))).toBe(ceil)
    expect(last((comm) => scan(comm, SUM))).toBe(floor)
    expect(last((comm) => exscan(comm, SUM))).toBe(floor)
    for (const root of [0, size - 1]) {
      expect(last((comm) => bcast(comm, { root }))).toBe(floor)
      expect(latencies(size, (comm) => reduce(comm, SUM, { root }))[root]).toBe(floor)
    }
  })
})
