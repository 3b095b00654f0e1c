import { concatMap, forkJoin, map, type Observable, switchMap, tap, timer } from 'rxjs'
import { type Communicator, type Intercommunicator, RankError, type SpawnError, SUM } from '../../src/index.js'
import { explore, type SimulatedPrograms, simulate } from '../../testing/index.js'

const error = (name: string, message: RegExp) => expect.objectContaining({ name, message: expect.stringMatching(message) })
const failsWith = (values: unknown[], ...expected: unknown[]): void => expect(values).toEqual(expected)
const idle = (): void => undefined

/** What a request of each rank has come to, once nothing is left to happen. */
function outcomes<T>(comms: readonly Communicator[], call: (comm: Communicator) => Observable<T>): (T | Error)[] {
  const found: (T | Error)[] = []
  for (const comm of comms) {
    call(comm).subscribe({
      next: (value) => {
        found[comm.rank] = value
      },
      error: (thrown) => {
        found[comm.rank] = thrown
      }
    })
  }
  return found
}

describe('spawn in virtual time', () => {
  it('takes a message’s time to the job and back, and what the ranks tell each other', () => {
    const programs = { 'w.ts': () => 'started' }
    simulate(1, { latency: 2, programs, leaks: 'ignore' }, ({ comms: [comm], spawned, expectObservable }) => {
      // The order, the seat of the child.
      expectObservable(spawned(1)).toBe('                                   ----(a|)', { a: 'started' })
      // And that it has started, and the answer.
      expectObservable(comm!.ispawn('w.ts').pipe(map(({ remoteSize }) => remoteSize))).toBe('8ms (a|)', { a: 1 })
    })
    simulate(2, { latency: 2, programs, leaks: 'ignore' }, ({ ranks, spawned, expectObservable }) => {
      const children = ranks((comm) => comm.ispawn('w.ts').pipe(map(({ remoteSize }) => remoteSize)))
      // Before, both have called: an allreduce of two ranks takes a message. After, rank 0 tells the other.
      expectObservable(spawned(2)).toBe('  ------(a|)', { a: 'started' })
      expectObservable(children[1]!).toBe('12ms (a|)', { a: 1 })
    })
  })

  it('messages take as long as between ranks of one world, or what is said of the link', () => {
    const programs: SimulatedPrograms = {
      'w.ts': (_, parent) => parent.irecv({ source: 0 }).pipe(tap(() => parent.isend('back', { dest: 0 })))
    }
    const link = (from: number, to: number) => (from === 0 && to === 1 ? { latency: 30 } : {})
    simulate(1, { latency: 1, link, programs, leaks: 'ignore' }, ({ comms, spawned, expectObservable, expectMessages }) => {
      expectMessages(0, 1).toBe('        34ms a', { a: 'there' })
      expectMessages(1, 0).toBe('        35ms a', { a: 'back' })
      expectObservable(spawned(1)).toBe(' 34ms (a|)', { a: 'there' })
      const back = comms[0]!.ispawn('w.ts').pipe(
        tap((child) => child.isend('there', { dest: 0 })),
        switchMap((child) => child.irecv())
      )
      expectObservable(back).toBe('       35ms (a|)', { a: 'back' })
    })
  })

  it.each([1, 2, 3, 4, 5])('%i ranks and those that they spawn: groups, collectives, merge', (size) => {
    for (const ranks of [1, 2, 3]) {
      const meet = (inter: Intercommunicator, word: string) =>
        forkJoin({
          theirs: inter.iallgather(`${word} ${inter.rank}`),
          sum: inter.iallreduce(inter.rank + 1, SUM),
          merged: inter.imerge()
        }).pipe(
          concatMap(({ theirs, sum, merged }) =>
            merged.iallgather(word).pipe(
              map((all) => {
                const world = merged.group.translateRanks([0, size], inter.group)
                merged.free()
                return { theirs, sum, all: all.join(''), rank: merged.rank, world }
              })
            )
          ),
          concatMap((found) => inter.iclose().pipe(map(() => found)))
        )
      const programs: SimulatedPrograms = { 'w.ts': (_, parent) => meet(parent, 'c') }
      simulate(size, { latency: 1, programs }, ({ ranks: each, spawned, flush }) => {
        const found = each((comm) => comm.ispawn('w.ts', { ranks, root: size - 1 }).pipe(concatMap((children) => meet(children, 'p'))))
        const all = 'p'.repeat(size) + 'c'.repeat(ranks)
        const words = (word: string, count: number) => Array.from({ length: count }, (_, k) => `${word} ${k}`)
        const sum = (count: number) => (count * (count + 1)) / 2
        const has = (values: object) => (value: unknown) => expect(value).toEqual(values)
        const seen = jest.fn()
        const look = (rank: number, result: Observable<unknown>) =>
          result
            .pipe(tap(seen))
            .subscribe(
              rank < size
                ? has({ theirs: words('c', ranks), sum: sum(ranks), all, rank, world: [0, undefined] })
                : has({ theirs: words('p', size), sum: sum(size), all, rank, world: [undefined, 0] })
            )
        for (const [rank, one] of found.entries()) look(rank, one)
        for (let rank = size; rank < size + ranks; rank++) look(rank, spawned(rank))
        flush()
        expect(seen).toHaveBeenCalledTimes(size + ranks)
      })
    }
  })

  it('gives a program its arguments and environment, several are one world, and all are found by the ends of their paths', () => {
    const tell = (name: string) => (world: Communicator, parent: Intercommunicator, setting: unknown) => ({
      name,
      rank: `${world.rank} of ${world.size}`,
      parents: parent.remoteSize,
      setting
    })
    const programs = { 'w.ts': tell('w'), './deep/w.ts': tell('deep'), '/abs/x.ts': tell('x') }
    simulate(1, { programs, leaks: 'ignore' }, ({ comms: [comm], spawned, flush }) => {
      const found: unknown[] = []
      for (const rank of [1, 2, 3, 4, 5]) spawned(rank).subscribe((value) => found.push(value))
      comm!.ispawn([
        { program: './src/w.ts', ranks: 2, args: ['--fast'], env: { A: 'a', B: undefined } },
        { program: new URL('file:///some/deep/w.ts') },
        { program: '/abs/x.ts', args: [] },
        { program: 'w.ts' }
      ])
      flush()
      const of = (name: string, rank: number, args: string[] = [], env = {}) => ({
        name,
        rank: `${rank} of 5`,
        parents: 1,
        setting: { args, env }
      })
      const first = [0, 1].map((rank) => of('w', rank, ['--fast'], { A: 'a' }))
      expect(found).toEqual([...first, of('deep', 2), of('x', 3), of('w', 4)])
    })
  })

  it('spawned ranks spawn others, and reports call all by world and rank', () => {
    const programs: SimulatedPrograms = {
      'middle.ts': (world) => world.ispawn('end.ts', { ranks: 2 }).pipe(concatMap((children) => children.iclose())),
      'end.ts': (world, parent) => {
        if (world.rank === 1) world.irecv({ source: 0, tag: 9 })
        return parent.iclose()
      }
    }
    expect(() =>
      simulate(2, { latency: 1, programs }, ({ ranks }) => {
        ranks((comm) => comm.ispawn('middle.ts', { ranks: 2 }))
      })
    ).toThrow(
      /deadlock: .*\n {2}rank 2\.1 waits in recv for rank 0, tag 9, at .*simulate\.worlds\.test\.ts:\d+:\d+\n {2}rank 0 never freed communicator 'world\.spawn\(1\)', at .*simulate\.worlds/
    )
  })

  it('what was sent to another world and not received is told with both its lines', () => {
    const programs: SimulatedPrograms = { 'w.ts': (_, parent) => parent.iclose() }
    expect(() =>
      simulate(1, { latency: 1, programs, leaks: 'error' }, ({ ranks }) => {
        ranks((comm) =>
          comm.ispawn('w.ts').pipe(
            tap((child) => {
              child.isend('lost', { dest: 0, tag: 3 })
              child.iclose()
            })
          )
        )
      })
    ).toThrow(
      /rank 1\.0 waits in close on 'parent' for this rank to receive 1 messages[\s\S]*rank 1\.0 never received 'lost' from rank 0, tag 3 on 'parent', sent at .*simulate\.worlds\.test\.ts/
    )
  })

  it('two worlds that wait for each other are a deadlock', () => {
    const programs: SimulatedPrograms = { 'w.ts': (_, parent) => void parent.irecv({ source: 0 }) }
    expect(() =>
      simulate(1, { latency: 1, programs }, ({ ranks }) => {
        ranks((comm) => comm.ispawn('w.ts').pipe(tap((child) => child.irecv({ source: 0 }))))
      })
    ).toThrow(
      /rank 0 waits in recv on 'world\.spawn\(1\)' for rank 0, any tag, at .*\n {2}rank 1\.0 waits in recv on 'parent' for rank 0, any tag, at /
    )
  })
})

