import {
  asyncScheduler,
  catchError,
  concatMap,
  EMPTY,
  forkJoin,
  interval,
  map,
  mergeMap,
  type Observable,
  switchMap,
  take,
  tap,
  timer
} from 'rxjs'
import { bcast } from '../../operators/index.js'
import type { Communicator, ConnectOptions, Intercommunicator } from '../../src/index.js'
import { explore, type SimulateHelpers, type SimulateOptions, simulate } from '../../testing/index.js'

const error = (name: string, message: RegExp) => expect.objectContaining({ name, message: expect.stringMatching(message) })
const nobody = error('PortError', /nobody listens at port 'desk'/)
const nameOf = ({ name }: Intercommunicator): string => name

/** What an observable comes to: its values, then how it ends. */
function log(source: Observable<unknown>): unknown[] {
  const entries: unknown[] = []
  source.subscribe({
    next: (value) => entries.push(value),
    error: (thrown) => entries.push(thrown),
    complete: () => entries.push('|')
  })
  return entries
}

const LATENCY = 1

/** Runs with groups of so many ranks, which know each other by ports alone. `at`: frames since the groups are there. */
function groups(
  sizes: readonly number[],
  test: (groups: Communicator[][], helpers: SimulateHelpers & { at(frames: number): Observable<0> }) => void,
  options: SimulateOptions = {}
): void {
  const colors = sizes.flatMap((size, group) => new Array<number>(size).fill(group))
  simulate(colors.length, { latency: LATENCY, leaks: 'ignore', ...options }, (helpers) => {
    const all: Communicator[][] = sizes.map(() => [])
    for (const comm of helpers.comms) {
      comm.isplit(colors[comm.rank]!).subscribe((group) => {
        all[colors[comm.rank]!]![group!.rank] = group!
      })
    }
    timer(START).subscribe(() => test(all, { ...helpers, at: (frames) => timer(frames) }))
  })
}

/** By when every split is done. */
const START = 10

describe('ports in virtual time', () => {
  it('take a message’s time to the job and back for each thing that is said', () => {
    groups([1, 1], ([[desk], [guest]], { at, expectObservable }) => {
      // That it connects, the seat of who listens, that it is taken, and the other's seat.
      expectObservable(desk!.listen('desk').pipe(map(nameOf))).toBe(`${START + 22}ms a`, { a: 'world.split(1).accept(1)' })
      const connected = at(20).pipe(switchMap(() => guest!.iconnect('desk')))
      expectObservable(connected.pipe(map(nameOf))).toBe(`           ${START + 24}ms (a|)`, { a: 'world.split(1).connect(1)' })
    })
    groups([2, 2], ([desk, guests], { at, expectObservable }) => {
      // Beside that, the ranks that connect tell each other that they do, and what has come of it.
      for (const comm of desk!)
        expectObservable(comm.listen('desk').pipe(map(nameOf))).toBe(`${START + (comm.rank === 0 ? 23 : 25)}ms a`, {
          a: 'world.split(1).accept(1)'
        })
      const [one, other] = guests!.map((comm) =>
        at(20).pipe(
          switchMap(() => comm.iconnect('desk')),
          map(({ rank }) => rank)
        )
      )
      expectObservable(one!).toBe(`  ${START + 25}ms (a|)`, { a: 0 })
      expectObservable(other!).toBe(`${START + 26}ms (a|)`, { a: 1 })
    })
  })

  it.each([2, 3, 4, 5])('%i ranks in two groups meet: collectives, messages, merge, close', (size) => {
    for (let first = 1; first < size; first++) {
      groups([first, size - first], ([desk, guests], { flush }) => {
        const meet = (inter: Intercommunicator) =>
          forkJoin({ theirs: inter.iallgather(inter.rank), merged: inter.imerge() }).pipe(
            concatMap(({ theirs, merged }) =>
              merged
                .iallgather(merged.group.translateRanks([0], inter.group)[0] ?? 'theirs')
                .pipe(map((all) => ({ theirs: theirs.length, rank: merged.rank, all: all.filter((one) => one === 0).length })))
            ),
            concatMap((found) => inter.iclose().pipe(map(() => found)))
          )
        const root = first - 1
        const found = [
          ...desk!.map((comm) => log(comm.listen('desk', { root }).pipe(take(1), concatMap(meet)))),
          ...guests!.map((comm) => log(comm.iconnect('desk', { timeout: 100 }).pipe(concatMap(meet))))
        ]
        timer(200).subscribe(() => {
          // Who has accepted comes first.
          expect(found).toEqual(
            Array.from({ length: size }, (_, rank) => [{ theirs: rank < first ? size - first : first, rank, all: first }, '|'])
          )
        })
        void flush
      })
    }
  })

  it('late joiners get what comes from then on', () => {
    groups([1, 1, 1], ([[desk], [one], [two]], { at, expectObservable }) => {
      const ticks = interval(10).pipe(take(6))
      const shown = desk!.listen('viewer').pipe(mergeMap((viewer) => ticks.pipe(bcast(viewer, { root: { local: 0 } }))))
      log(shown)
      const view = (guest: Communicator, after: number) =>
        at(after).pipe(
          switchMap(() => guest.iconnect('viewer', { timeout: 50 })),
          switchMap((inter) => EMPTY.pipe(bcast(inter, { root: 0 }))),
          take(2)
        )
      expectObservable(view(one!, 0)).toBe(`${START + 2 + 11}ms a 9ms (b|)`, { a: 0, b: 1 })
      expectObservable(view(two!, 15)).toBe(`${START + 15 + 2 + 11}ms a 9ms (b|)`, { a: 0, b: 1 })
    })
  })
})

