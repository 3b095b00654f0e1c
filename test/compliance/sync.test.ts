import { concat, defer, first, forkJoin, map, type Observable, of, timer, toArray } from 'rxjs'
import { mergeMap } from '../../operators/mergeMap.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import {
  AbortError,
  ArgumentError,
  CollectiveMismatchError,
  CountError,
  FreedError,
  RankError,
  RequestError,
  type RxmpiError
} from '../../src/errors.js'
import { SUM } from '../../src/op/op.js'
import { Condition, Counter, type Held, locked, Mutex, Semaphore, sequential } from '../../src/sync/index.js'
import { script, step } from '../script.js'
import { below, type CollectivesBinding, results } from './collectives/binding.js'
import { bindings, onHosts } from './collectives/bindings.js'

/** The behaviours of mpi4py's test_util_sync. */

const sizes = [1, 2, 3, 4, 5, 8]

type Program<T> = (comm: Communicator) => Generator<Observable<unknown>, T, unknown>

const run = <T>(binding: CollectivesBinding, size: number, program: Program<T>): Promise<T[]> =>
  results(binding, size, (comm) => script(() => program(comm))).then((all) => all.map(([value]) => value!))

const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b)
const errorOf = (call: () => unknown): unknown => {
  try {
    call()
    return undefined
  } catch (error) {
    return error
  }
}
function* failureOf(source: Observable<unknown>): Generator<Observable<unknown>, RxmpiError, unknown> {
  try {
    yield* step(source)
  } catch (error) {
    return error as RxmpiError
  }
  throw new Error('it has not failed')
}

