import fc from 'fast-check'
import { from, map, type Observable, toArray } from 'rxjs'
import { collective, type Ranks } from '../../collective/index.js'
import { bcast } from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { CollectiveMismatchError, RemoteError } from '../../src/errors.js'
import { simulate } from '../../testing/index.js'

/** Each rank passes on to the right what has come from the left, until all values have gone round. */
const ringAllgather = collective<unknown, unknown[]>('ringAllgather', ({ rank, size, exchanges, settled }) => {
  const before = (places: number): number => (rank - places + size) % size
  const steps = Array.from({ length: size - 1 }, (_, k) => ({
    to: (rank + 1) % size,
    from: before(1),
    give: ({ all }: Gathering) => all[before(k)],
    take: ({ all }: Gathering, value: unknown) => {
      all[before(k + 1)] = value
    }
  }))
  return (values) =>
    values.pipe(
      map((value): Gathering => {
        const all = new Array<unknown>(size)
        all[rank] = value
        return { pending: 0, all }
      }),
      exchanges(steps),
      settled(),
      map(({ all }) => all)
    )
})

interface Gathering {
  pending: number
  all: unknown[]
}

interface Passing {
  pending: number
  value: string
}

const hear = (unit: Passing, value: unknown): void => {
  unit.value = value as string
}

/** The root tells its neighbour, that one the next. */
const passed = collective<string, string>(
  'passed',
  ({ rank, size, exchange, settled }) =>
    (values) =>
      values.pipe(
        map((value) => ({ pending: 0, value })),
        exchange<Passing>({
          from: rank === 0 ? undefined : rank - 1,
          take: rank === 0 ? undefined : hear
        }),
        exchange<Passing>({ to: rank === size - 1 ? undefined : rank + 1, give: rank === size - 1 ? undefined : (unit) => unit.value }),
        settled(),
        map(({ value }) => value)
      ),
  { ahead: true }
)