describe('who is not let in, and who waits', () => {
  it('nobody listens: at once, or when the timeout is over', () => {
    groups(
      [1, 2],
      ([[one], pair], { at, expectObservable }) => {
        expectObservable(one!.iconnect('desk')).toBe(`${START + 2}ms #`, undefined, nobody)
        expectObservable(one!.iconnect('desk', { timeout: 7.5 })).toBe(`${START + 9.5}ms #`, undefined, nobody)
        // Two ranks: before, that both call, and after, what has come of it.
        for (const [rank, comm] of pair!.entries()) {
          const connected = at(3).pipe(switchMap(() => comm.iconnect('desk', { timeout: 100 })))
          expectObservable(connected).toBe(`${START + 3 + 103 + rank}ms #`, undefined, nobody)
        }
      },
      { assert: (actual, expected) => expect(actual).toEqual(expected) }
    )
  })

  it('somebody listens before it is over', () => {
    groups([1, 1], ([[desk], [guest]], { at, expectObservable }) => {
      const connected = guest!.iconnect('desk', { timeout: 41 }).pipe(map(nameOf))
      expectObservable(connected).toBe(`${START + 44}ms (a|)`, { a: 'world.split(1).connect(1)' })
      expectObservable(
        at(40).pipe(
          switchMap(() => desk!.listen('desk')),
          map(nameOf)
        )
      ).toBe(`${START + 42}ms a`, { a: 'world.split(1).accept(1)' })
    })
  })

  it('a name is in use until its port is closed', () => {
    groups([1, 1], ([[one], [two]], { at }) => {
      const first = one!.listen('desk').subscribe()
      const second = log(at(5).pipe(switchMap(() => two!.listen('desk'))))
      at(20).subscribe(() => first.unsubscribe())
      const third = log(at(30).pipe(switchMap(() => two!.listen('desk').pipe(take(1), map(nameOf)))))
      const [own, connected] = [5, 31].map((when) =>
        log(at(when).pipe(switchMap(() => one!.iconnect('desk', { timeout: 100 }).pipe(map(nameOf)))))
      )
      at(60).subscribe(() => {
        expect(second).toEqual([error('PortError', /port 'desk' is in use: somebody listens there already/)])
        expect(third).toEqual(['world.split(1).accept(1)', '|'])
        expect(own).toEqual([error('RankError', /ranks 0 listen at port 'desk' themselves/)])
        expect(connected).toEqual(['world.split(1).connect(2)', '|'])
      })
    })
  })

  it('who comes while another is let in waits for its turn, up to the queue', () => {
    for (const [queue, refused] of [
      [0, 2],
      [1, 1],
      [16, 0]
    ] as const) {
      groups([1, 1, 1, 1], ([[desk], ...guests], { at }) => {
        const served = log(
          desk!.listen('desk', { queue }).pipe(map(({ remoteGroup }) => remoteGroup.translateRanks([0], desk!.group) && 'served'))
        )
        const found = guests.map(([guest]) =>
          log(
            at(20).pipe(
              switchMap(() => guest!.iconnect('desk')),
              map(() => 'in')
            )
          )
        )
        at(60).subscribe(() => {
          const busy = error('PortError', new RegExp(`port 'desk' is busy: ${queue} others wait there already`))
          expect(served).toHaveLength(3 - refused)
          expect(found.flat().filter((entry) => entry === 'in')).toHaveLength(3 - refused)
          expect(found.flat().filter((entry) => entry instanceof Error)).toEqual(new Array(refused).fill(busy))
        })
      })
    }
  })

  it('take(1) closes the port for who still waits, unless that waits for somebody else to listen', () => {
    groups([2, 1, 1, 1], ([pair, [patient], [hasty], [later]], { at }) => {
      const desk = pair!.map((comm) => log(comm.listen('desk', { root: 1 }).pipe(take(1), map(nameOf))))
      const options: ConnectOptions[] = [{}, {}, { timeout: 100 }]
      // They come one after the other, so that it is known who is let in.
      const found = [later!, hasty!, patient!].map((comm, k) =>
        log(
          at(20 + k / 4).pipe(
            switchMap(() => comm.iconnect('desk', options[k])),
            map(nameOf)
          )
        )
      )
      const second = log(at(50).pipe(switchMap(() => later!.listen('desk').pipe(take(1), map(nameOf)))))
      at(90).subscribe(() => {
        const accepted = ['world.split(1).accept(1)', '|']
        const connected = ['world.split(1).connect(1)', '|']
        expect(desk).toEqual([accepted, accepted])
        expect(second).toEqual(accepted)
        expect(found).toEqual([connected, [nobody], connected])
      })
    })
  })

  it('where the root unsubscribes, the others’ subscriptions complete; where another does, the port goes on', () => {
    groups([3, 1], ([desk, [guest]], { at }) => {
      const entries = desk!.map((): unknown[] => [])
      const open = desk!.map((comm, rank) =>
        comm
          .listen('desk')
          .pipe(map(nameOf))
          .subscribe({ next: (name) => entries[rank]!.push(name), complete: () => entries[rank]!.push('|') })
      )
      at(20).subscribe(() => open[2]!.unsubscribe())
      at(30).subscribe(() => guest!.iconnect('desk'))
      at(50).subscribe(() => open[0]!.unsubscribe())
      // That goes by the job.
      at(51).subscribe(() => expect(entries).toEqual([['world.split(1).accept(1)'], ['world.split(1).accept(1)'], []]))
      at(53).subscribe(() => expect(entries).toEqual([['world.split(1).accept(1)'], ['world.split(1).accept(1)', '|'], []]))
      at(60).subscribe(() => {
        const late = log(guest!.iconnect('desk'))
        at(10).subscribe(() => expect(late).toEqual([nobody]))
      })
    })
  })

  it('ranks that give different names, and bad arguments, as elsewhere', () => {
    groups([2], ([pair], { at }) => {
      const found = pair!.map((comm) => log(comm.iconnect(comm.rank === 0 ? 'one' : 'two')))
      const wrong = pair!.map((comm) => log(comm.iconnect('desk', { timeout: -1 })))
      at(30).subscribe(() => {
        const mismatch = error('CollectiveMismatchError', /rank 0 gives port 'one' and root: 0 and rank 1 port 'two'/)
        expect(found).toEqual([[mismatch], [mismatch]])
        const text = /timeout: expected milliseconds from 0/
        expect(wrong).toEqual([[error('ArgumentError', text)], [error('RemoteError', text)]])
        expect(() => pair![0]!.listen('desk', { queue: 0.5 })).toThrow(/queue: expected an integer from 0 on/)
      })
    })
  })

  it('there is no network in a simulation', () => {
    groups([1, 1], ([[desk], [guest]], { at }) => {
      const listening = log(desk!.listen('desk', { scope: 'network' }))
      const connecting = log(guest!.iconnect('rxmpi-port:abcdefghijkl'))
      at(10).subscribe(() => {
        expect(listening).toEqual([error('PortError', /port 'desk': there is no network in a simulation, and no other job: leave scope/)])
        expect(connecting).toEqual([error('PortError', /by that ticket: there is no network in a simulation/)])
      })
    })
  })
})

