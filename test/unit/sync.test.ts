import { catchError, concatMap, defer, map, type Observable, of, timer } from 'rxjs'
import { mergeMap } from '../../operators/mergeMap.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { DeadlockError, RankFailedError, type RxmpiError } from '../../src/errors.js'
import { Condition, Counter, type Held, locked, Mutex, Semaphore, sequential } from '../../src/sync/index.js'
import { explore } from '../../testing/explore.js'
import { simulate } from '../../testing/simulate.js'
import { LeakError } from '../../testing/simulation/errors.js'
import { script, step } from '../script.js'

const messageOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('it has not failed')
}

const made = <T>(comms: readonly Communicator[], make: (comm: Communicator) => Observable<T>, then: (all: T[]) => void): void => {
  const all: T[] = []
  for (const comm of comms) {
    make(comm).subscribe((one) => {
      all[comm.rank] = one
      if (Object.keys(all).length === comms.length) then(all)
    })
  }
}

describe('in virtual time', () => {
  it('who waits for a mutex is told with its holder, and both lines', () => {
    const text = messageOf(() =>
      simulate(2, {}, ({ comms }) =>
        made(
          comms,
          (comm) => Mutex.icreate(comm, { name: 'log' }),
          ([zero, one]) => {
            zero!.iacquire()
            one!.iacquire().subscribe()
          }
        )
      )
    )
    expect(text).toMatch(/^deadlock/)
    expect(text).toMatch(/rank 1 waits in acquire for mutex 'log', at test\/unit\/sync\.test\.ts:\d+:\d+/)
    expect(text).toMatch(/rank 0 holds mutex 'log', at test\/unit\/sync\.test\.ts:\d+:\d+/)
  })

  it('who waits for a notification or a turn is told, too', () => {
    const text = messageOf(() =>
      simulate(2, {}, ({ comms }) => {
        const [, one] = comms
        sequential.ibegin(one!).subscribe()
        made(
          comms,
          (comm) => Condition.icreate(comm),
          ([zero]) => zero!.iacquire().subscribe(() => zero!.iwait().subscribe())
        )
      })
    )
    expect(text).toMatch(/rank 0 waits for a notification on condition 'world\.condition\(1\)', at /)
    expect(text).toMatch(/rank 1 waits in sequential for rank 0 to end its turn, at /)
  })

  it('what was not given back or freed is told with its line', () => {
    const run = (): unknown =>
      simulate(1, {}, ({ comms: [comm] }) => {
        Mutex.icreate(comm!).subscribe((mutex) => mutex.iacquire())
        Counter.icreate(comm!)
        sequential.ibegin(comm!)
      })
    expect(run).toThrow(LeakError)
    const text = messageOf(run)
    expect(text).toMatch(/rank 0 holds mutex 'world\.mutex\(1\)', at test/)
    expect(text).toMatch(/rank 0 holds turn 1 on 'world', at test/)
    expect(text).toMatch(/rank 0 never freed mutex 'world\.mutex\(1\)', at test/)
    expect(text).toMatch(/rank 0 never freed counter 'world\.counter\(1\)', at test/)
  })

  it('a message there and one back', () => {
    simulate(2, { latency: 2 }, ({ comms, cold, expectObservable }) => {
      const counters = comms.map((comm) => Counter.icreate(comm))
      const next = (rank: number): Observable<number> => counters[rank]!.pipe(concatMap((counter) => counter.inext()))
      // Made at 2 ms.
      expectObservable(cold('-----a|').pipe(concatMap(() => next(0)))).toBe('-----a|', { a: 0 })
      expectObservable(cold('-----a|').pipe(concatMap(() => next(1)))).toBe('---------(a|)', { a: 1 })
      timer(20).subscribe(() => {
        for (const { value } of counters) value!.free()
      })
    })
  })

  it('locked subscribes when it holds the lock', () => {
    simulate(2, { latency: 1 }, ({ comms, cold, expectObservable }) => {
      const mutexes = comms.map((comm) => Mutex.icreate(comm))
      const source = cold('a--b|')
      const run = (rank: number): Observable<unknown> => timer(5).pipe(concatMap(() => source.pipe(locked(mutexes[rank]!.value!))))
      expectObservable(run(0)).toBe('-----a--b|')
      // Released at 9 ms.
      expectObservable(run(1)).toBe('----------a--b|')
      timer(30).subscribe(() => {
        for (const { value } of mutexes) value!.free()
      })
    })
  })

  it('sequential subscribes when the rank before has ended', () => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], cold, expectObservable }) => {
      expectObservable(cold('a--b|').pipe(sequential(zero!))).toBe('a--b|')
      expectObservable(cold('c--d|').pipe(sequential(one!))).toBe('-----c--d|')
    })
  })
})

