import fc from 'fast-check'
import {
  concatMap,
  defer,
  EMPTY,
  forkJoin,
  ignoreElements,
  isObservable,
  map,
  merge,
  mergeMap,
  type Observable,
  range,
  take,
  tap,
  toArray
} from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../../src/constants.js'
import {
  AbortError,
  ArgumentError,
  CountError,
  DatatypeError,
  DeadlockError,
  FreedError,
  RankError,
  RankFailedError,
  RemoteError,
  RequestError,
  type RxmpiError,
  TagError
} from '../../src/errors.js'
import { struct, vector, view } from '../../src/layout/index.js'
import { Persistent } from '../../src/request/persistent.js'
import { simulate } from '../../testing/simulate.js'
import { below, results } from './collectives/binding.js'
import { bindings, onHosts } from './collectives/bindings.js'

const f64 = (length: number): Float64Array => new Float64Array(length)
const numbered = (length: number, by: number): Float64Array => Float64Array.from({ length }, (_, k) => 1000 * by + k)

/** What is said to be ready at once. */
type Saying = number | number[] | { from: number; to: number }

/** One partitioned transfer: how both ends cut the same elements, and in which order the sender says what. */
interface Transfer {
  readonly elements: number
  readonly out: number
  readonly inn: number
  readonly tag: number
  readonly sayings: readonly Saying[]
  readonly isColumn: boolean
}

/** All partitions below `count`, once each, in any order and in any groups. */
const sayingsOf = (count: number): fc.Arbitrary<Saying[]> =>
  fc
    .tuple(fc.shuffledSubarray(below(count), { minLength: count }), fc.array(fc.boolean(), { minLength: count, maxLength: count }))
    .map(([order, cuts]) => {
      const groups: number[][] = []
      for (const [k, one] of order.entries()) {
        if (k === 0 || cuts[k]) groups.push([one])
        else groups.at(-1)!.push(one)
      }
      return groups.map((group) => {
        if (group.length === 1) return group[0]!
        const isRun = group.every((one, k) => k === 0 || one === group[k - 1]! + 1)
        return isRun ? { from: group[0]!, to: group.at(-1)! + 1 } : group
      })
    })

const transfer: fc.Arbitrary<Transfer> = fc
  .record({ out: fc.integer({ min: 1, max: 12 }), inn: fc.integer({ min: 1, max: 12 }), times: fc.constantFrom(0, 1, 2, 7, 400) })
  .chain(({ out, inn, times }) =>
    fc.record({
      elements: fc.constant(out * inn * times),
      out: fc.constant(out),
      inn: fc.constant(inn),
      tag: fc.integer({ min: 0, max: 2 }),
      sayings: sayingsOf(out),
      isColumn: fc.boolean()
    })
  )

const memoryFor = ({ elements, isColumn }: Transfer) => (isColumn ? view(f64(2 * elements), vector(elements, 1, 2)) : f64(elements))
type Memory = ReturnType<typeof memoryFor>
const write = (memory: Memory, values: Float64Array): void => {
  if (memory instanceof Float64Array) memory.set(values)
  else memory.unpack(values)
}
const read = (memory: Memory): Float64Array => (memory instanceof Float64Array ? memory : memory.pack())
const isSame = (a: Float64Array, b: Float64Array): boolean => a.length === b.length && a.every((value, k) => value === b[k])

const ROUNDS = 3