describe('ports that are left, and ranks that are no more', () => {
  it('an open port is told with its line, and who waits for one', () => {
    const test = () =>
      simulate(2, { latency: 1 }, ({ ranks }) => {
        ranks((comm) => void comm.listen('desk').subscribe())
      })
    expect(test).toThrow(
      /deadlock: .*\n {2}rank 0 waits in listen for somebody to connect to port 'desk', at .*simulate\.ports\.test\.ts:\d+:\d+\n {2}rank 1 waits in listen/
    )
    // What the test looks at is left at its end.
    simulate(2, { latency: 1 }, ({ ranks }) => void ranks((comm) => comm.listen('desk').pipe(map(nameOf))))
  })

  it('the root of who listens: the port is closed', () => {
    groups([2, 1], ([[zero, one], [guest]], { at, fail }) => {
      log(zero!.listen('desk'))
      const other = log(one!.listen('desk'))
      at(20).subscribe(() => fail(0))
      const late = log(at(30).pipe(switchMap(() => guest!.iconnect('desk'))))
      at(50).subscribe(() => {
        expect(other).toEqual(['|'])
        expect(late).toEqual([nobody])
      })
    })
  })

  it('who connects: it is a rank of the remote group that has failed, and the next one is let in', () => {
    for (const dies of [20, 22, 30]) {
      groups([1, 1, 1], ([[desk], [guest], [other]], { at, fail }) => {
        const calls: unknown[][] = []
        const served = log(desk!.listen('desk').pipe(tap((inter) => calls.push(log(inter.ibarrier())))))
        at(20).subscribe(() => guest!.iconnect('desk', { timeout: 50 }).subscribe({ error: () => undefined }))
        at(dies).subscribe(() => fail(1))
        const next = log(
          at(40).pipe(
            switchMap(() => other!.iconnect('desk', { timeout: 50 })),
            switchMap((inter) => inter.ibarrier())
          )
        )
        at(90).subscribe(() => {
          expect(served).toHaveLength(2)
          const failed = expect.objectContaining({ name: 'RankFailedError', failed: expect.objectContaining({ rank: 0, remote: true }) })
          expect(calls).toEqual([[failed], [undefined, '|']])
          expect(next).toEqual([undefined, '|'])
        })
      })
    }
  })
})

