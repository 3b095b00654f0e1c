import fc from 'fast-check'
import {
  concat,
  defer,
  from,
  NEVER,
  type Observable,
  of,
  repeat,
  retry,
  Subscriber,
  type Subscription,
  switchMap,
  take,
  throwError,
  timer
} from 'rxjs'
import { broadcastTo, mergeFrom, partitionTo, pull, receiveFrom, ref, sendTo, watermark } from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { ArgumentError, FreedError } from '../../src/errors.js'
import { FIRST, MAX_CALLS, MAX_SUBSCRIPTIONS } from '../../src/stream/control-messages.js'
import { simulate } from '../../testing/index.js'
import { Network } from './network.js'

type End = 'complete' | 'error' | 'never'

/** One subscription of an operator, on one end, at a time. */
interface Subscribing {
  readonly at: number
  /** Which of the two operators of its end. */
  readonly operator: number
  /** Milliseconds until it is unsubscribed; it never is, or at once. */
  readonly leaves: number | undefined
}
interface Writing extends Subscribing {
  readonly length: number
  readonly end: End
  readonly pulled: boolean
}
interface Reading extends Subscribing {
  readonly take: number | undefined
}

const subscribing = {
  at: fc.nat(12),
  operator: fc.nat(1),
  leaves: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.nat(8))
}
const writing: fc.Arbitrary<Writing> = fc.record({
  ...subscribing,
  length: fc.nat(40),
  end: fc.constantFrom<End>('complete', 'error', 'never'),
  pulled: fc.boolean()
})
const reading: fc.Arbitrary<Reading> = fc.record({
  ...subscribing,
  take: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.integer({ min: 1, max: 20 }))
})

interface Log {
  readonly values: string[]
  end: 'complete' | 'error' | 'open' | 'left'
}

/**
 * Subscriptions in the order of their times, and one more of each operator of an end that has fewer than the other, which leaves at once.
 */
function paired(writings: readonly Writing[], readings: readonly Reading[]): [Writing[], Reading[]] {
  const by = (a: Subscribing, b: Subscribing) => a.at - b.at
  const lists: [Writing[], Reading[]] = [[...writings].sort(by), [...readings].sort(by)]
  for (const operator of [0, 1]) {
    const [w, r] = lists.map((list) => (list as Subscribing[]).filter((one) => one.operator === operator).length) as [number, number]
    const last = { at: 100, operator, leaves: 0 }
    for (let k = w; k < r; k++) lists[0].push({ ...last, length: 0, end: 'complete', pulled: false })
    for (let k = r; k < w; k++) lists[1].push({ ...last, take: undefined })
  }
  return lists
}

/** The reference: the k-th subscription of an operator has what the k-th of its fellow sends, and no other's. */
function check(written: readonly Log[], read: readonly Log[], writings: readonly Writing[], readings: readonly Reading[]): void {
  for (const [k, reader] of read.entries()) {
    const [writer, how] = [written[k]!, writings[k]!]
    expect(reader.values).toEqual(writer.values.slice(0, reader.values.length))
    if (reader.end === 'left') continue
    const { take: wanted } = readings[k]!
    if (wanted !== undefined && reader.values.length === wanted) {
      expect(reader.end).toBe('complete')
      continue
    }
    expect(reader.values).toEqual(writer.values)
    const end = writer.end === 'left' ? 'complete' : how.end === 'never' ? 'open' : how.end
    expect(reader.end).toBe(end)
  }
  for (const [k, { end }] of written.entries()) if (['left', 'complete'].includes(read[k]!.end)) expect(end).not.toBe('open')
}

