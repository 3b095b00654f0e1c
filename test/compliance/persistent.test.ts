import fc from 'fast-check'
import { concat, concatMap, defer, forkJoin, ignoreElements, map, mergeMap, type Observable, of, range, tap, timer, toArray } from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { PROC_NULL } from '../../src/constants.js'
import {
  AbortError,
  AliasError,
  ArgumentError,
  CollectiveMismatchError,
  CountError,
  DatatypeError,
  FreedError,
  RankError,
  RankFailedError,
  RemoteError,
  RequestError,
  type RxmpiError,
  TagError,
  TruncationError
} from '../../src/errors.js'
import { vector } from '../../src/layout/layout.js'
import { view } from '../../src/layout/view.js'
import { createOp, MAX, SUM } from '../../src/op/op.js'
import { Persistent } from '../../src/request/persistent.js'
import type { Request } from '../../src/request/request.js'
import { Status } from '../../src/request/status.js'
import { simulate } from '../../testing/simulate.js'
import { memoryWorld } from '../../testing/simulation/memory-world.js'
import { below, results } from './collectives/binding.js'
import { bindings } from './collectives/bindings.js'
import { type Calls, copied, fill } from './kept-memory.js'

const sizes = [1, 2, 3, 4, 5, 7, 8]
const ROUNDS = 3

interface Case {
  readonly name: string
  /** What a rank gives and where it gets it, for `length` elements a rank. */
  readonly args: (comm: Communicator, length: number) => { data?: unknown; options?: object; op?: boolean }
}

/** A column of a matrix of two. */
const column = (length: number) => view(new Float64Array(2 * length), vector(length, 1, 2))
const f64 = (length: number): Float64Array => new Float64Array(length)
const counts = (size: number, length: number): number[] => below(size).map((rank) => length + rank)
const total = (size: number, length: number): number => counts(size, length).reduce((a, b) => a + b, 0)

const cases: Case[] = [
  { name: 'barrier', args: () => ({}) },
  { name: 'bcast', args: (_, n) => ({ data: f64(n), options: { root: 0, into: f64(n) } }) },
  { name: 'bcast', args: ({ size }, n) => ({ data: f64(n), options: { root: size - 1 } }) },
  { name: 'bcast', args: (_, n) => ({ data: column(n), options: { into: column(n) } }) },
  { name: 'scatter', args: ({ size }, n) => ({ data: f64(n * size), options: { root: size - 1, into: f64(n) } }) },
  { name: 'scatter', args: ({ size }, n) => ({ data: column(n * size), options: { into: column(n) } }) },
  {
    name: 'scatterv',
    args: ({ size, rank }, n) => ({ data: f64(total(size, n)), options: { counts: counts(size, n), into: f64(n + rank) } })
  },
  { name: 'gather', args: ({ size }, n) => ({ data: f64(n), options: { root: size - 1, into: f64(n * size) } }) },
  { name: 'gather', args: ({ size }, n) => ({ data: column(n), options: { into: column(n * size) } }) },
  { name: 'gatherv', args: ({ size, rank }, n) => ({ data: f64(n + rank), options: { into: f64(total(size, n)) } }) },
  { name: 'gatherv', args: ({ rank }, n) => ({ data: f64(n + rank) }) },
  { name: 'allgather', args: ({ size }, n) => ({ data: f64(n), options: { into: f64(n * size) } }) },
  {
    name: 'allgatherv',
    args: ({ size, rank }, n) => ({ data: f64(n + rank), options: { counts: counts(size, n), into: f64(total(size, n)) } })
  },
  { name: 'alltoall', args: ({ size }, n) => ({ data: f64(n * size), options: { into: f64(n * size) } }) },
  {
    name: 'alltoall',
    args: ({ size }, n) => ({ data: below(size).map(() => column(n)), options: { into: below(size).map(() => column(n)) } })
  },
  {
    name: 'alltoallv',
    args: ({ size, rank }, n) => ({
      data: f64(total(size, n)),
      options: { sendCounts: counts(size, n), recvCounts: below(size).map(() => n + rank), into: f64((n + rank) * size) }
    })
  },
  { name: 'reduce', args: ({ size }, n) => ({ data: f64(n), op: true, options: { root: size - 1, into: f64(n) } }) },
  { name: 'allreduce', args: (_, n) => ({ data: f64(n), op: true, options: { into: f64(n) } }) },
  { name: 'allreduce', args: (_, n) => ({ data: column(n), op: true, options: { into: column(n) } }) },
  { name: 'allreduce', args: (_, n) => ({ data: f64(n), op: true }) },
  { name: 'scan', args: (_, n) => ({ data: f64(n), op: true, options: { into: f64(n) } }) },
  { name: 'exscan', args: (_, n) => ({ data: f64(n), op: true, options: { into: f64(n) } }) },
  { name: 'reduceScatter', args: ({ size }, n) => ({ data: f64(n * size), op: true, options: { into: f64(n) } }) }
]