describe('what cannot be spawned', () => {
  const programs: SimulatedPrograms = {
    'good.ts': idle,
    'bad.ts': ({ rank }) => {
      if (rank === 1) throw new RangeError('no such luck')
    },
    'waits.ts': async () => undefined
  }
  const spawning = (what: unknown, options = {}) =>
    simulate(3, { latency: 1, programs }, ({ comms, flush }) => {
      const found = outcomes(comms, (comm) => comm.ispawn(comm.rank === 1 ? (what as string) : undefined, { root: 1, ...options }))
      flush()
      return found
    })

  it('a program that there is not, with those that there are', () => {
    const wrong = error('SpawnError', /^.*gud\.ts is none of the programs that simulate was given: did you mean 'good\.ts'\?/)
    failsWith(spawning('gud.ts'), wrong, wrong, wrong)
    expect((spawning('gud.ts')[0] as SpawnError).program).toMatch(/\/gud\.ts$/)
    const other = error('SpawnError', /it has 'good\.ts', 'bad\.ts', 'waits\.ts'/)
    failsWith(spawning([{ program: 'good.ts' }, { program: 'something-else.ts' }]), other, other, other)
    const none = simulate(1, {}, ({ comms, flush }) => {
      const found = outcomes(comms, (comm) => comm.ispawn('good.ts'))
      flush()
      return found
    })
    failsWith(none, error('SpawnError', /it was given none/))
  })

  it('one that throws: then none of its world has started', () => {
    const found = spawning('bad.ts', { ranks: 3 }) as SpawnError[]
    const wrong = error(
      'SpawnError',
      /bad\.ts: rank 1 of the new world has not started: its program has thrown an error; it has written:\nRangeError: no/
    )
    failsWith(found, wrong, wrong, wrong)
    for (const { spawned, program, output } of found) {
      expect([spawned, program]).toEqual([1, expect.stringMatching(/\/bad\.ts$/)])
      expect(output).toMatch(/RangeError: no such luck\n[\s\S]*simulate\.worlds\.test\.ts/)
    }
    const promise = error('SpawnError', /returned a promise, which cannot settle while virtual time passes/)
    failsWith(spawning('waits.ts'), promise, promise, promise)
  })

  it('what ranks of the new world have begun meanwhile has no effect and is not looked for', () => {
    const begun: SimulatedPrograms = {
      'w.ts': (world, parent) => {
        if (world.rank === 1) throw new Error('no')
        parent.isend('in vain', { dest: 0 })
        world.irecv()
        return timer(5).pipe(tap(() => parent.isend('later', { dest: 0 })))
      }
    }
    simulate(2, { latency: 1, programs: begun }, ({ comms, flush, traffic }) => {
      const found = outcomes(comms, (comm) => comm.ispawn('w.ts', { ranks: 2 }))
      flush()
      const wrong = error('SpawnError', /rank 1 of the new world has not started/)
      failsWith(found, wrong, wrong)
      expect(traffic(2).messages).toBeLessThanOrEqual(1)
    })
  })

  it('bad arguments, as elsewhere: at the root, and told to the others', () => {
    const remote = (message: RegExp) => error('RemoteError', message)
    for (const [what, options, message] of [
      [3, {}, /program: expected a path or a URL/],
      ['good.ts', { ranks: 0 }, /ranks: expected an integer from 1 on, got 0/],
      [[], {}, /program: the list of what to start is empty/],
      [[{ program: 'good.ts', args: 'x' }], {}, /\[0\]\.args: expected an array of strings/],
      [[{ program: 'good.ts' }], { ranks: 2 }, /ranks: it is said for each program/]
    ] as const) {
      failsWith(spawning(what, options), remote(message), error('ArgumentError', message), remote(message))
    }
    const hosts = error('SpawnError', /hosts: 'a:2': in a simulation spawned ranks are on the host of the root/)
    failsWith(spawning('good.ts', { hosts: 'a:2' }), hosts, hosts, hosts)
    const process = error('SpawnError', /placement: 'process': in a simulation/)
    failsWith(spawning('good.ts', { placement: 'process' }), process, process, process)
    expect(() => simulate(1, { programs: { 'w.ts': 3 as never } }, idle)).toThrow(/programs: expected functions by name/)
    expect(() => simulate(2, {}, ({ spawned }) => spawned(1))).toThrow(
      /rank: expected that of a spawned one, which are numbered from 2 on, got 1/
    )
    expect(() => simulate(2, {}, ({ expectMessages }) => expectMessages(0, 2))).toThrow(/to: expected a rank from 0 to 1, got 2/)
  })

  it('a signal takes it back', () => {
    const slow: SimulatedPrograms = { 'w.ts': idle }
    simulate(1, { latency: 10, programs: slow }, ({ comms: [comm], flush }) => {
      const controller = new AbortController()
      const found: unknown[] = []
      comm!.ispawn('w.ts', { signal: controller.signal }).subscribe({ error: (thrown) => found.push(thrown) })
      timer(15).subscribe(() => controller.abort())
      flush()
      failsWith(found, error('AbortError', /abort/))
    })
  })
})