describe("a collective of the program's own", () => {
  it('goes on in rounds, whose steps take a latency each', () => {
    simulate(3, { latency: 2 }, ({ ranks, cold, expectObservable }) => {
      const out = ranks((comm) => cold('a-b|', { a: comm.rank, b: 10 * comm.rank }).pipe(ringAllgather(comm)))
      for (const results of out) expectObservable(results).toBe('----a---(b|)', { a: [0, 1, 2], b: [0, 10, 20] })
    })
  })

  it('may be ahead: the first rank waits only until the next has called', () => {
    simulate(3, { latency: 2 }, ({ ranks, expectObservable }) => {
      const out = ranks((comm) => passed.request(comm, `of ${comm.rank}`))
      expectObservable(out[0]!).toBe('--(a|)', { a: 'of 0' })
      expectObservable(out[2]!).toBe('----(a|)', { a: 'of 0' })
    })
  })

  it.each([1, 2, 3, 4, 5, 7, 8])('gives what allgather does on %i ranks, in all forms', async (size) => {
    const value = fc.oneof(fc.double({ noNaN: true }), fc.string(), fc.record({ a: fc.integer() }), fc.uint8Array({ maxLength: 9 }))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(value, { minLength: size, maxLength: size }), { minLength: 1, maxLength: 5 }), async (rounds) => {
        const seen: unknown[][] = []
        simulate(size, { latency: 1 }, ({ ranks, comms }) => {
          ranks((comm) => from(rounds.map((round) => round[comm.rank])).pipe(ringAllgather(comm), toArray())).forEach((all, rank) => {
            all.subscribe((results) => (seen[rank] = results))
          })
          for (const comm of comms)
            ringAllgather.request(comm, comm.rank).subscribe((all) => expect(all).toEqual(comms.map(({ rank }) => rank)))
        })
        for (const results of seen) expect(results).toEqual(rounds)
      }),
      { numRuns: 10 }
    )
  })

  it('is told from others: ranks that disagree all hear it, with its name', () => {
    const errors: Error[] = []
    simulate(2, { latency: 1 }, ({ comms }) => {
      comms.forEach((comm: Communicator) => {
        const calls: Observable<unknown> = comm.rank === 0 ? ringAllgather.request(comm, 1) : passed.request(comm, 'x')
        calls.subscribe({ error: (error) => errors.push(error) })
      })
    })
    expect(errors).toHaveLength(2)
    for (const error of errors) {
      expect(error).toBeInstanceOf(CollectiveMismatchError)
      expect(error.message).toMatch(/rank 0: ringAllgather.*\n.*rank 1: passed/)
    }
  })

  it('fails with what a step throws, on the other ranks with a RemoteError', () => {
    const failing = collective<number, number>(
      'failing',
      ({ rank, size, exchange, settled }: Ranks) =>
        (values) =>
          values.pipe(
            map((value) => ({ pending: 0, value })),
            exchange({
              to: (rank + 1) % size,
              from: (rank + size - 1) % size,
              give: ({ value }) => {
                if (rank === 1) throw new Error('no value')
                return value
              }
            }),
            settled(),
            map(({ value }) => value)
          )
    )
    const errors: Error[] = []
    simulate(3, { latency: 1 }, ({ comms }) => {
      for (const comm of comms) failing.request(comm, 1).subscribe({ error: (error) => (errors[comm.rank] = error) })
    })
    expect(errors[1]!.message).toBe('no value')
    for (const rank of [0, 2]) expect(errors[rank]).toBeInstanceOf(RemoteError)
  })

  it('says what is wrong with how it is made and called', () => {
    expect(() => collective('', () => (values) => values)).toThrow(/^name: expected a name, which the ranks agree on, got ''/)
    expect(() => collective('x', undefined as never)).toThrow(/build: expected a function of the ranks, got undefined/)
    expect(() => collective('x', () => (values) => values, { aheads: true } as never)).toThrow(/aheads.*ahead/)
    const toNobody = collective<number, number>(
      'x',
      ({ exchange }) =>
        (values) =>
          values.pipe(
            map(() => ({ pending: 0 })),
            exchange({ to: 7 }),
            map(() => 1)
          )
    )
    const giving = collective<number, number>(
      'x',
      ({ exchange }) =>
        (values) =>
          values.pipe(
            map(() => ({ pending: 0 })),
            exchange({ give: () => 1 }),
            map(() => 1)
          )
    )
    simulate(1, {}, ({ comms: [comm] }) => {
      expect(() => ringAllgather(comm!, { ragged: 'rest' })).toThrow(/ragged: 'rest' gives rounds without the values of some ranks/)
      expect(() => ringAllgather(comm!, { windows: 1 } as never)).toThrow(/windows.*window/)
      toNobody
        .request(comm!, 1)
        .subscribe({ error: (error) => expect(error.message).toMatch(/^to: expected a rank from 0 to 0, or none, got 7/) })
      giving.request(comm!, 1).subscribe({ error: (error) => expect(error.message).toMatch(/^give: nobody is sent anything/) })
    })
    const mixing = collective<number, number>(
      'x',
      ({ exchanges, settled }) =>
        (values) =>
          values.pipe(
            map(() => ({ pending: 0 })),
            exchanges([{ from: 1 }, { from: 1 }]),
            settled(),
            map(() => 1)
          ),
      { overlap: true }
    )
    simulate(2, {}, ({ comms: [comm] }) => {
      mixing.request(comm!, 1).subscribe({ error: (error) => expect(error.message).toMatch(/^from: two steps hear from rank 1/) })
    })
    expect.assertions(8)
  })

  it('stands beside the others', () => {
    simulate(2, { latency: 1 }, ({ ranks, cold, expectObservable }) => {
      const out = ranks((comm) => cold('a|').pipe(bcast(comm), ringAllgather(comm)))
      expectObservable(out[1]!).toBe('-a|', { a: ['a', 'a'] })
    })
  })
})