describe('the n-th subscription of an operator meets the n-th of its fellow', () => {
  it('whatever comes when on either end, ends how, and leaves where', () => {
    const lists = { maxLength: 8 }
    fc.assert(
      fc.property(
        fc.array(writing, lists),
        fc.array(reading, lists),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(1000),
        (w, r, prefetch, seed) => {
          const [writings, readings] = paired(w, r)
          const open: Subscription[] = []
          simulate(2, { latency: 1, jitter: 3, seed }, ({ comms, flush, ...helpers }) => {
            const [zero, one] = comms as [(typeof comms)[0], (typeof comms)[0]]
            const out = [0, 1].map(() => sendTo<string>(zero, { dest: 1 }))
            const into = [0, 1].map(() => receiveFrom<string>(one, { source: 0, prefetch }))
            const written: Log[][] = [[], []]
            const read: Log[][] = [[], []]
            const observe = (observable: Observable<string>, logs: Log[], leaves: number | undefined): void => {
              const log: Log = { values: [], end: 'open' }
              logs.push(log)
              const subscription = observable.subscribe({
                next: (value) => log.values.push(value),
                error: () => (log.end = 'error'),
                complete: () => (log.end = 'complete')
              })
              const leave = (): void => {
                if (!subscription.closed) log.end = 'left'
                subscription.unsubscribe()
              }
              if (leaves === 0) leave()
              else if (leaves !== undefined) later(leaves, leave)
              open.push(subscription)
            }
            const later = (ms: number, act: () => void): void =>
              void helpers
                .cold(`${'-'.repeat(ms)}a`)
                .pipe(take(1))
                .subscribe(act)
            writings.forEach(({ at, operator, leaves, length, end, pulled }, k) => {
              later(at, () => {
                const values = Array.from({ length }, (_, n) => `${k}: ${n}`)
                const rest = { complete: of<string>(), error: throwError(() => new Error(`${k}`)), never: NEVER }[end]
                observe(out[operator]!(concat(pulled ? pull(values) : from(values), rest)), written[operator]!, leaves)
              })
            })
            readings.forEach(({ at, operator, leaves, take: wanted }) => {
              later(at, () => observe(wanted === undefined ? into[operator]! : into[operator]!.pipe(take(wanted)), read[operator]!, leaves))
            })
            flush()
            for (const operator of [0, 1]) {
              const of = <S extends Subscribing>(list: readonly S[]): S[] => list.filter((one) => one.operator === operator)
              check(written[operator]!, read[operator]!, of(writings), of(readings))
            }
            for (const subscription of open) subscription.unsubscribe()
            flush()
            expect(comms.map(({ channels }) => channels.open)).toEqual([0, 0])
          })
        }
      ),
      { numRuns: 300 }
    )
  })

  it.each([0, 7])('with retry on both ends, one of them %s ms late', (late) => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
      const got: unknown[] = []
      let [attempts, subscriptions] = [0, 0]
      const source = defer(() => (attempts++ < 3 ? throwError(() => new Error('not yet')) : of('a', 'b')))
      source.pipe(sendTo(zero!, { dest: 1 }), retry(5)).subscribe()
      const received = receiveFrom(one!, { source: 0 })
      const counted = defer(() => {
        subscriptions++
        return received
      })
      timer(late)
        .pipe(switchMap(() => counted.pipe(retry(5))))
        .subscribe({ next: (value) => got.push(value), complete: () => got.push('end') })
      flush()
      expect([attempts, subscriptions]).toEqual([4, 4])
      expect(got).toEqual(['a', 'b', 'end'])
    })
  })

  it('with repeat on both ends, and with a switchMap that subscribes again', () => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush, cold }) => {
      const got: unknown[] = []
      const send = sendTo<string>(zero!, { dest: 1 })
      cold('a---b---c|')
        .pipe(
          switchMap((letter) => concat(of(`${letter}1`, `${letter}2`), NEVER).pipe(send)),
          take(6)
        )
        .subscribe()
      receiveFrom(one!, { source: 0 })
        .pipe(repeat(3))
        .subscribe({ next: (value) => got.push(value), complete: () => got.push('end') })
      flush()
      expect(got).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2', 'end'])
    })
  })

  it('counting those that were left before they began', () => {
    const network = new Network(2)
    const [zero, one] = network.worlds
    const gone = (): Subscriber<unknown> => {
      const subscriber = new Subscriber<unknown>()
      subscriber.unsubscribe()
      return subscriber
    }
    sendTo(zero!, { dest: 1 })(NEVER).subscribe(gone())
    receiveFrom(one!, { source: 0 }).subscribe(gone())
    partitionTo(zero!, () => 0, { tag: 1 })(NEVER).subscribe(gone())
    partitionTo(one!, () => 0, { tag: 1 })(NEVER).subscribe(gone())
    network.settle()
    expect(network.worlds.map(({ channels }) => channels.open)).toEqual([0, 0])
    expect(network.wires.map(({ held }) => held)).toEqual([0, 0])
  })

  it.each<[string, (comm: Communicator, options: { signal?: AbortSignal }) => Observable<unknown>, string]>([
    ['mergeFrom', (comm, options) => mergeFrom(comm, { sources: [0], ...options }), 'complete'],
    ['receiveFrom', (comm, options) => receiveFrom(comm, { source: 0, ...options }), 'complete'],
    ['sendTo', (comm, options) => sendTo(comm, { dest: 0, ...options })(NEVER), 'RemoteError'],
    ['broadcastTo', (comm, options) => broadcastTo(comm, { dests: [0], ...options })(NEVER), 'RemoteError'],
    ['partitionTo', (comm, options) => partitionTo(comm, () => 0, options)(NEVER), 'RemoteError'],
    ['watermark', (comm, options) => watermark<number>(comm, { time: (at) => at, ...options })(NEVER), 'RemoteError']
  ])('counting those that were aborted at once: %s', (name, subscribing, expected) => {
    const network = new Network(2)
    const [zero, one] = network.worlds
    const heard: string[] = []
    const log = { error: ({ name }: Error) => void heard.push(name), complete: () => void heard.push('complete') }
    const fellow = {
      mergeFrom: () => sendTo(zero!, { dest: 1 })(NEVER),
      receiveFrom: () => sendTo(zero!, { dest: 1 })(NEVER),
      sendTo: () => receiveFrom(zero!, { source: 1 }),
      broadcastTo: () => receiveFrom(zero!, { source: 1 })
    }[name as string]
    ;(fellow?.() ?? subscribing(zero!, {})).subscribe(log)
    subscribing(one!, { signal: AbortSignal.abort() }).subscribe({ error: () => undefined })
    network.settle()
    expect(heard).toEqual([expected])
    expect(network.wires.map(({ held }) => held)).toEqual([0, 0])
    expect(network.worlds.map(({ channels }) => channels.open)).toEqual([0, 0])
  })

  it('also when the communicator was freed before', () => {
    const network = new Network(2)
    const [zero] = network.communicators(8, 'own')
    const heard: unknown[] = []
    const operators = [receiveFrom(zero!, { source: 1 }), sendTo(zero!, { dest: 1 })(NEVER)]
    zero!.core.release()
    for (const operator of operators) operator.subscribe({ error: (error) => heard.push(error) })
    expect(heard).toEqual([expect.any(FreedError), expect.any(FreedError)])
    expect(network.wires[0]!.held).toBe(0)
  })
})