/** Each rank sends all transfers to the next one, several times, and tells which of them were right. */
function ring(comm: Communicator, transfers: readonly Transfer[]): Observable<boolean> {
  const { rank, size } = comm
  const [left, right] = [(rank + size - 1) % size, (rank + 1) % size]
  const outs = transfers.map((one) => {
    const data = memoryFor(one)
    return { ...one, data, call: comm.psendInit(data, { dest: right, tag: one.tag, partitions: one.out }) }
  })
  const inns = transfers.map((one) => {
    const into = memoryFor(one)
    return { ...one, into, call: comm.precvInit({ source: left, tag: one.tag, into, partitions: one.inn }) }
  })
  const sayAll = (): void => {
    for (let k = 0; k < Math.max(...outs.map(({ sayings }) => sayings.length)); k++) {
      for (const { call, sayings } of outs) if (k < sayings.length) call.ready(sayings[k]!)
    }
  }
  const sayNow = (): Observable<never> => {
    sayAll()
    return EMPTY
  }
  const round = (by: number): Observable<boolean> => {
    for (const [k, { data, elements }] of outs.entries()) write(data, numbered(elements, 100 * by + 10 * rank + k))
    const requests = Persistent.startAll([...inns, ...outs].map(({ call }) => call as Persistent<unknown>))
    const arrivals = inns.map(({ call }) =>
      call.arrivals.pipe(
        map((part) => ({ part, has: call.arrived(part), values: (call.part(part) as Float64Array).slice() })),
        toArray()
      )
    )
    // Who subscribes later hears of those that have come first.
    if (by > 0) sayAll()
    const over = forkJoin([forkJoin(arrivals), forkJoin(requests)])
    return merge(over, by > 0 ? EMPTY : defer(sayNow)).pipe(
      map(([arrived]) =>
        inns.every(({ into, elements, inn, call }, k) => {
          const expected = numbered(elements, 100 * by + 10 * left + k)
          const length = elements / inn
          expect(isSame(read(into), expected)).toBe(true)
          expect(arrived[k]!.map(({ part }) => part).sort((a, b) => a - b)).toEqual(below(inn))
          for (const { part, has, values } of arrived[k]!) {
            expect([has, isSame(values, expected.subarray(part * length, (part + 1) * length))]).toEqual([true, true])
          }
          return below(inn).every((part) => call.arrived(part)) && !call.active
        })
      )
    )
  }
  return range(0, ROUNDS).pipe(concatMap((by) => defer(() => round(by))))
}

const places = [...bindings, ...onHosts]

describe.each(places)('partitioned sends over $name', (binding) => {
  test.each([1, 2, 3, 4, 5, 7, 8])('give what was cut as it was, however that is, on %i ranks', async (size) => {
    await fc.assert(
      fc.asyncProperty(fc.array(transfer, { minLength: 1, maxLength: 4 }), async (transfers) => {
        const outcomes = await results(binding, size, (comm) => ring(comm, transfers))
        for (const outcome of outcomes) expect(outcome).toEqual(new Array(ROUNDS).fill(true))
      }),
      { numRuns: size > 4 ? 6 : 15 }
    )
  })
})

/** The error of a call, or of the request or stream that it gives. */
function errorOf(call: () => unknown): RxmpiError | undefined {
  let error: RxmpiError | undefined
  try {
    const made = call()
    if (isObservable(made)) made.subscribe({ error: (thrown) => (error = thrown) })
  } catch (thrown) {
    error = thrown as RxmpiError
  }
  return error
}