/** Where the result takes the place of what was given. */
for (const name of ['allreduce', 'scan', 'exscan']) {
  for (const make of [f64, column]) {
    cases.push({
      name,
      args: (_, n) => {
        const data = make(n)
        return { data, op: true, options: { into: data } }
      }
    })
  }
}
cases.push({
  name: 'bcast',
  args: (_, n) => {
    const data = f64(n)
    return { data, options: { into: data } }
  }
})

const call = (comm: Communicator, name: string, { data, options = {}, op = false }: ReturnType<Case['args']>) =>
  (comm as unknown as Calls)[name]!.call(comm, ...(name.includes('barrier') ? [options] : op ? [data, SUM, options] : [data, options]))

describe.each(bindings)('persistent collectives over $name', (binding) => {
  describe.each(cases.map((one, k) => [`${one.name}, ${k}`, one] as const))('%s', (_, { name, args }) => {
    test.each(sizes)('give at each start what the call gives, on %i ranks', async (size) => {
      const outcomes = await results(binding, size, (comm) => {
        const [own, other] = [args(comm, 3), args(comm, 3)]
        const persistent = call(comm, `${name}Init`, own)
        const rounds = below(ROUNDS).map((round) =>
          defer(() => {
            for (const one of [own, other]) {
              fill(one.data, 10 * round + comm.rank)
              fill((one.options as { into?: unknown } | undefined)?.into, -1)
            }
            return concat(
              persistent.start().pipe(map((value) => ({ value: copied(value), into: copied((own.options as { into?: unknown })?.into) }))),
              call(comm, `i${name}`, other).pipe(
                map((value) => ({ value: copied(value), into: copied((other.options as { into?: unknown })?.into) }))
              )
            ).pipe(toArray())
          })
        )
        return concat(...rounds)
      })
      for (const rounds of outcomes) {
        expect(rounds).toHaveLength(ROUNDS)
        for (const pair of rounds as unknown[][]) expect(pair[0]).toEqual(pair[1])
      }
    })
  })

  test.each([2, 5, 8])('go by the algorithm for large data, on %i ranks', async (size) => {
    const outcomes = await results(binding, size, (comm) => {
      const [own, all] = [f64(10_000), f64(10_000)]
      const sum = comm.allreduceInit(own, SUM, { into: all })
      return range(1, ROUNDS).pipe(
        concatMap((round) =>
          defer(() => {
            own.fill(round)
            return sum
          })
        ),
        map((value) => value === all && value.every((one) => one === value[0]) && value[0])
      )
    })
    for (const rounds of outcomes) expect(rounds).toEqual([size, 2 * size, 3 * size])
  })

  test.each([1, 2, 3, 8])('may be started in any order, and be under way together, on %i ranks', async (size) => {
    const outcomes = await results(binding, size, (comm) => {
      const own = f64(1).fill(comm.rank)
      const made = [
        comm.allreduceInit(own, SUM, { into: f64(1) }),
        comm.allreduceInit(own, MAX, { into: f64(1) }),
        comm.scanInit(own, SUM, { into: f64(1) })
      ]
      const order = comm.rank % 2 === 0 ? [0, 1, 2] : [2, 1, 0]
      return range(0, ROUNDS).pipe(
        concatMap(() => {
          const requests: Request<Float64Array>[] = []
          for (const k of order) requests[k] = made[k]!.start()
          return forkJoin(requests)
        }),
        map((values) => values.map(([value]) => value))
      )
    })
    for (const [rank, rounds] of outcomes.entries()) {
      for (const values of rounds) expect(values).toEqual([(size * (size - 1)) / 2, size - 1, (rank * (rank + 1)) / 2])
    }
  })
})