describe('numbers at their ends', () => {
  afterEach(() => Object.assign(FIRST, { call: 0, subscription: 0, ref: 0 }))

  const exchanged = (
    times: number,
    operators: (k: number) => { out: (values: number[]) => Observable<number>; into: Observable<unknown> }
  ) => {
    const got: unknown[] = []
    for (let k = 0; k < times; k++) {
      const { out, into } = operators(k)
      out([k]).subscribe()
      into.subscribe((value) => got.push(value))
    }
    return got
  }

  it('of calls: the last one works, and one more is refused', () => {
    FIRST.call = MAX_CALLS - 3
    const network = new Network(2)
    const [zero, one] = network.worlds
    const got = exchanged(3, () => ({ out: sendTo(zero!, { dest: 1 }), into: receiveFrom(one!, { source: 0 }) }))
    network.settle()
    expect(got).toEqual([0, 1, 2])
    expect(() => sendTo(zero!, { dest: 1 })).toThrow(ArgumentError)
    expect(() => receiveFrom(one!, { source: 0 })).toThrow(ArgumentError)
  })

  it('of subscriptions: they go round', () => {
    FIRST.subscription = MAX_SUBSCRIPTIONS - 3
    const network = new Network(2)
    const [zero, one] = network.worlds
    const [out, into] = [sendTo<number>(zero!, { dest: 1 }), receiveFrom(one!, { source: 0 })]
    const got = exchanged(6, () => ({ out, into }))
    network.settle()
    expect(got).toEqual([0, 1, 2, 3, 4, 5])
    expect(network.worlds.map(({ channels }) => channels.open)).toEqual([0, 0])
  })

  it('of subscriptions: one that would meet itself, still alive, is refused, and comes when that is over', () => {
    const network = new Network(2)
    const [zero, one] = network.worlds
    const send = sendTo(zero!, { dest: 1 })
    const first = receiveFrom(one!, { source: 0 })
    for (let k = 0; k < MAX_SUBSCRIPTIONS; k++) send([k]).subscribe()
    const errors: unknown[] = []
    send(['too many']).subscribe({ error: (error) => errors.push(error) })
    expect(errors).toEqual([expect.any(ArgumentError)])
    const got: unknown[] = []
    const read = (): unknown => first.subscribe((value) => got.push(value))
    read()
    network.settle()
    send(['again']).subscribe()
    for (let k = 0; k < MAX_SUBSCRIPTIONS; k++) read()
    network.settle()
    expect(got.length).toBe(MAX_SUBSCRIPTIONS + 1)
    expect(got.at(-1)).toBe('again')
  })

  it('of refs: they go round', () => {
    FIRST.ref = 2 ** 31 - 1
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
      const got: unknown[] = []
      for (const text of ['last', 'first', 'second']) zero!.isend(ref(of(text)), { dest: 1 })
      for (let k = 0; k < 3; k++)
        one!.irecv<Observable<string>>({ source: 0 }).subscribe((stream) => stream.subscribe((value) => got.push(value)))
      flush()
      expect(got).toEqual(['last', 'first', 'second'])
    })
  })
})