describe('a rank that fails', () => {
  it.each([0, 2])('holding a mutex gives it back, and the next is told, kept by rank %i', (root) => {
    simulate(4, { leaks: 'ignore' }, ({ comms, fail }) => {
      const seen: [number, number | undefined][] = []
      const take = (mutex: Mutex, rank: number): void => {
        mutex.iacquire().subscribe((held) => {
          seen.push([rank, held.abandoned])
          if (rank !== 1) timer(1).subscribe(() => held.release())
        })
      }
      made(
        comms,
        (comm) => Mutex.icreate(comm, { root }),
        (mutexes) => {
          take(mutexes[1]!, 1)
          timer(10).subscribe(() => take(mutexes[3]!, 3))
          timer(12).subscribe(() => take(mutexes[0]!, 0))
          timer(20).subscribe(() => {
            fail(1)
            timer(30).subscribe(() =>
              expect(seen).toEqual([
                [1, undefined],
                [3, 1],
                [0, undefined]
              ])
            )
          })
        }
      )
    })
  })

  it('waiting for a mutex does not get it', () => {
    simulate(3, { leaks: 'ignore' }, ({ comms, fail }) => {
      const seen: number[] = []
      made(
        comms,
        (comm) => Mutex.icreate(comm),
        (mutexes) => {
          mutexes[0]!.iacquire().subscribe((held) => timer(20).subscribe(() => held.release()))
          for (const rank of [1, 2])
            timer(rank).subscribe(() => mutexes[rank]!.iacquire().subscribe(({ abandoned }) => seen.push(rank, abandoned ?? -1)))
          timer(10).subscribe(() => fail(1))
          timer(30).subscribe(() => expect(seen).toEqual([2, -1]))
        }
      )
    })
  })

  it('gives back each of its places, and each next one is told', () => {
    simulate(3, { leaks: 'ignore' }, ({ comms, fail }) => {
      const seen: (number | undefined)[] = []
      made(
        comms,
        (comm) => Semaphore.icreate(comm, { value: 2 }),
        ([zero, one]) => {
          one!.iacquire()
          one!.iacquire()
          timer(5).subscribe(() => fail(1))
          const next = (held: Held): void => void seen.push(held.abandoned)
          for (let k = 0; k < 2; k++) timer(3).subscribe(() => zero!.iacquire().subscribe(next))
          timer(20).subscribe(() => expect(seen).toEqual([1, 1]))
        }
      )
    })
  })

  it('as the root takes the lock and the counter with it', () => {
    simulate(3, { leaks: 'ignore' }, ({ comms, fail }) => {
      const errors: unknown[] = []
      const failing = (call: Observable<unknown>): void => void call.subscribe({ error: (error) => errors.push(error) })
      made(
        comms,
        (comm) => Mutex.icreate(comm, { root: 2 }),
        ([zero, one]) => {
          zero!.iacquire().subscribe(() => {
            failing(one!.iacquire())
            timer(5).subscribe(() => fail(2))
            timer(20).subscribe(() => {
              failing(zero!.itryAcquire())
              zero!.release()
              expect(errors).toHaveLength(2)
              for (const error of errors) expect(error).toBeInstanceOf(RankFailedError)
              expect((errors[0] as RankFailedError).failed?.rank).toBe(2)
            })
          })
        }
      )
    })
  })

  it.each(['frees', 'fails'])('or %s as the root when all tickets are drawn leaves none, and else an error', (how) => {
    for (const below of [5, 50]) {
      simulate(3, { latency: 1, leaks: 'ignore' }, ({ comms, fail, flush }) => {
        const got: number[] = []
        const ends: string[] = []
        made(
          comms,
          (comm) => Counter.icreate(comm),
          (counters) => {
            const leave = (): void => (how === 'frees' ? counters[0]!.free() : fail(0))
            const draw = (rank: number): Observable<number> =>
              counters[rank]!.tickets({ below }).pipe(mergeMap((ticket) => timer(rank === 0 ? 1 : 10).pipe(map(() => ticket)), 1))
            draw(0).subscribe({ next: (ticket) => got.push(ticket), error: () => undefined, complete: leave })
            if (below === 50) timer(9).subscribe(leave)
            for (const rank of [1, 2]) {
              draw(rank).subscribe({
                next: (ticket) => got.push(ticket),
                error: (error) => ends.push(error.name),
                complete: () => ends.push('complete')
              })
            }
          }
        )
        flush()
        const left = how === 'frees' ? 'FreedError' : 'RankFailedError'
        expect(ends).toEqual(below === 5 ? ['complete', 'complete'] : [left, left])
        if (below === 5) expect(got.sort()).toEqual([0, 1, 2, 3, 4])
      })
    }
  })

  it('in its turn fails that of the next rank, and the others go on', () => {
    simulate(3, { leaks: 'ignore' }, ({ comms: [zero, one, two], fail, expectObservable }) => {
      sequential.ibegin(zero!).subscribe()
      timer(3).subscribe(() => fail(0))
      const outcome = (comm: Communicator): Observable<unknown> =>
        of('a').pipe(
          sequential(comm),
          catchError((error: RxmpiError) => of(error.code))
        )
      expectObservable(outcome(one!)).toBe('---(e|)', { e: 'ERR_RANK_FAILED' })
      expectObservable(outcome(two!)).toBe('---(a|)')
    })
  })
})