describe.each(bindings)('persistent sends and receives over $name', (binding) => {
  test.each(sizes)('go round a ring of %i, each time with what the memory then holds', async (size) => {
    const outcomes = await results(binding, size, (comm) => {
      const [left, right] = [(comm.rank + size - 1) % size, (comm.rank + 1) % size]
      const ring = (length: number, name: 'sendInit' | 'ssendInit', isColumn: boolean) => {
        const make = () => (isColumn ? column(length) : f64(length))
        const [own, theirs] = [make(), make()]
        const status = new Status()
        const calls = [comm.recvInit({ source: left, tag: 4, into: theirs, status }), comm[name](own, { dest: right, tag: 4 })] as const
        return range(0, ROUNDS).pipe(
          concatMap((round) => {
            fill(own, 10 * round + comm.rank)
            return forkJoin(Persistent.startAll(calls).map((request: Request<unknown>) => concat(request, of(undefined)).pipe(toArray())))
          }),
          map((_, round) => {
            const expected = make()
            fill(expected, 10 * round + left)
            const same = isColumn
              ? JSON.stringify(Array.from((theirs as ReturnType<typeof column>).pack())) ===
                JSON.stringify(Array.from((expected as ReturnType<typeof column>).pack()))
              : JSON.stringify(copied(theirs)) === JSON.stringify(copied(expected))
            return same && status.source === left && status.count === length && !calls[0].active
          })
        )
      }
      return concat(ring(2, 'sendInit', false), ring(2, 'ssendInit', false), ring(40_000, 'sendInit', false), ring(40, 'sendInit', true))
    })
    for (const values of outcomes) expect(values).toEqual(new Array(4 * ROUNDS).fill(true))
  })
})

