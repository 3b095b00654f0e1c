import { forkJoin, map, merge, type Observable, race, take, toArray } from 'rxjs'
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
    simulate(3, { leaks: 'ignore' }, test)
    expect(() => explore({ size: 3, leaks: 'ignore' }, test)).toThrow('under the arrival order of seed')
  })

  it('names the first receive whose match differed, with its line and both senders', () => {
    const test = ({ comms: [zero, one, two], expectObservable }: SimulateHelpers): void => {
      one!.isend('a', { dest: 0, tag: 3 })
      two!.isend('b', { dest: 0, tag: 4 })
      expectObservable(zero!.irecv<string>()).toBe('-(a|)')
    }
    const line = String.raw`test/unit/explore\.test\.ts:\d+:\d+`
    expect(() => explore({ size: 3, latency: 1, leaks: 'ignore' }, test)).toThrow(
      new RegExp(
        `the first receive whose match differed, on rank 0 at ${line}, got the message of rank 2, tag 4, sent at ${line}; ` +
          `under seed \\d+, which passes, that of rank 1, tag 3, sent at ${line}$`
      )
    )
  })

  it('names the messages that came in another order, where each receive got its own', () => {
    const test = ({ comms: [zero, one, two], expectObservable }: SimulateHelpers): void => {
      one!.isend('a', { dest: 0 })
      two!.isend('b', { dest: 0 })
      expectObservable(merge(zero!.irecv<string>({ source: 1 }), zero!.irecv<string>({ source: 2 }))).toBe('-(ab|)')
    }
    expect(() => explore({ size: 3, latency: 1 }, test)).toThrow(
      /each receive got the same message, but rank 0 another one first: that of rank 2, tag 0, .* received at .*; under seed \d+, which passes, that of rank 1,/
    )
  })

  it('says that it is not the order, where no order passes', () => {
    const test = ({ comms: [zero], expectObservable }: SimulateHelpers): void => expectObservable(zero!.messages()).toBe('a')
    expect(() => explore({ seeds: 5 }, test)).toThrow('no other order that was tried passes')
  })

  describe('compares', () => {
    const two = ({ comms: [zero, one, two] }: SimulateHelpers, source?: number) => {
      one!.isend('a', { dest: 0 })
      two!.isend('b', { dest: 0 })
      return [zero!.irecv<string>(source === undefined ? {} : { source }), zero!.irecv<string>()]
    }

    it('what is returned, once time is over: another result is a failure, alone as among others', () => {
      let error: ExplorationError | undefined
      try {
        explore({ size: 3, latency: 1 }, (helpers) => two(helpers))
      } catch (caught) {
        error = caught as ExplorationError
      }
      expect(error!.message).toMatch(/the result is another than under seed 0, .*\n +expected .*'[ab]'/)
      expect(error!.message).toContain('the first receive whose match differed, on rank 0')
      expect(() => explore({ size: 3, latency: 1, seed: error!.seed }, (helpers) => two(helpers))).toThrow(error!.message)
    })

    it('and says so', () => {
      expect(explore({ size: 3, seeds: 20, latency: 1 }, (helpers) => two(helpers, 1))).toEqual({
        seeds: 20,
        compared: 'results',
        race: undefined
      })
    })

    it('what is expected, and says which receive matched otherwise without an effect', () => {
      const { compared, race } = explore({ size: 3, seeds: 20, latency: 1 }, (helpers) => {
        for (const request of two(helpers)) helpers.expectObservable(request.pipe(map(() => 'x'))).toBe('-(x|)')
      })
      expect(compared).toBe('expectations')
      expect(race).toMatch(/^under seed \d+, the first receive whose match differed, on rank 0 .* of rank \d, tag 0, sent at \S*$/)
    })

    it.each([
      ['nothing is returned', (): undefined => undefined],
      ['an observable is returned', ([request]: unknown[]) => ({ request: (request as Observable<string>).pipe(map((letter) => letter)) })],
      ['a function is returned', () => [() => 5]]
    ])('nothing where %s, and says so', (_, returned) => {
      const found = explore({ size: 3, seeds: 20, latency: 1, leaks: 'ignore' }, (helpers) => returned(two(helpers)))
      expect(found.compared).toBe('nothing')
      expect(found.race).toMatch(/^under seed \d+, the first receive .*; whether the result differs was not compared: return it/)
    })
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