describe('a port that is closed while somebody is let in', () => {
  it('has let it in on both sides, or on none', () => {
    const outcomes = new Set<string>()
    for (let closes = 18; closes <= 26; closes++) {
      groups([2, 1], ([desk, [guest]], { at }) => {
        const served = desk!.map((comm) => {
          const come: unknown[] = []
          const door = comm.listen('desk').subscribe((inter) => come.push(inter.name))
          if (comm.rank === 0) at(closes).subscribe(() => door.unsubscribe())
          return come
        })
        const connected = log(at(20).pipe(switchMap(() => guest!.iconnect('desk').pipe(map(nameOf)))))
        at(60).subscribe(() => {
          const isIn = served.map((come) => come.length === 1)
          expect(isIn[1]).toBe(isIn[0])
          expect(connected).toEqual(isIn[0] ? ['world.split(1).connect(1)', '|'] : [nobody])
          outcomes.add(`${isIn[0]}`)
        })
      })
    }
    expect(outcomes.size).toBe(2)
  })
})

describe('a connection that is withdrawn while it is being made', () => {
  const timeout = { timeout: 100 }

  it.each([
    [1, 0],
    [2, 0],
    [2, 1],
    [3, 2]
  ])('is there on both sides, or on none: of %i ranks number %i aborts', (size, who) => {
    const outcomes = new Set<string>()
    // From when all have said that they call to after all is done.
    for (let aborts = size === 1 ? 20.5 : 22.5; aborts <= 36; aborts += 0.5) {
      groups([2, size, 1], ([desk, guests, [later]], { at }) => {
        const served = desk!.map((comm) => {
          const come: Intercommunicator[] = []
          at(24)
            .pipe(switchMap(() => comm.listen('desk')))
            .subscribe((inter) => come.push(inter))
          return come
        })
        const controller = new AbortController()
        at(aborts).subscribe(() => controller.abort())
        const joined: Intercommunicator[] = []
        const connected = guests!.map((comm, rank) => {
          const options = rank === who ? { ...timeout, signal: controller.signal } : timeout
          return log(
            at(20).pipe(
              switchMap(() => comm.iconnect('desk', options)),
              tap((inter) => joined.push(inter)),
              map(() => 'in')
            )
          )
        })
        // Whoever is there speaks, so that nobody is there alone.
        const answers: unknown[] = []
        at(50).subscribe(() => {
          for (const inter of [...joined, ...served.flat()]) inter.iallreduce(1).subscribe((sum) => answers.push(sum))
        })
        const next = log(
          at(60).pipe(
            switchMap(() => later!.iconnect('desk', timeout)),
            map(() => 'in')
          )
        )
        at(100).subscribe(() => {
          const isIn = joined.length > 0
          expect(joined).toHaveLength(isIn ? size : 0)
          expect(served.map((come) => come.length)).toEqual(isIn ? [2, 2] : [1, 1])
          expect(answers).toHaveLength(isIn ? size + 2 : 0)
          if (!isIn) {
            const names = connected.map(([entry]) => (entry as Error).name)
            expect(names).toEqual(guests!.map((_, rank) => (rank === who ? 'AbortError' : 'RemoteError')))
          }
          expect(next).toEqual(['in', '|'])
          outcomes.add(`${isIn}`)
        })
      })
    }
    expect(outcomes.size).toBe(2)
  })

  it('waits for nobody who would let it in', () => {
    groups([1], ([[guest]], { at }) => {
      const controller = new AbortController()
      const found = log(guest!.iconnect('desk', { timeout: 1000, signal: controller.signal }))
      at(20).subscribe(() => controller.abort())
      at(23).subscribe(() => expect(found).toEqual([expect.objectContaining({ name: 'AbortError' })]))
    })
  })
})