describe('a persistent call', () => {
  it('starts with a subscription, and replays to late ones of its request alone', () => {
    simulate(2, { latency: 2 }, ({ comms: [zero, one], cold, expectObservable }) => {
      const own = Int32Array.of(7)
      const send = zero!.sendInit(own, { dest: 1 })
      const receive = one!.recvInit({ source: 0, into: new Int32Array(1) })
      const counted = map(([value]: Int32Array) => value)
      expectObservable(
        cold('a---b|').pipe(
          concatMap(() => receive),
          counted
        )
      ).toBe('---a--(b|)', { a: 7, b: 8 })
      expectObservable(
        cold('-a--b|').pipe(
          concatMap(() => send),
          tap(() => own[0]!++)
        )
      ).toBe('-u--u|', { u: undefined })
      const tick = timer(1).pipe(
        mergeMap(() => concat(of(send.active))),
        ignoreElements()
      )
      expectObservable(tick).toBe('-|')
    })
  })

  it('meets a plain call', () => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
      const [own, into] = [Float64Array.of(1), f64(1)]
      const [send, receive] = [zero!.sendInit(own, { dest: 1 }), one!.recvInit({ source: 0, into })]
      send.start()
      const plain = one!.irecv<Float64Array>({ source: 0 })
      zero!.isend(Float64Array.of(2), { dest: 1 })
      receive.start().subscribe()
      flush()
      expect([plain.value![0], into[0]]).toEqual([1, 2])
    })
  })

  it('cannot be started while it is active, and loses nothing by it', () => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
      const into = f64(1)
      const receive = one!.recvInit({ source: 0, into })
      const first = receive.start()
      expect(receive.active).toBe(true)
      let error: RxmpiError | undefined
      receive.start().subscribe({ error: (thrown) => (error = thrown) })
      expect(error).toBeInstanceOf(RequestError)
      expect(error!.code).toBe('ERR_REQUEST')
      expect(error!.message).toMatch(
        /recvInit, made at \S*persistent\.test\.ts:\d+:\d+, is active, started at \S*persistent\.test\.ts:\d+:\d+/
      )
      expect(error!.callSite).toContain('persistent.test.ts')
      zero!.isend(Float64Array.of(3), { dest: 1 })
      flush()
      expect(first.value).toBe(into)
      expect(receive.active).toBe(false)
      receive.start().subscribe()
      zero!.isend(Float64Array.of(4), { dest: 1 })
      flush()
      expect(into[0]).toBe(4)
    })
  })

  it('may be started again by who hears that it is over', () => {
    simulate(3, { latency: 1 }, ({ ranks, flush }) => {
      const counts: number[] = []
      ranks((comm) => {
        const sum = comm.allreduceInit(f64(1).fill(1), SUM, { into: f64(1) })
        counts[comm.rank] = 0
        const again = (): void => {
          sum.start().subscribe({
            complete: () => {
              if (++counts[comm.rank]! < 5) again()
            }
          })
        }
        again()
      })
      flush()
      expect(counts).toEqual([5, 5, 5])
    })
  })

  it('is freed: what is under way goes on, and there is no other start', () => {
    simulate(2, { latency: 1 }, ({ comms, flush }) => {
      const made = comms.map((comm) => comm.allreduceInit(Float64Array.of(comm.rank), SUM, { into: f64(1) }))
      const requests = made.map((one) => one.start())
      for (const one of made) {
        one.free()
        one.free()
      }
      flush()
      expect(requests.map(({ value }) => value![0])).toEqual([1, 1])
      let error: Error | undefined
      made[0]!.start().subscribe({ error: (thrown) => (error = thrown) })
      expect(error).toBeInstanceOf(FreedError)
      expect(error!.message).toContain('allreduceInit, made at')
    })
  })

  it('is freed with its communicator', () => {
    simulate(2, { latency: 1 }, ({ ranks, flush }) => {
      const errors: string[] = []
      ranks((comm) =>
        comm.idup().pipe(
          tap((dup) => {
            const made: Persistent<unknown>[] = [dup.barrierInit(), dup.sendInit(f64(1), { dest: 0 }), dup.recvInit({ into: f64(1) })]
            const request = made[2]!.start()
            request.subscribe({ error: (error) => errors.push(error.name) })
            dup.free()
            for (const one of made) one.start().subscribe({ error: (error) => errors.push(error.name) })
          })
        )
      )
      flush()
      expect(errors).toEqual(new Array(8).fill('FreedError'))
    })
  })

  it('is told by the line of its start while it is active', () => {
    const run = (): unknown =>
      simulate(2, {}, ({ comms: [zero, one] }) => {
        one!.recvInit({ source: 0, tag: 3, into: f64(1) }).start()
        zero!.barrierInit().start()
      })
    expect(run).toThrow(/rank 1 waits in recv for rank 0, tag 3, at \S*persistent\.test\.ts/)
    expect(run).toThrow(/rank 0 waits in barrierInit\(\) for rank 1, at \S*persistent\.test\.ts/)
  })

  it('leaves nothing when it was not started', () => {
    simulate(2, {}, ({ comms }) => {
      for (const comm of comms) {
        comm.barrierInit()
        comm.recvInit({ into: f64(1) })
      }
    })
  })

  it('fails at each start when a rank has failed', () => {
    simulate(3, { latency: 1 }, ({ comms, fail, flush }) => {
      const [zero] = comms
      const made = comms.map((comm) => comm.barrierInit())
      const [send, receive] = [zero!.sendInit(f64(1), { dest: 2 }), zero!.recvInit({ source: 2, into: f64(1) })]
      const errors: unknown[] = []
      const watch = (persistent: Persistent<unknown>): void => {
        persistent.start().subscribe({ error: (error) => errors.push(error) })
      }
      for (const one of [made[0]!, made[1]!, receive]) watch(one)
      fail(2)
      flush()
      for (const one of [made[0]!, made[1]!, send, receive]) watch(one)
      flush()
      expect(errors).toHaveLength(7)
      for (const error of errors) expect(error).toBeInstanceOf(RankFailedError)
    })
  })

  it('can be started again after an error, whole', () => {
    simulate(3, { latency: 1 }, ({ comms, flush }) => {
      let isBad = false
      const op = createOp((a: Float64Array, b: Float64Array) => {
        if (isBad) throw new Error('boom')
        return a.map((value, k) => value + b[k]!)
      })
      const made = comms.map((comm) => comm.allreduceInit(Float64Array.of(comm.rank), op, { into: f64(1) }))
      const round = (): unknown[] => {
        const ends: unknown[] = []
        for (const [rank, one] of made.entries()) {
          one.start().subscribe({ next: ([value]) => (ends[rank] = value), error: (error) => (ends[rank] = error) })
        }
        flush()
        return ends
      }
      expect(round()).toEqual([3, 3, 3])
      isBad = true
      const errors = round()
      expect(errors.every((error) => error instanceof Error)).toBe(true)
      expect(errors.some((error) => error instanceof RemoteError)).toBe(true)
      isBad = false
      expect(round()).toEqual([3, 3, 3])
    })
  })

  it('finds its messages after more starts than there are tags, and after a failure so long ago', () => {
    simulate(2, { latency: 0 }, ({ comms, flush }) => {
      const abort = new AbortController()
      const own = comms.map(() => f64(1))
      const made = comms.map((comm, rank) => comm.allreduceInit(own[rank]!, SUM, { into: f64(1) }))
      const bad = comms.map((comm, rank) => comm.allreduceInit(own[rank]!, SUM, rank === 0 ? { signal: abort.signal } : {}))
      const ends: unknown[] = []
      for (const one of [bad[0]!, made[0]!]) one.start().subscribe({ error: (error) => ends.push(error) })
      flush()
      abort.abort()
      flush()
      bad[1]!.start().subscribe({ error: (error) => ends.push(error) })
      made[1]!.start().subscribe()
      flush()
      expect(ends[0]).toBeInstanceOf(AbortError)
      expect(ends[1]).toBeInstanceOf(RemoteError)
      for (let round = 1; round < 2 ** 14 + 3; round++) {
        // Who is first changes: messages come before the start and after it.
        for (const rank of round % 2 === 0 ? [0, 1] : [1, 0]) {
          own[rank]![0] = round
          made[rank]!.start()
          flush()
        }
        if (made.some(({ active }) => active)) throw new Error(`start ${round} has not ended`)
      }
    })
  })

  it('meets its like alone: another collective is a mismatch', () => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
      const errors: RxmpiError[] = []
      const request: Request<unknown> = one!.iallreduce(f64(1), SUM)
      for (const pending of [zero!.allreduceInit(f64(1), SUM).start() as Request<unknown>, request]) {
        pending.subscribe({ error: (error) => errors.push(error) })
      }
      flush()
      expect(errors).toHaveLength(2)
      for (const error of errors) expect(error).toBeInstanceOf(CollectiveMismatchError)
      expect(errors[0]!.message).toMatch(/rank 0: allreduceInit\(.*SUM\) at .*persistent\.test/)
    })
  })

  it('has its signal for every start', () => {
    simulate(1, {}, ({ comms: [comm] }) => {
      const abort = new AbortController()
      const receive = comm!.recvInit({ into: f64(1), signal: abort.signal })
      const errors: unknown[] = []
      receive.start().subscribe({ error: (error) => errors.push(error) })
      abort.abort()
      receive.start().subscribe({ error: (error) => errors.push(error) })
      expect(errors).toHaveLength(2)
      for (const error of errors) expect(error).toBeInstanceOf(AbortError)
    })
  })

  it('has nothing to do with PROC_NULL', () => {
    simulate(1, {}, ({ comms: [comm] }) => {
      const into = f64(1).fill(5)
      const [send, receive] = [comm!.sendInit(f64(1), { dest: PROC_NULL }), comm!.recvInit({ source: PROC_NULL, into })]
      for (const request of Persistent.startAll([send, receive, send].slice(0, 2))) expect(request.test()).toBe(true)
      expect(into[0]).toBe(5)
    })
  })

  it('fails, and can be started again, when what comes does not fit', () => {
    simulate(1, { latency: 1 }, ({ comms: [comm], flush }) => {
      const receive = comm!.recvInit({ into: f64(1) })
      const ends: unknown[] = []
      for (const data of [f64(2), Float64Array.of(6)]) {
        comm!.isend(data, { dest: 0 })
        receive.start().subscribe({ next: ([value]) => ends.push(value), error: (error) => ends.push(error) })
        flush()
      }
      expect(ends[0]).toBeInstanceOf(TruncationError)
      expect(ends[1]).toBe(6)
    })
  })

  it('finds that its memory has gone, or has changed its length', async () => {
    const [comm] = memoryWorld(1)
    const buffer = Reflect.construct(ArrayBuffer, [16, { maxByteLength: 32 }]) as ArrayBuffer
    const growing = new Float64Array(buffer)
    const send = comm!.sendInit(growing, { dest: 0 })
    const sum = comm!.allreduceInit(f64(2), SUM, { into: growing })
    ;(buffer as unknown as { resize(bytes: number): void }).resize(24)
    for (const one of [send, sum] as Persistent<unknown>[]) {
      const error = await one
        .start()
        .wait()
        .catch((thrown) => thrown)
      expect(error).toBeInstanceOf(CountError)
      expect((error as Error).message).toContain('it has 24 bytes, and had 16')
    }
    structuredClone(buffer, { transfer: [buffer] })
    for (const one of [send, sum] as Persistent<unknown>[]) {
      const error = await one
        .start()
        .wait()
        .catch((thrown) => thrown)
      expect(error).toBeInstanceOf(ArgumentError)
      expect((error as Error).message).toContain('detached')
    }
  })

  it('refuses bad arguments where it is made, and takes part in nothing', () => {
    simulate(2, { latency: 1 }, ({ comms, flush }) => {
      const comm = comms[0]!
      const a = f64(2)
      const bad: [() => unknown, new (message: string) => Error, string][] = [
        [() => comm.sendInit({} as never, { dest: 1 }), DatatypeError, 'data: a persistent call needs memory'],
        [() => comm.sendInit(a, { dest: 2 }), RankError, 'dest: 2'],
        [() => comm.sendInit(a, { dest: 1, tag: -3 }), TagError, 'tag: -3'],
        [() => comm.sendInit(a, { dest: 1, transfer: true } as never), ArgumentError, 'transfer: '],
        [() => comm.sendInit(a, 5 as never), ArgumentError, 'options: '],
        [() => comm.recvInit({} as never), DatatypeError, 'into: a persistent call needs memory'],
        [() => comm.recvInit({ into: a, source: 9 }), RankError, 'source: 9'],
        [() => comm.recvInit(undefined as never), ArgumentError, 'options: '],
        [() => comm.allreduceInit(5 as never, SUM), DatatypeError, 'data: a persistent call needs memory'],
        [() => comm.allreduceInit(a, SUM, { into: a.subarray(1) }), Error, 'into'],
        [() => comm.gatherInit(a, { into: f64(3) }), Error, 'into'],
        [() => comm.alltoallInit([1, 2] as never), DatatypeError, 'data[0]: a persistent call needs memory'],
        [() => comm.alltoallInit(f64(3)), CountError, 'data'],
        [() => comm.scatterInit(a, { into: a }), AliasError, 'into'],
        [() => comm.bcastInit(a, { root: 2 }), RankError, 'root: 2'],
        [() => comm.barrierInit(5 as never), ArgumentError, 'options: '],
        [() => comm.allreduceInit(a, SUM, { signal: AbortSignal.abort() }), AbortError, 'signal was aborted']
      ]
      for (const [make, type, message] of bad) {
        let error: RxmpiError | undefined
        try {
          make()
        } catch (thrown) {
          error = thrown as RxmpiError
        }
        expect(error).toBeInstanceOf(type)
        expect(error!.message).toContain(message)
        expect(error!.callSite).toContain('persistent.test.ts')
      }
      const requests = comms.map((one) => one.iallreduce(1, SUM))
      flush()
      expect(requests.map(({ value }) => value)).toEqual([2, 2])
    })
  })

  it('refuses lists that startAll cannot start as a whole', () => {
    simulate(1, { latency: 1 }, ({ comms: [comm], flush }) => {
      const [send, receive] = [comm!.sendInit(f64(1), { dest: 0 }), comm!.recvInit({ into: f64(1) })]
      expect(() => Persistent.startAll(send as never)).toThrow(/list: startAll expects an array/)
      expect(() => Persistent.startAll([send, 5 as never])).toThrow(/list\[1\]: startAll expects a persistent call, got 5/)
      expect(() => Persistent.startAll([send, send])).toThrow(RequestError)
      receive.start().subscribe()
      expect(() => Persistent.startAll([send, receive])).toThrow(RequestError)
      expect(send.active || comm!.iprobe() !== undefined).toBe(false)
      send.start()
      flush()
    })
  })
})

