import { forkJoin, map, merge, race, take, toArray } from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { type ExploreOptions, explore } from '../../testing/explore.js'
import { type SimulateHelpers, simulate } from '../../testing/simulate.js'
import type { ExplorationError } from '../../testing/simulation/errors.js'

/** The outcomes of a test under many orders. */
function outcomes(seeds: number, size: number, test: (helpers: SimulateHelpers, note: (outcome: unknown) => void) => void): Set<string> {
  const seen = new Set<string>()
  explore({ seeds, size }, (helpers) => test(helpers, (outcome) => seen.add(JSON.stringify(outcome))))
  return seen
}

const receive = (comm: Communicator, count: number) =>
  comm.messages<string>().pipe(
    take(count),
    map(({ data }) => data),
    toArray()
  )

describe('a seed', () => {
  it('gives an arrival order, and always the same', () => {
    const run = (seed: number | undefined): string[] => {
      let order: string[] = []
      simulate(8, { latency: 1, ...(seed === undefined ? {} : { seed }) }, ({ ranks, comms }) => {
        receive(comms[0]!, 8).subscribe((letters) => {
          order = letters
        })
        ranks((comm) => comm.isend(`${comm.rank}`, { dest: 0 }))
      })
      return order
    }
    expect(run(undefined).join('')).toBe('01234567')
    expect(new Set([1, 2, 3, 4].map((seed) => run(seed).join(''))).size).toBeGreaterThan(1)
    for (const seed of [0, 1, -5]) expect(run(seed)).toEqual(run(seed))
  })

  it('leaves times as they are', () => {
    explore({ seeds: 20, size: 3, latency: 2 }, ({ comms: [zero, one, two], expectObservable }) => {
      one!.isend('a', { dest: 0 })
      two!.isend('a', { dest: 0 })
      expectObservable(merge(zero!.irecv(), zero!.irecv())).toBe('--(aa|)')
    })
  })
})

describe('explore', () => {
  it('finds all orders of messages that arrive at once', () => {
    const seen = outcomes(200, 4, ({ comms, ranks }, note) => {
      receive(comms[0]!, 3).subscribe((letters) => note(letters.join('')))
      ranks((comm) => comm.rank > 0 && comm.isend(`${comm.rank}`, { dest: 0 }))
    })
    expect([...seen].sort()).toEqual(['123', '132', '213', '231', '312', '321'].map((order) => JSON.stringify(order)))
  })

  it('never lets messages of a link overtake each other', () => {
    const seen = outcomes(200, 3, ({ comms: [zero, one, two] }, note) => {
      receive(zero!, 4).subscribe((letters) => note(letters.join('')))
      for (const letter of ['a', 'b']) one!.isend(letter, { dest: 0 })
      for (const letter of ['c', 'd']) two!.isend(letter, { dest: 0, tag: 1 })
    })
    expect([...seen].sort()).toEqual(['abcd', 'acbd', 'acdb', 'cabd', 'cadb', 'cdab'].map((order) => JSON.stringify(order)))
  })

  it('never delivers before its cause, but before what was sent earlier where nothing takes time', () => {
    const seen = outcomes(100, 3, ({ comms: [zero, one, two] }, note) => {
      receive(zero!, 2).subscribe((letters) => note(letters.join('')))
      one!.irecv().subscribe((letter) => one!.isend(letter, { dest: 0 }))
      // Rank 2 sends first to rank 0, then to rank 1, which passes it on.
      two!.isend('a', { dest: 0 })
      two!.isend('b', { dest: 1 })
    })
    expect([...seen].sort()).toEqual(['"ab"', '"ba"'])
  })

  it('lets messages meet that a constant latency keeps apart, with jitter, but not overtake each other', () => {
    const orders = (jitter: number): Set<string> => {
      const seen = new Set<string>()
      explore({ seeds: 100, size: 3, latency: 1, jitter }, ({ comms: [zero, one, two] }) => {
        receive(zero!, 3).subscribe((letters) => seen.add(letters.join('')))
        one!.irecv().subscribe((letter) => one!.isend(letter, { dest: 0 }))
        two!.isend('a', { dest: 0 })
        two!.isend('b', { dest: 0 })
        two!.isend('c', { dest: 1 })
      })
      return seen
    }
    expect([...orders(0)]).toEqual(['abc'])
    expect([...orders(3)].sort()).toEqual(['abc', 'acb', 'cab'])
  })

  it('says which seed failed, where, and how to run it alone', () => {
    const options: ExploreOptions = { seeds: 200, size: 3, latency: 1 }
    const test = ({ comms: [zero, one, two], expectObservable }: SimulateHelpers): void => {
      one!.isend('a', { dest: 0 })
      two!.isend('b', { dest: 0 })
      const first = zero!.irecv<string>()
      expectObservable(forkJoin([first, zero!.irecv<string>()]).pipe(map((letters) => letters.join('')))).toBe('-(x|)', { x: 'ab' })
    }
    let error: ExplorationError | undefined
    try {
      explore(options, test)
    } catch (caught) {
      error = caught as ExplorationError
    }
    const { seed, message, cause, stack } = error!
    expect(error!.name).toBe('ExplorationError')
    expect(message).toContain(
      `seed ${seed} (to run it alone, add \`seed: ${seed}\` to the options)\nMarbleError: expectObservable at test/unit/explore.test.ts:`
    )
    expect(cause).toMatchObject({ name: 'MarbleError' })
    expect(stack).toMatch(/\n +at .*explore\.test\.ts/)

    expect(() => explore({ ...options, seed }, test)).toThrow(message)
    const { seeds, size, ...model } = options
    expect(() => simulate(size!, { ...model, seed }, test)).toThrow((cause as Error).message)
    for (let other = 0; other < seed; other++) explore({ ...options, seed: other }, test)
  })

  it('finds a race that only some orders lose', () => {
    // The reader of a pair of values counts on their order although they come from two ranks.
    const test = ({ comms: [zero, one, two], expectObservable }: SimulateHelpers): void => {
      one!.isend(1, { dest: 0, tag: 1 })
      two!.isend(2, { dest: 0, tag: 2 })
      expectObservable(race(zero!.irecv({ tag: 1 }), zero!.irecv({ tag: 2 }))).toBe('(a|)', { a: 1 })
    }
    simulate(3, {}, test)
    expect(() => explore({ size: 3 }, test)).toThrow('under the arrival order of seed')
  })

  it('gives four ranks and two hundred orders where nothing is said', () => {
    let runs = 0
    explore({}, ({ comms }) => {
      runs++
      expect(comms).toHaveLength(4)
    })
    expect(runs).toBe(200)
  })

  it('reports what is left behind too', () => {
    expect(() => explore({ seeds: 2 }, ({ comms }) => comms[0]!.irecv())).toThrow(/seed 0[\s\S]*DeadlockError[\s\S]*rank 0 waits in recv/)
    explore({ seeds: 2, leaks: 'ignore' }, ({ comms }) => comms[0]!.irecv())
  })

  it.each([
    ['seeds', { seeds: 0 }],
    ['seeds', { seeds: 1.5 }],
    ['options', undefined]
  ])('refuses bad %s', (name, options) => {
    expect(() => explore(options as ExploreOptions, () => undefined)).toThrow(`${name}: expected`)
  })

  it.each([
    ['seed', { seed: 0.5 }],
    ['size', { size: 0 }],
    ['latency', { latency: -1 }],
    ['test', {}, 7]
  ])('refuses a bad %s before it tries any order', (name, options, test: unknown = () => undefined) => {
    expect(() => explore(options, test as () => void)).toThrow(new RegExp(`^${name}: expected`))
  })
})