describe('a partitioned send', () => {
  it('goes in parts, each when it is ready and the receiver has started', () => {
    simulate(2, { latency: 2 }, ({ comms: [zero, one], cold, expectObservable }) => {
      const out = zero!.psendInit(f64(4), { dest: 1, partitions: 4 })
      const inn = one!.precvInit({ source: 0, into: f64(4), partitions: 2 })
      expectObservable(cold('(s|)').pipe(mergeMap(() => out.start()))).toBe('----------(u|)', { u: undefined })
      expectObservable(
        cold('-a-b----c-(d|)', { a: 3, b: 2, c: 0, d: 1 }).pipe(
          tap((part: number) => out.ready(part)),
          ignoreElements()
        )
      ).toBe('----------|')
      expectObservable(
        cold('-----s').pipe(
          mergeMap(() => merge(inn.start().pipe(ignoreElements()), inn.arrivals)),
          take(2)
        )
      ).toBe('---------b--(a|)', { a: 0, b: 1 })
    })
  })

  it('of large partitions is not kept for a receiver that has not started', () => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush, traffic }) => {
      const [data, into] = [numbered(1e6, 1), f64(1e6)]
      const sent = zero!.psendInit(data, { dest: 1, partitions: 2 })
      const request = sent.start()
      sent.ready({ from: 0, to: 2 })
      flush()
      expect(traffic(0, 1).messages).toBe(0)
      const received = one!.precvInit({ source: 0, into, partitions: 1000 })
      received.start()
      expect(received.arrived(0)).toBe(false)
      flush()
      expect([request.settled, received.arrived(999), Buffer.from(into.buffer).equals(Buffer.from(data.buffer))]).toEqual([
        true,
        true,
        true
      ])
    })
  })

  it('meets the receive that was made as the same in order for peer and tag, and no other message', () => {
    simulate(3, { latency: 1 }, ({ comms: [zero, one, two], flush }) => {
      const made = [0, 1, 2].map((k) => zero!.psendInit(Float64Array.of(k), { dest: 1, tag: k === 1 ? 5 : 4, partitions: 1 }))
      const other = two!.psendInit(Float64Array.of(9), { dest: 1, tag: 4, partitions: 1 })
      const into = [4, 4, 5].map(() => f64(1))
      const inns = [4, 4, 5].map((tag, k) => one!.precvInit({ source: 0, tag, into: into[k]!, partitions: 1 }))
      const fromTwo = f64(1)
      const last = one!.precvInit({ source: 2, tag: 4, into: fromTwo, partitions: 1 })
      const plain = one!.irecv<number>({ tag: ANY_TAG, source: ANY_SOURCE })
      for (const call of [...inns, last]) call.start()
      for (const call of [...made, other].reverse()) {
        call.start()
        call.ready(0)
      }
      flush()
      expect(plain.settled).toBe(false)
      zero!.isend(77, { dest: 1, tag: 4 })
      flush()
      expect([...into.map(([value]) => value), fromTwo[0], plain.value]).toEqual([0, 2, 1, 9, 77])
    })
  })

  it('starts n-th with n-th, also where one end is far ahead', () => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
      const [data, into] = [Float64Array.of(0), f64(1)]
      const inn = one!.precvInit({ source: 0, into, partitions: 1 })
      inn.start()
      // Before there is a sender.
      flush()
      const out = zero!.psendInit(data, { dest: 1, partitions: 1 })
      for (let round = 1; round < 5; round++) {
        out.start()
        data[0] = round
        out.ready(0)
        flush()
        expect([into[0], inn.active, out.active]).toEqual([round, false, false])
        inn.start()
        flush()
      }
      out.start()
      out.ready([0])
    })
  })

  it('sends partitions that follow on each other in one message where they wait, and each by itself where none does', () => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush, traffic }) => {
      const [data, into] = [Float64Array.from({ length: 8 }, (_, k) => k), f64(8)]
      const out = zero!.psendInit(data, { dest: 1, partitions: 8 })
      const inn = one!.precvInit({ source: 0, into, partitions: 8 })
      const sent: number[] = []
      const send = (partitions: number[]): void => {
        const before = traffic(0, 1).messages
        for (const part of partitions) out.ready(part)
        flush()
        sent.push(traffic(0, 1).messages - before)
      }
      out.start()
      // Until the receiver starts they wait.
      send([0, 1, 2, 5, 6])
      const before = traffic(0, 1).messages
      inn.start()
      flush()
      sent.push(traffic(0, 1).messages - before)
      send([3, 4, 7])
      expect(sent).toEqual([0, 2, 3])
      expect([out.active, inn.active]).toEqual([false, false])
      expect(into).toEqual(data)
    })
  })

  it('takes views and records, and gives parts of them', () => {
    simulate(2, {}, ({ comms: [zero, one], flush }) => {
      const Pair = struct({ id: 'u8', value: 'f64' })
      const [records, others] = [Pair.allocate(6), Pair.allocate(6)]
      for (let k = 0; k < 6; k++) records.set(k, { id: k, value: k / 2 })
      const out = zero!.psendInit(records, { dest: 1, partitions: 6 })
      const inn = one!.precvInit({ source: 0, into: others, partitions: 2 })
      const bytes = one!.precvInit({ source: 0, into: new Uint8Array(8).buffer, partitions: 2 })
      zero!.psendInit(new DataView(new ArrayBuffer(8)), { dest: 1, partitions: 1 })
      inn.start()
      out.start()
      out.ready([5, 4, 3])
      flush()
      expect(inn.part(1).toArray()).toEqual([3, 4, 5].map((id) => ({ id, value: id / 2 })))
      expect([inn.arrived(0), inn.arrived(1)]).toEqual([false, true])
      out.ready({ from: 0, to: 3 })
      flush()
      expect(others.toArray()).toEqual(records.toArray())
      expect(bytes.part(1)).toEqual(new Uint8Array(4))
      expect(bytes.part(1).byteOffset).toBe(4)
    })
  })

  it('to nobody, and from nobody, is complete when all is ready, and at once', () => {
    simulate(1, {}, ({ comms: [zero] }) => {
      const out = zero!.psendInit(f64(2), { dest: PROC_NULL, partitions: 2 })
      const inn = zero!.precvInit({ source: PROC_NULL, into: f64(2).fill(1), partitions: 2 })
      const request = out.start()
      out.ready(1)
      expect(request.settled).toBe(false)
      out.ready(0)
      const received = inn.start()
      expect([request.settled, received.settled, received.value, received.status!.source]).toEqual([true, true, undefined, PROC_NULL])
    })
  })

  it('refuses what is bad where it is made', () => {
    simulate(2, {}, ({ comms: [zero] }) => {
      const into = f64(6)
      const bad: [typeof ArgumentError | typeof CountError, () => unknown][] = [
        [RankError, () => zero!.psendInit(into, { dest: 2, partitions: 1 })],
        [TagError, () => zero!.psendInit(into, { dest: 1, tag: -1, partitions: 1 })],
        [CountError, () => zero!.psendInit(into, { dest: 1, partitions: 4 })],
        [CountError, () => zero!.psendInit(into, { dest: 1, partitions: 0 })],
        [CountError, () => zero!.psendInit(into, { dest: 1, partitions: 1.5 })],
        [CountError, () => zero!.psendInit(into, { dest: 1 } as never)],
        [ArgumentError, () => zero!.psendInit(into, undefined as never)],
        [ArgumentError, () => zero!.psendInit(into, { dest: 1, partitions: 1, signal: 1 as never })],
        [DatatypeError, () => zero!.psendInit({ a: 1 } as never, { dest: 1, partitions: 1 })],
        [RankError, () => zero!.precvInit({ source: ANY_SOURCE, into, partitions: 1 })],
        [RankError, () => zero!.precvInit({ into, partitions: 1 } as never)],
        [TagError, () => zero!.precvInit({ source: 1, tag: ANY_TAG, into, partitions: 1 })],
        [CountError, () => zero!.precvInit({ source: 1, into, partitions: 5 })],
        [DatatypeError, () => zero!.precvInit({ source: 1, partitions: 5 } as never)]
      ]
      for (const [kind, call] of bad) {
        const error = errorOf(call)
        expect(error).toBeInstanceOf(kind)
        expect(error!.callSite).toContain('partitioned.test.ts')
      }
    })
  })

  it('refuses partitions that there are not, that are ready, or whose start there was not, with both lines', () => {
    simulate(2, { leaks: 'ignore' }, ({ comms: [zero, one], flush }) => {
      const out = zero!.psendInit(f64(4), { dest: 1, partitions: 4 })
      const inn = one!.precvInit({ source: 0, into: f64(4), partitions: 4 })
      const notStarted = [errorOf(() => out.ready(0)), errorOf(() => inn.arrivals)]
      for (const error of notStarted) {
        expect(error).toBeInstanceOf(RequestError)
        expect(error!.message).toMatch(/Init, made at \S*partitioned\.test\.ts:\d+:\d+, has not been started; call start first/)
        expect(error!.callSite).toContain('partitioned.test.ts')
      }
      expect(inn.arrived(0)).toBe(false)
      out.start()
      inn.start()
      for (const none of [-1, 4, 0.5, Number.NaN, [0, 4], { from: 0, to: 5 }, { from: 2, to: 1 }, { from: 0 }] as never[]) {
        expect(errorOf(() => out.ready(none))).toBeInstanceOf(CountError)
      }
      for (const none of ['0', null, undefined] as never[]) expect(errorOf(() => out.ready(none))).toBeInstanceOf(ArgumentError)
      for (const none of [-1, 4, 0.5]) {
        expect(errorOf(() => inn.arrived(none))).toBeInstanceOf(CountError)
        expect(errorOf(() => inn.part(none))).toBeInstanceOf(CountError)
      }
      out.ready(2)
      for (const twice of [2, [1, 2], { from: 0, to: 4 }, [1, 1], [3, 1, 3]]) {
        const error = errorOf(() => out.ready(twice))
        expect(error).toBeInstanceOf(RequestError)
        expect(error!.callSite).toContain('partitioned.test.ts')
      }
      expect(errorOf(() => out.ready(2))!.message).toMatch(
        /partition 2 of this psendInit, made at \S*partitioned\.test\.ts:\d+:\d+, is ready already, it was said at \S*partitioned\.test\.ts/
      )
      const again = errorOf(() => out.start())
      expect(again).toBeInstanceOf(RequestError)
      expect(again!.message).toMatch(/psendInit, made at .*, is active, started at /)
      // Nothing has been lost by all that.
      out.ready([0, 1])
      out.ready(3)
      flush()
      expect([inn.active, out.active]).toEqual([false, false])
      expect(errorOf(() => out.ready(0))).toBeInstanceOf(RequestError)
    })
  })

  it('that meets another length or type fails at both ends, at each start', () => {
    const pairs: [Float64Array | Int32Array, typeof CountError][] = [
      [f64(6), CountError],
      [new Int32Array(8), DatatypeError]
    ]
    for (const [into, kind] of pairs) {
      simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
        const out = zero!.psendInit(f64(4), { dest: 1, partitions: 4 })
        const inn = one!.precvInit({ source: 0, into, partitions: 2 })
        for (let round = 0; round < 2; round++) {
          const errors: RxmpiError[] = []
          for (const call of [out, inn] as Persistent<unknown>[]) call.start().subscribe({ error: (error) => errors.push(error) })
          out.ready(1)
          flush()
          expect(errors).toHaveLength(2)
          for (const error of errors) {
            expect(error).toBeInstanceOf(kind)
            expect(error.message).toMatch(/made at \S*partitioned\.test\.ts/)
            expect(error.callSite).toContain('partitioned.test.ts')
          }
        }
      })
    }
  })

  it('is freed: a start under way goes on, and there is no other', () => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
      const [out, inn] = [
        zero!.psendInit(Float64Array.of(1, 2), { dest: 1, partitions: 2 }),
        one!.precvInit({ source: 0, into: f64(2), partitions: 1 })
      ]
      const received = inn.start()
      out.start()
      for (const call of [out, inn]) call.free()
      flush()
      out.ready([1, 0])
      flush()
      expect(Array.from(received.value!)).toEqual([1, 2])
      for (const call of [out, inn]) expect(errorOf(() => call.start())).toBeInstanceOf(FreedError)
    })
  })

  it('fails where the other rank does, and then at once', () => {
    simulate(2, { latency: 1, leaks: 'ignore' }, ({ comms: [zero, one], flush, fail }) => {
      const [data, into] = [f64(4), f64(4)]
      const calls = [
        zero!.psendInit(data, { dest: 1, partitions: 2 }),
        zero!.precvInit({ source: 1, into, partitions: 2 })
      ] as Persistent<unknown>[]
      const errors: Error[] = []
      for (const call of calls) call.start().subscribe({ error: (error) => errors.push(error) })
      void one
      flush()
      fail(1)
      flush()
      for (const call of calls) call.start().subscribe({ error: (error) => errors.push(error) })
      expect(errors).toHaveLength(4)
      for (const error of errors) expect(error).toBeInstanceOf(RankFailedError)
      // What the program says meanwhile is no fault of its.
      expect(errorOf(() => (calls[0] as ReturnType<Communicator['psendInit']>).ready(0))).toBeUndefined()
    })
  })

  it('is given up with its signal: the receiver hears of it, whichever has started first', () => {
    for (const hasStarted of [true, false]) {
      simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
        const controller = new AbortController()
        const [data, into] = [f64(2), f64(2)]
        const out = zero!.psendInit(data, { dest: 1, partitions: 2, signal: controller.signal })
        const inn = one!.precvInit({ source: 0, into, partitions: 2 })
        const errors: Error[] = []
        out.start().subscribe({ error: (error) => errors.push(error) })
        const receive = (): void => void inn.start().subscribe({ error: (error) => errors.push(error) })
        if (hasStarted) receive()
        flush()
        out.ready(1)
        controller.abort()
        flush()
        if (!hasStarted) receive()
        flush()
        expect(errors.map(({ name }) => name)).toEqual(['AbortError', 'RemoteError'])
        expect(errors[1]).toBeInstanceOf(RemoteError)
        expect(errorOf(() => out.start())).toBeInstanceOf(AbortError)
      })
    }
  })

  it('goes into nothing where the receive was given up, and the next start gets its own', () => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
      const controller = new AbortController()
      const [data, into] = [Float64Array.of(1, 1), f64(2)]
      const out = zero!.psendInit(data, { dest: 1, partitions: 2 })
      const first = one!.precvInit({ source: 0, into, partitions: 1, signal: controller.signal })
      const request = first.start()
      request.subscribe({ error: () => undefined })
      out.start()
      flush()
      out.ready(0)
      controller.abort()
      flush()
      out.ready(1)
      flush()
      expect([out.active, request.failed, Array.from(into)]).toEqual([false, true, [0, 0]])
    })
  })

  it('that waits for ever is told with what it waits for, at the line of its start', () => {
    const report = (test: Parameters<typeof simulate>[2]): string => {
      try {
        simulate(2, {}, test)
      } catch (error) {
        expect(error).toBeInstanceOf(DeadlockError)
        return (error as Error).message
      }
      return ''
    }
    const unready = report(({ comms: [zero, one] }) => {
      const out = zero!.psendInit(f64(4), { dest: 1, tag: 3, partitions: 4 })
      out.start()
      out.ready([0, 3])
      one!.precvInit({ source: 0, tag: 3, into: f64(4), partitions: 2 }).start()
    })
    expect(unready).toMatch(/rank 0 waits in psend for partition 1 and 1 more to be ready, to rank 1, tag 3, at \S*partitioned\.test\.ts/)
    expect(unready).toMatch(/rank 1 waits in precv for partition 0 and 1 more of rank 0, tag 3, at \S*partitioned\.test\.ts/)
    const alone = report(({ comms: [zero] }) => {
      const out = zero!.psendInit(f64(4), { dest: 1, tag: 3, partitions: 4 })
      out.start()
      out.ready({ from: 0, to: 4 })
    })
    expect(alone).toMatch(/rank 0 waits in psend for rank 1 to start its precv, tag 3, at \S*partitioned\.test\.ts/)
  })
})