test('any order of starts, on any number of ranks, gives what plain calls give', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 3 }), { maxLength: 4 }),
      fc.integer(),
      (size, rounds, seed) => {
        simulate(size, { latency: 2, jitter: 5, seed }, ({ ranks, flush }) => {
          const sums: number[][] = []
          ranks((comm): Observable<unknown> => {
            const own = [0, 1, 2].map(() => f64(1))
            const made = own.map((one, k) => comm.allreduceInit(one, SUM, { into: f64(1), ...(k === 2 ? { algorithm: 'ring' } : {}) }))
            sums[comm.rank] = []
            return concat(
              ...rounds.map((chosen, round) =>
                defer(() => {
                  const set = [...new Set(chosen)]
                  if (comm.rank % 2 === 1) set.reverse()
                  return forkJoin(
                    set.map((k) => {
                      own[k]![0] = (k + 1) * (round + comm.rank)
                      return made[k]!.start().pipe(tap(([value]) => sums[comm.rank]!.push(value! / (k + 1))))
                    })
                  )
                })
              )
            )
          })
          flush()
          const expected = rounds.flatMap((chosen, round) => [...new Set(chosen)].map(() => size * round + (size * (size - 1)) / 2))
          for (const values of sums) expect(values).toEqual(expected)
        })
      }
    ),
    { numRuns: 60 }
  )
})