describe('a spawn that is taken back', () => {
  it.each([0, 1])('has started on both sides or on none, whenever rank %i aborts it', (who) => {
    const outcomes = new Set<string>()
    for (let aborts = 1.5; aborts <= 12; aborts += 0.5) {
      const sums: unknown[] = []
      const programs: SimulatedPrograms = {
        'w.ts': (_, parent) => parent.iallreduce(1).pipe(tap((sum) => sums.push(sum)))
      }
      simulate(2, { latency: 1, programs, leaks: 'ignore' }, ({ comms, flush }) => {
        const controller = new AbortController()
        timer(aborts).subscribe(() => controller.abort())
        const found: unknown[] = []
        for (const comm of comms) {
          const signal = comm.rank === who ? controller.signal : undefined
          const spawned = comm.ispawn('w.ts', { ranks: 2, signal }).pipe(switchMap((children) => children.iallreduce(1)))
          spawned.subscribe({ next: (sum) => found.push(sum), error: ({ name }) => found.push(name) })
        }
        flush()
        const hasStarted = found.includes(2)
        expect(found.sort()).toEqual(hasStarted ? [2, 2] : ['AbortError', 'RemoteError'])
        expect(sums).toEqual(hasStarted ? [2, 2] : [])
        outcomes.add(`${hasStarted}`)
      })
    }
    expect(outcomes.size).toBe(2)
  })
})