/** A call on an object, from when to when, and what it gave. */
interface Done {
  readonly from: number
  readonly to: number
  readonly apply: (state: number) => number | undefined
}

/** Whether the calls of a history can be put in one order that respects their times, each from the state that the one before has left. */
function isLinearizable(history: readonly Done[], state: number): boolean {
  if (history.length === 0) return true
  const firstEnd = Math.min(...history.map(({ to }) => to))
  return history.some((one, k) => {
    if (one.from > firstEnd) return false
    const next = one.apply(state)
    return (
      next !== undefined &&
      isLinearizable(
        history.filter((_, j) => j !== k),
        next
      )
    )
  })
}

describe('histories, whatever order the messages come in', () => {
  it('the checker sees what cannot be', () => {
    const draw = (from: number, to: number, value: number): Done => ({
      from,
      to,
      apply: (state) => (state === value ? state + 1 : undefined)
    })
    expect(isLinearizable([draw(0, 3, 1), draw(1, 2, 0)], 0)).toBe(true)
    expect(isLinearizable([draw(0, 1, 1), draw(2, 3, 0)], 0)).toBe(false)
    expect(isLinearizable([draw(0, 1, 0), draw(0, 1, 0)], 0)).toBe(false)
  })

  it('of a counter', () => {
    explore({ seeds: 100, size: 3, jitter: 3 }, ({ comms }) => {
      const history: Done[] = []
      let clock = 0
      const done: Observable<unknown>[] = comms.map((comm) =>
        script(function* () {
          const counter = yield* step(Counter.icreate(comm, { root: 1 }))
          for (let k = 0; k < 3; k++) {
            const from = clock++
            const amount = comm.rank + 1
            const value = yield* step(counter.inext(amount))
            history.push({ from, to: clock++, apply: (state) => (state === value ? state + amount : undefined) })
            yield* step(timer(1))
          }
          yield* step(counter.iclose())
          if (history.length === 9) expect(isLinearizable(history, 0)).toBe(true)
        })
      )
      for (const each of done) each.subscribe()
    })
  })

  it('of a mutex: nobody reads what another is writing', () => {
    explore({ seeds: 100, size: 3, jitter: 3 }, ({ comms }) => {
      let inside = 0
      let shared = 0
      const ends = comms.map((comm) =>
        script(function* () {
          const mutex = yield* step(Mutex.icreate(comm, { root: 2 }))
          for (let k = 0; k < 3; k++) {
            const held = yield* step(mutex.iacquire())
            expect(++inside).toBe(1)
            const read = shared
            yield* step(timer(2))
            shared = read + 1
            inside--
            held.release()
          }
          yield* step(comm.ibarrier())
          expect(shared).toBe(9)
          yield* step(mutex.iclose())
        })
      )
      for (const end of ends) end.subscribe()
    })
  })
})

it('deadlocks are errors of their own', () => {
  expect(() =>
    simulate(1, {}, ({ comms: [comm] }) => {
      Mutex.icreate(comm!).subscribe((mutex) => {
        mutex.iacquire()
        defer(() => mutex.iacquire()).subscribe()
      })
    })
  ).toThrow(DeadlockError)
})
