import { map, type Observable, range, Subject, take, tap, toArray } from 'rxjs'
import * as mpi from '../../operators/index.js'
import { RemoteError } from '../../src/errors.js'
import { SUM } from '../../src/op/op.js'
import { simulate } from '../../testing/simulate.js'

describe('collectives in a simulated test', () => {
  it('run on every rank, though the test looks at one of them', () => {
    simulate(4, { latency: 2 }, ({ ranks, cold, expectObservable }) => {
      const sums = ranks((comm) => cold('a--b|', { a: comm.rank, b: 10 }).pipe(mpi.allreduce(comm, SUM)))
      expectObservable(sums[0]!).toBe('----a--b|', { a: 6, b: 40 })
    })
  })

  it('take log₂ p latencies', () => {
    for (const [size, steps] of [
      [1, 0],
      [2, 1],
      [64, 6],
      [512, 9]
    ] as const) {
      simulate(size, { latency: 1 }, ({ ranks, expectObservable }) => {
        const sums = ranks((comm) => comm.iallreduce(1, SUM))
        expectObservable(sums[size - 1]!).toBe(steps === 0 ? '(a|)' : `${steps}ms (a|)`, { a: size })
      })
    }
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('end on all of %i ranks when the root has given all, or wants no more', (size) => {
    for (let root = 0; root < size; root++) {
      for (const most of [Number.POSITIVE_INFINITY, 2]) {
        const got = simulate(size, { latency: 1 }, ({ ranks }) => {
          const got: number[][] = []
          ranks((comm) => {
            const values = range(comm.rank * 10, comm.rank === root ? 3 : 0).pipe(mpi.bcast(comm, { root }))
            const wanted = comm.rank === root ? values.pipe(take(most)) : values
            return wanted.pipe(
              toArray(),
              tap((all) => got.push(all))
            )
          })
          return got
        })
        expect(got).toHaveLength(size)
        for (const values of got) expect(values.slice(0, 2)).toEqual([root * 10, root * 10 + 1])
      }
    }
  })

  it('leave nothing behind when the test unsubscribes at its end', () => {
    simulate(5, { latency: 2 }, ({ ranks, hot, expectObservable }) => {
      const values = ranks((comm) => (hot('a--b') as Observable<string>).pipe(mpi.bcast(comm, { root: 3 })))
      for (const [rank, value] of values.entries()) if (rank === 3) expectObservable(value).toBe('a--b')
    })
  })

  it('or early', () => {
    simulate(4, { latency: 2 }, ({ ranks, hot, expectObservable }) => {
      const sums = ranks((comm) => hot('a--b', { a: comm.rank, b: 10 }).pipe(mpi.allreduce(comm, SUM), take(1)))
      expectObservable(sums[0]!).toBe('----(a|)', { a: 6 })
    })
  })

  it('tell who has not come', () => {
    const run = (): void =>
      simulate(4, { latency: 2 }, ({ ranks }) => {
        ranks((comm) => (comm.rank === 2 ? undefined : comm.iallreduce(comm.rank, SUM)))
      })
    expect(run).toThrow(/rank 0 waits in allreduce\(number, SUM\) for rank 2, at test\/unit\/simulate\.operators\.test\.ts:\d+:\d+$/m)
  })

  it('show what they send', () => {
    simulate(2, { latency: 1 }, ({ ranks, cold, expectMessages, traffic, flush }) => {
      ranks((comm) => cold('a--b|', { a: comm.rank + 1, b: comm.rank + 5 }).pipe(mpi.allreduce(comm, SUM)))
      expectMessages(0, 1).toBe('-a--b', { a: 1, b: 5 })
      expectMessages(1, 0).toBe('-a--b', { a: 2, b: 6 })
      flush()
      expect(traffic()).toEqual({ messages: 4, bytes: 32 })
    })
  })

  it('show that a barrier sends messages without data', () => {
    simulate(2, { latency: 1 }, ({ ranks, expectMessages }) => {
      ranks((comm) => comm.ibarrier())
      expectMessages(0, 1).toBe('-a', { a: undefined })
    })
  })

  it("carry errors, which are the test's where it does not look", () => {
    const boom = new Error('boom')
    const test = (looks: number) => () =>
      simulate(3, { latency: 1 }, ({ ranks, cold, expectObservable }) => {
        const sums = ranks((comm) => cold<number>(comm.rank === 1 ? '--#' : '-', {}, boom).pipe(mpi.allreduce(comm, SUM)))
        for (const [rank, sum] of sums.slice(0, looks).entries()) {
          const error = rank === 1 ? boom : expect.objectContaining({ name: 'RemoteError', cause: boom })
          expectObservable(sum).toBe(rank === 1 ? '--#' : '---#', undefined, error)
        }
      })
    test(3)()
    expect(test(2)).toThrow(RemoteError)
  })
})

describe('streams between ranks in a simulated test', () => {
  it('show their values, and not what their ends say to each other', () => {
    simulate(2, { latency: 2 }, ({ comms: [zero, one], cold, expectObservable, expectMessages, traffic, flush }) => {
      cold('a--b|')
        .pipe(mpi.sendTo(zero!, { dest: 1 }))
        .subscribe()
      expectObservable(mpi.receiveFrom(one!, { source: 0 })).toBe('--a--b|')
      expectMessages(0, 1).toBe('--a--b')
      expectMessages(1, 0).toBe('')
      flush()
      expect(traffic().messages).toBe(2)
    })
  })

  it('may be open at the end', () => {
    simulate(2, { latency: 2 }, ({ comms: [zero, one], hot, expectObservable }) => {
      const letters = new Subject<string>()
      letters.pipe(mpi.sendTo(zero!, { dest: 1 })).subscribe()
      hot('a--b').subscribe(letters)
      mpi.receiveFrom(one!, { source: 0 }).subscribe()
      expectObservable(letters).toBe('a--b')
    })
  })

  it('have left something behind when nobody reads them', () => {
    expect(() =>
      simulate(2, { latency: 2 }, ({ comms: [zero], cold }) => {
        cold('a--b|')
          .pipe(mpi.sendTo(zero!, { dest: 1 }))
          .subscribe()
      })
    ).toThrow(/rank 1 never received 'a' from rank 0, in a stream, tag 0/)
  })
})

describe('the end of a stream whose other ranks', () => {
  it('have called the method is known without them, whether they are there or have ended', () => {
    for (const ends of [false, true]) {
      simulate(4, { latency: 1, leaks: 'ignore' }, ({ comms, cold, end, expectObservable }) => {
        const [zero, one, ...others] = comms
        for (const comm of [zero!, ...others]) {
          comm.ireduce(comm.rank).subscribe()
          if (ends) cold('---|').subscribe({ complete: () => end(comm.rank) })
        }
        expectObservable(cold('1----|').pipe(map(Number), mpi.reduce(one!))).toBe('-----|')
      })
    }
  })
})