describe('failures over worlds', () => {
  it('of a spawned rank reach those who have spawned it, and its own world', () => {
    const programs: SimulatedPrograms = {
      'w.ts': (world) => (world.rank === 0 ? world.irecv({ source: 1 }) : undefined)
    }
    simulate(2, { latency: 1, programs, leaks: 'ignore' }, ({ comms, spawned, fail, flush }) => {
      const found = outcomes(comms, (comm) =>
        comm.ispawn('w.ts', { ranks: 2 }).pipe(
          tap(() => timer(10).subscribe(() => comm.rank === 0 && fail(3, 'has lost its power'))),
          switchMap((children) => children.ibarrier())
        )
      )
      const own: unknown[] = []
      spawned(2).subscribe({ error: (thrown) => own.push(thrown) })
      flush()
      const failed = (rest: object) =>
        expect.objectContaining({ name: 'RankFailedError', failed: expect.objectContaining({ rank: 1, ...rest }) })
      failsWith(found, failed({ remote: true }), failed({ remote: true }))
      failsWith(own, failed({ reason: 'has lost its power' }))
    })
  })

  it('of who has spawned reach the spawned; also of who was no more when they were joined', () => {
    const programs: SimulatedPrograms = { 'w.ts': (_, parent) => parent.irecv({ source: 1 }) }
    for (const when of [5, 30]) {
      simulate(2, { latency: 5, programs, leaks: 'ignore' }, ({ comms, spawned, fail, flush }) => {
        for (const comm of comms) comm.ispawn('w.ts').subscribe({ error: idle })
        const found: unknown[] = []
        spawned(2).subscribe({ error: (thrown) => found.push(thrown) })
        timer(when).subscribe(() => fail(1))
        flush()
        failsWith(found, error('RankFailedError', /rank 1 of the remote group has failed/))
      })
    }
  })

  it('of one side are not heard of once both have closed', () => {
    const programs: SimulatedPrograms = { 'w.ts': (_, parent) => parent.iclose() }
    simulate(1, { latency: 1, programs }, ({ comms: [comm], fail, flush }) => {
      const heard: unknown[] = []
      comm!.ispawn('w.ts').subscribe((child) => {
        child.iclose().subscribe(() => {
          fail(1)
          heard.push('closed')
        })
        child.irecv({ source: 0 }).subscribe({ error: ({ name }) => heard.push(name) })
      })
      flush()
      expect(heard).toEqual(['FreedError', 'closed'])
    })
  })

  it('who spawns and is no more leaves no world half begun', () => {
    const programs: SimulatedPrograms = { 'w.ts': () => 'ran' }
    simulate(1, { latency: 4, programs, leaks: 'ignore' }, ({ comms: [comm], fail, spawned, flush }) => {
      const found: unknown[] = []
      spawned(1).subscribe((value) => found.push(value))
      comm!.ispawn('w.ts').subscribe({ error: idle })
      timer(2).subscribe(() => fail(0))
      flush()
      expect(found).toEqual(['ran'])
      expect(() => fail(2)).toThrow(RankError)
    })
  })
})

describe('orders of arrival over worlds', () => {
  it('a spawned rank and one of the first world race, in both orders', () => {
    const orders = new Set<string>()
    const programs: SimulatedPrograms = { 'w.ts': (_, parent) => parent.iallgather('child').pipe(map(() => idle())) }
    explore({ seeds: 20, size: 2, latency: 1, jitter: 3, programs, leaks: 'ignore' }, ({ comms, spawned, flush }) => {
      const order: string[] = []
      spawned(2).subscribe(() => order.push('child'))
      const [zero, one] = comms as [Communicator, Communicator]
      for (const comm of comms) comm.ispawn('w.ts').subscribe((inter) => inter.iallgather('parent'))
      timer(18).subscribe(() => one.isend('x', { dest: 0 }))
      zero.irecv({ source: 1 }).subscribe(() => order.push('rank 1'))
      flush()
      orders.add(order.join())
    })
    expect([...orders].sort()).toEqual(['child,rank 1', 'rank 1,child'])
  })
})