describe('orders of connecting', () => {
  it('are all tried, and are the same at all ranks that listen', () => {
    const orders = new Set<string>()
    explore({ seeds: 25, size: 5, latency: 1, leaks: 'ignore' }, ({ comms, flush }) => {
      const seen: string[][] = [[], []]
      for (const comm of comms) {
        comm.isplit(Math.max(0, comm.rank - 1)).subscribe((group) => {
          if (comm.rank < 2) {
            const served = group!.listen('desk').pipe(mergeMap((inter) => inter.ibcast('', { root: 0 })))
            served.subscribe((name) => seen[comm.rank]!.push(name))
          } else {
            const connected = timer(40 - asyncScheduler.now()).pipe(switchMap(() => group!.iconnect('desk')))
            connected.subscribe((inter) => inter.ibcast(`${comm.rank}`, { root: { local: 0 } }))
          }
        })
      }
      flush()
      expect(seen[0]).toHaveLength(3)
      expect(seen[1]).toEqual(seen[0])
      orders.add(seen[0]!.join(''))
    })
    expect([...orders].sort()).toEqual(['234', '243', '324', '342', '423', '432'])
  })

  it('one that counts on an order is found', () => {
    const first = ({ comms, expectObservable }: SimulateHelpers) => {
      const entered = comms.map((comm) =>
        forkJoin([comm.isplit(comm.rank), timer(20)]).pipe(
          switchMap(([alone]) => (comm.rank === 0 ? alone!.listen('desk').pipe(take(1)) : alone!.iconnect('desk', { timeout: 9 }))),
          map(() => 'in')
        )
      )
      expectObservable(entered[1]!).toBe('24ms (a|)', { a: 'in' })
      expectObservable(entered[0]!).toBe('22ms (a|)', { a: 'in' })
      expectObservable(entered[2]!.pipe(catchError(() => EMPTY)))
    }
    simulate(3, { latency: 1, leaks: 'ignore' }, first)
    expect(() => explore({ seeds: 20, size: 3, latency: 1, leaks: 'ignore' }, first)).toThrow(
      /arrival order of seed \d+[\s\S]*nobody listens at port 'desk'/
    )
  })
})