describe.each([...bindings, ...onHosts])('over $name', (binding) => {
  describe('Counter', () => {
    /** Each rank that may draws some; all of them, in order. */
    function* draws(comm: Communicator, counter: Counter, count: number, may = true): Generator<Observable<unknown>, number[], unknown> {
      const own: number[] = []
      for (let k = 0; may && k < count; k++) own.push(yield* step(counter.inext()))
      const all = yield* step(comm.iallgather(own))
      return sorted(all.flat())
    }

    test.each(sizes)('gives each of %i ranks numbers of its own', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const counter = yield* step(Counter.icreate(comm))
        const numbers = yield* draws(comm, counter, 5)
        const value = yield* step(counter.ivalue())
        yield* step(counter.iclose())
        return { numbers, value }
      })
      for (const one of all) expect(one).toEqual({ numbers: below(5 * size), value: 5 * size })
    })

    test.each(sizes)('starts and steps as said, of %i ranks', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const found: number[][] = []
        for (const options of [{ start: 7 }, { step: 2 }, { start: 10, step: -3 }]) {
          const counter = yield* step(Counter.icreate(comm, options))
          found.push(yield* draws(comm, counter, 3))
          yield* step(counter.iclose())
        }
        return found
      })
      const n = below(3 * size)
      for (const found of all) expect(found).toEqual([n.map((k) => 7 + k), n.map((k) => 2 * k), sorted(n.map((k) => 10 - 3 * k))])
    })

    test.each(sizes)('counts in every type, of %i ranks', async (size) => {
      const types = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array]
      const all = await run(binding, size, function* (comm) {
        const found: number[][] = []
        for (const type of types) {
          const counter = yield* step(Counter.icreate(comm, { type }))
          found.push(yield* draws(comm, counter, 3))
          yield* step(counter.iclose())
        }
        const big: bigint[][] = []
        for (const type of [BigInt64Array, BigUint64Array]) {
          const counter = yield* step(Counter.icreate(comm, { type }))
          const own = yield* step(counter.inext())
          big.push((yield* step(comm.iallgather(own))).sort())
          yield* step(counter.iclose())
        }
        return { found, big }
      })
      for (const { found, big } of all) {
        expect(found).toEqual(types.map(() => below(3 * size)))
        expect(big).toEqual([below(size).map(BigInt), below(size).map(BigInt)])
      }
    })

    test.each(sizes)('wraps as its type does, of %i ranks', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const last = comm.size - 1
        const found: (number | bigint)[] = []
        const small = yield* step(Counter.icreate(comm, { type: Int8Array, start: 127, root: last }))
        const signed = yield* step(Counter.icreate(comm, { type: BigInt64Array, start: 2n ** 63n - 1n }))
        const unsigned = yield* step(Counter.icreate(comm, { type: BigUint64Array, start: 2n ** 64n - 1n, root: last }))
        if (comm.rank === 0) {
          yield* step(small.inext())
          yield* step(signed.inext())
          yield* step(unsigned.inext())
        }
        yield* step(comm.ibarrier())
        found.push(yield* step(small.ivalue()), yield* step(signed.ivalue()), yield* step(unsigned.ivalue()))
        for (const counter of [small, signed, unsigned]) yield* step(counter.iclose())
        return found
      })
      for (const found of all) expect(found).toEqual([-128, -(2n ** 63n), 0n])
    })

    test.each(sizes)('is kept by any of %i ranks', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const found: number[][] = []
        for (const root of below(comm.size)) {
          const counter = yield* step(Counter.icreate(comm, { root }))
          found.push(yield* draws(comm, counter, 5, comm.rank !== root))
          yield* step(counter.iclose())
        }
        return found
      })
      for (const found of all) expect(found).toEqual(below(size).map(() => below(5 * (size - 1))))
    })

    test.each(sizes)('is given up as often as one likes, by %i ranks', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const counter = yield* step(Counter.icreate(comm))
        yield* step(comm.ibarrier())
        for (let k = 0; k < 5; k++) counter.free()
        return [yield* failureOf(counter.inext()), yield* failureOf(counter.ivalue()), yield* failureOf(counter.iclose())]
      })
      for (const errors of all) for (const error of errors) expect(error).toBeInstanceOf(FreedError)
    })

    test.each(sizes)('deals out tickets, each to one of %i ranks, drawn as there is demand', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const counter = yield* step(Counter.icreate(comm))
        let busy = 0
        let most = 0
        const work = (ticket: number): Observable<number> =>
          defer(() => {
            most = Math.max(most, ++busy)
            return timer(1).pipe(
              map(() => {
                busy--
                return ticket
              })
            )
          })
        const own = yield* step(counter.tickets({ below: 20 }).pipe(mergeMap(work, 2), toArray()))
        const chunks = yield* step(Counter.icreate(comm, { step: 2 }))
        const others = yield* step(chunks.tickets({ below: 21, chunk: 3 }).pipe(mergeMap(work, 1), toArray()))
        const all = yield* step(comm.iallgather([own, others]))
        yield* step(counter.iclose())
        yield* step(chunks.iclose())
        return { all, most }
      })
      for (const { all: found, most } of all) {
        expect(sorted(found.flatMap(([own]) => own!))).toEqual(below(20))
        expect(sorted(found.flatMap(([, others]) => others!))).toEqual(below(11).map((k) => 2 * k))
        expect(most).toBeLessThanOrEqual(2)
      }
    })
  })

  describe('Mutex', () => {
    test.each(sizes)('lets one of %i ranks go on at a time', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const mutex = yield* step(Mutex.icreate(comm, { root: comm.size - 1 }))
        const counter = yield* step(Counter.icreate(comm))
        const own: number[] = []
        const held = yield* step(mutex.iacquire())
        for (let k = 0; k < 10; k++) own.push(yield* step(counter.inext()))
        held.release()
        yield* step(counter.iclose())
        yield* step(mutex.iclose())
        return own
      })
      for (const own of all) {
        expect(own[0]! % 10).toBe(0)
        expect(own).toEqual(below(10).map((k) => own[0]! + k))
      }
    })

    test.each(sizes)('is fair to %i ranks: none has it twice before another that waits', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const mutex = yield* step(Mutex.icreate(comm))
        const counter = yield* step(Counter.icreate(comm))
        let times = 0
        while ((yield* step(counter.inext())) < comm.size * 5) {
          const held = yield* step(mutex.iacquire())
          times++
          held.release()
          yield* step(comm.ibarrier())
        }
        yield* step(counter.iclose())
        yield* step(mutex.iclose())
        return times
      })
      expect(all).toEqual(below(size).map(() => 5))
    })

    test.each(sizes)('says what this rank holds, of %i', async (size) => {
      await run(binding, size, function* (comm) {
        const mutex = yield* step(Mutex.icreate(comm))
        for (let k = 0; k < 3; k++) {
          expect(mutex.held).toBe(0)
          expect(errorOf(() => mutex.release())).toBeInstanceOf(RequestError)
          const held = yield* step(mutex.iacquire())
          expect(mutex.held).toBe(1)
          expect(yield* step(mutex.itryAcquire())).toBeUndefined()
          if (k === 1) mutex.release()
          else held.release()
          expect(mutex.held).toBe(0)
          expect(errorOf(() => held.release())).toBeInstanceOf(RequestError)
          expect(errorOf(() => mutex.release())).toBeInstanceOf(RequestError)
          held[Symbol.dispose]()
        }
        yield* step(mutex.iclose())
      })
    })

    test.each(sizes)('is tried for, by %i ranks', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const mutex = yield* step(Mutex.icreate(comm))
        yield* step(comm.ibarrier())
        const held = yield* step(mutex.itryAcquire())
        yield* step(comm.ibarrier())
        expect(mutex.held).toBe(held === undefined ? 0 : 1)
        held?.release()
        expect(mutex.held).toBe(0)
        const all = yield* step(comm.iallgather(held !== undefined))
        yield* step(comm.ibarrier())
        let again: Held | undefined
        while (again === undefined) {
          again = yield* step(mutex.itryAcquire())
          yield* step(timer(1))
        }
        again.release()
        yield* step(mutex.iclose())
        return all.filter((one) => one).length
      })
      expect(all).toEqual(below(size).map(() => 1))
    })

    test.each(sizes)('counts by rank when it is recursive, of %i', async (size) => {
      await run(binding, size, function* (comm) {
        const mutex = yield* step(Mutex.icreate(comm, { recursive: true }))
        for (let k = 0; k < 3; k++) {
          expect(mutex.held).toBe(0)
          expect(errorOf(() => mutex.release())).toBeInstanceOf(RequestError)
          // Several tasks at the same time: the rank has it, so all have.
          yield* step(forkJoin([mutex.iacquire(), mutex.iacquire()]))
          expect(mutex.held).toBe(2)
          const third = yield* step(mutex.itryAcquire())
          expect(mutex.held).toBe(3)
          third!.release()
          mutex.release()
          expect(mutex.held).toBe(1)
          mutex.release()
          expect(mutex.held).toBe(0)
        }
        yield* step(mutex.iclose())
      })
    })

    test.each(sizes)('goes back when it is given up by one of %i ranks that holds it', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const mutex = yield* step(Mutex.icreate(comm, { root: comm.size - 1 }))
        const held = yield* step(mutex.iacquire())
        if (comm.rank === comm.size - 1) held.release()
        else for (let k = 0; k < 3; k++) mutex.free()
        // The root stays until all others are through.
        yield* step(comm.ibarrier())
        if (comm.rank === comm.size - 1) mutex.free()
        const errors = [errorOf(() => mutex.release()), errorOf(() => mutex.held), yield* failureOf(mutex.iacquire())]
        return errors.map((error) => (error as Error).name)
      })
      expect(all).toEqual(below(size).map(() => ['FreedError', 'FreedError', 'FreedError']))
    })

    test.each(sizes)('is waited for no longer, by one of %i ranks', async (size) => {
      await run(binding, size, function* (comm) {
        const mutex = yield* step(Mutex.icreate(comm))
        if (comm.rank === 0) {
          const held = yield* step(mutex.iacquire())
          yield* step(comm.ibarrier())
          const abort = new AbortController()
          const [first, second, third] = [mutex.iacquire({ signal: abort.signal }), mutex.iacquire(), mutex.iacquire()]
          first.look()
          abort.abort(new Error('enough'))
          expect(yield* failureOf(first)).toBeInstanceOf(AbortError)
          expect(second.cancel()).toBe(true)
          expect(second.cancel()).toBe(false)
          held.release()
          const last = yield* step(third)
          last.release()
          expect(third.cancel()).toBe(false)
        } else yield* step(comm.ibarrier())
        yield* step(mutex.iclose())
      })
    })

    test.each(sizes)('waits to be closed for what is under way, on %i ranks', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const mutex = yield* step(Mutex.icreate(comm))
        const request = mutex.iacquire().pipe(
          map((held) => {
            held.release()
            return true
          })
        )
        const [done] = yield* step(forkJoin([request, defer(() => mutex.iclose())]))
        return done
      })
      expect(all).toEqual(below(size).map(() => true))
    })
  })

  describe('Semaphore', () => {
    test.each(sizes)('has places for so many of %i ranks', async (size) => {
      await run(binding, size, function* (comm) {
        for (const value of [1, 2, comm.size]) {
          const semaphore = yield* step(Semaphore.icreate(comm, { value }))
          const mine = yield* step(semaphore.itryAcquire())
          const count = yield* step(comm.iallreduce(mine === undefined ? 0 : 1, SUM))
          expect(count).toBe(Math.min(value, comm.size))
          mine?.release()
          yield* step(semaphore.iclose())
        }
      })
    })

    test.each(sizes)('takes back no more than is held, of %i ranks', async (size) => {
      await run(binding, size, function* (comm) {
        const semaphore = yield* step(Semaphore.icreate(comm, { value: 2 }))
        const loose = yield* step(Semaphore.icreate(comm, { value: 0, bounded: false }))
        expect(yield* failureOf(semaphore.irelease())).toBeInstanceOf(CountError)
        yield* step(comm.ibarrier())
        if (comm.rank === 0) {
          yield* step(semaphore.iacquire())
          yield* step(semaphore.iacquire())
          expect(semaphore.held).toBe(2)
          expect(yield* failureOf(semaphore.irelease(3))).toBeInstanceOf(CountError)
          expect(yield* failureOf(semaphore.irelease(0))).toBeInstanceOf(CountError)
          expect(semaphore.held).toBe(2)
          yield* step(semaphore.irelease(2))
          expect(semaphore.held).toBe(0)
          // A place that another rank makes.
          yield* step(loose.irelease(comm.size))
        }
        const held = yield* step(loose.iacquire())
        held.release()
        yield* step(semaphore.iclose())
        yield* step(loose.iclose())
      })
    })

    test.each(sizes)('has a place given back by another of %i ranks', async (size) => {
      await run(binding, size, function* (comm) {
        const semaphore = yield* step(Semaphore.icreate(comm))
        if (comm.rank === 0) yield* step(semaphore.iacquire())
        yield* step(comm.ibarrier())
        if (comm.rank === comm.size - 1) yield* step(semaphore.irelease())
        yield* step(comm.ibarrier())
        if (comm.rank === 0) {
          const held = yield* step(semaphore.itryAcquire())
          expect(held).toBeDefined()
          yield* step(semaphore.irelease())
        }
        yield* step(semaphore.iclose())
      })
    })
  })

  describe('Condition', () => {
    test.each(sizes)('wakes those of %i ranks that wait, in order, and says how many', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const condition = yield* step(Condition.icreate(comm, { root: comm.size - 1 }))
        let count = 0
        if (comm.rank === 0) {
          for (let woken = -1; woken !== 0; ) {
            const held = yield* step(condition.iacquire())
            woken = yield* step(condition.inotify())
            expect(woken).toBe(0)
            held.release()
          }
          yield* step(comm.ibarrier())
          while (count < comm.size - 1) {
            const held = yield* step(condition.iacquire())
            count += yield* step(condition.inotify())
            held.release()
            yield* step(timer(1))
          }
          const held = yield* step(condition.iacquire())
          expect(yield* step(condition.inotify())).toBe(0)
          held.release()
        } else {
          yield* step(comm.ibarrier())
          const held = yield* step(condition.iacquire())
          yield* step(condition.iwait())
          expect(condition.held).toBe(1)
          held.release()
        }
        const names = [yield* failureOf(condition.iwait()), yield* failureOf(condition.inotify()), yield* failureOf(condition.inotifyAll())]
        yield* step(condition.iclose())
        return names.map(({ name }) => name)
      })
      expect(all).toEqual(below(size).map(() => ['RequestError', 'RequestError', 'RequestError']))
    })

    test.each(sizes)('lets %i ranks wait for something that one of them does', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const mutex = yield* step(Mutex.icreate(comm, { root: comm.size - 1 }))
        // Another rank keeps the queue of those who wait.
        const condition = yield* step(Condition.icreate(comm, { mutex }))
        const counter = yield* step(Counter.icreate(comm))
        const held = yield* step(mutex.iacquire())
        yield* step(counter.inext())
        yield* step(condition.inotifyAll())
        const seen = yield* step(condition.iwaitFor(() => counter.ivalue().pipe(map((value) => value === comm.size && `all ${value}`))))
        held.release()
        expect(yield* failureOf(condition.iwaitFor(() => true))).toBeInstanceOf(RequestError)
        yield* step(condition.iclose())
        yield* step(mutex.iclose())
        yield* step(counter.iclose())
        return seen
      })
      expect(all).toEqual(below(size).map(() => `all ${size}`))
    })

    test.each(sizes)('wakes all of %i ranks', async (size) => {
      await run(binding, size, function* (comm) {
        const condition = yield* step(Condition.icreate(comm))
        yield* step(comm.ibarrier())
        if (comm.rank === 0) {
          let count = 0
          while (count < comm.size - 1) {
            const held = yield* step(condition.iacquire())
            count += yield* step(condition.inotifyAll())
            held.release()
            yield* step(timer(1))
          }
          expect(count).toBe(comm.size - 1)
        } else {
          // As many times as before.
          yield* step(condition.iacquire())
          yield* step(condition.iacquire())
          yield* step(condition.iwait())
          expect(condition.held).toBe(2)
          condition.release()
          condition.release()
        }
        yield* step(condition.iclose())
      })
    })

    test.each(sizes)('gives a wait up with the mutex in hand, on %i ranks', async (size) => {
      await run(binding, size, function* (comm) {
        const condition = yield* step(Condition.icreate(comm))
        const held = yield* step(condition.iacquire())
        const abort = new AbortController()
        const request = condition.iwait({ signal: abort.signal })
        request.look()
        abort.abort()
        expect(yield* failureOf(request)).toBeInstanceOf(AbortError)
        expect(condition.held).toBe(1)
        expect(yield* step(condition.inotifyAll())).toBe(0)
        held.release()
        yield* step(condition.iclose())
      })
    })

    test.each(sizes)('frees its mutex with it, on %i ranks', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const condition = yield* step(Condition.icreate(comm))
        const held = comm.rank === 0 ? yield* step(condition.iacquire()) : undefined
        yield* step(comm.ibarrier())
        for (let k = 0; k < 5; k++) condition.free()
        expect(errorOf(() => held?.release())).toEqual(held && expect.any(RequestError))
        return [yield* failureOf(condition.iacquire()), yield* failureOf(condition.inotify()), errorOf(() => condition.release())]
      })
      for (const errors of all) for (const error of errors) expect(error).toBeInstanceOf(FreedError)
    })
  })

  describe('sequential', () => {
    test.each(sizes)('lets %i ranks go one after the other', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const found: number[] = []
        for (let k = 0; k < 3; k++) {
          const counter = yield* step(Counter.icreate(comm))
          if (k === 1) {
            const turn = yield* step(sequential.ibegin(comm))
            found.push(yield* step(counter.inext()))
            turn.release()
            expect(errorOf(() => turn.release())).toBeInstanceOf(RequestError)
          } else found.push(yield* step(defer(() => counter.inext()).pipe(sequential(comm))))
          yield* step(counter.iclose())
        }
        return found
      })
      expect(all).toEqual(below(size).map((rank) => [rank, rank, rank]))
    })

    test.each(sizes)('goes on behind a turn that was left out, or has failed, on %i ranks', async (size) => {
      const all = await run(binding, size, function* (comm) {
        const broken = defer(() => {
          if (comm.rank === 0) throw new RangeError('boom')
          return of(1)
        })
        const first = comm.rank === 0 ? (yield* failureOf(broken.pipe(sequential(comm)))).name : yield* step(broken.pipe(sequential(comm)))
        if (comm.rank === 1) {
          const request = sequential.ibegin(comm)
          request.cancel()
        } else (yield* step(sequential.ibegin(comm))).release()
        yield* step(comm.ibarrier())
        return first
      })
      expect(all).toEqual(below(size).map((rank) => (rank === 0 ? 'RangeError' : 1)))
    })
  })

  describe('locked', () => {
    test.each(sizes)('keeps the streams of %i ranks apart', async (size) => {
      await run(binding, size, function* (comm) {
        const mutex = yield* step(Mutex.icreate(comm))
        const semaphore = yield* step(Semaphore.icreate(comm))
        const counter = yield* step(Counter.icreate(comm))
        const two$ = defer(() => concat(counter.inext(), counter.inext())).pipe(toArray())
        for (const lock of [mutex, semaphore, () => mutex.iacquire()]) {
          const [a, b] = yield* step(two$.pipe(locked(lock)))
          expect(b! - a!).toBe(1)
          yield* step(comm.ibarrier())
          expect(mutex.held + semaphore.held).toBe(0)
        }
        // Unsubscribed from while it is held.
        yield* step(concat(of(1), timer(1000)).pipe(locked(mutex), first()))
        // RxJS completes before it unsubscribes.
        yield* step(timer(1))
        expect(mutex.held + semaphore.held).toBe(0)
        for (const one of [mutex, semaphore, counter]) yield* step(one.iclose())
      })
    })
  })

  test('what is given wrong is told at the call', async () => {
    await run(binding, 2, function* (comm) {
      const bad = [
        [Counter.icreate(comm, { root: 2 }), RankError],
        [Counter.icreate(comm, { type: Array as never }), ArgumentError],
        [Counter.icreate(comm, { step: 1n as never }), ArgumentError],
        [Counter.icreate(comm, { start: 0.5, type: Int32Array }), ArgumentError],
        [Counter.icreate(comm, { type: BigInt64Array, start: 1 as never }), ArgumentError],
        [Counter.icreate(comm, null as never), ArgumentError],
        [Counter.icreate({} as never), ArgumentError],
        [Mutex.icreate(comm, { recursive: 1 as never }), ArgumentError],
        [Mutex.icreate(comm, { name: 1 as never }), ArgumentError],
        [Semaphore.icreate(comm, { value: -1 }), CountError],
        [Semaphore.icreate(comm, { value: 0.5 }), CountError],
        [Condition.icreate(comm, { mutex: {} as never }), ArgumentError],
        [sequential.ibegin({} as never), ArgumentError]
      ] as const
      for (const [request, type] of bad) expect(yield* failureOf(request as Observable<unknown>)).toBeInstanceOf(type)
      expect(() => locked(1 as never)).toThrow(ArgumentError)
      expect(() => sequential(1 as never)).toThrow(ArgumentError)
      const counter = yield* step(Counter.icreate(comm))
      expect(yield* failureOf(counter.inext('1' as never))).toBeInstanceOf(ArgumentError)
      expect(() => counter.tickets({ chunk: 0 })).toThrow(CountError)
      expect(() => counter.tickets({ below: 1n as never })).toThrow(ArgumentError)
      yield* step(counter.iclose())
      const error = yield* failureOf(Mutex.icreate(comm, { recursive: comm.rank === 0 }))
      expect(error).toBeInstanceOf(CollectiveMismatchError)
      expect(error.message).toContain('rank 1: Mutex.create(comm, { recursive: false, root: 0 })')
    })
  })
})
