import { concat, defer, firstValueFrom, forkJoin, merge, of, race, Subject, type Subscriber, takeUntil, toArray, zip } from 'rxjs'
import { ArgumentError, RxmpiError } from '../../src/errors.js'
import { Request } from '../../src/request/request.js'
import type { Status } from '../../src/request/status.js'

/** A request that a test completes. */
class Operation<T> extends Request<T> {
  status: Status | undefined
  polls = 0
  /** What has come and shows at the next poll. */
  arrived: { value: T } | undefined
  emissions = 0

  constructor() {
    super(undefined)
  }

  done(value: T): this {
    this.complete(value)
    return this
  }

  failing(error: Error = boom): this {
    this.look()
    this.fail(error)
    return this
  }

  override emitTo(subscriber: Subscriber<T>): void {
    this.emissions++
    super.emitTo(subscriber)
  }

  protected poll(): void {
    this.polls++
    if (this.arrived !== undefined) this.complete(this.arrived.value)
  }

  protected inContext(error: Error): Error {
    return error
  }
}

const boom = new RxmpiError('boom')

const pending = <T>(): Operation<T> => new Operation<T>()
const done = <T>(value: T): Operation<T> => new Operation<T>().done(value)
const failed = <T>(error?: Error): Operation<T> => new Operation<T>().failing(error)

/** What a subscriber is told. */
function record<T>(request: Request<T>): unknown[] {
  const events: unknown[] = []
  request.subscribe({ next: (value) => events.push(value), error: (error) => events.push(error), complete: () => events.push('complete') })
  return events
}

describe('one request', () => {
  test('emits its value once and completes', () => {
    const request = pending<number>()
    const events = record(request)
    expect(events).toEqual([])
    request.done(7)
    expect(events).toEqual([7, 'complete'])
    request.done(8)
    expect(events).toEqual([7, 'complete'])
  })

  test('replays to those who subscribe late, and to each of several', () => {
    const request = pending<number>()
    const early = record(request)
    request.done(7)
    expect([early, record(request), record(request)]).toEqual(new Array(3).fill([7, 'complete']))
  })

  test('loses nothing when everybody unsubscribes', async () => {
    const request = pending<number>()
    request.subscribe().unsubscribe()
    const stop = new Subject<void>()
    request.pipe(takeUntil(stop)).subscribe()
    stop.next()
    request.done(7)
    expect(record(request)).toEqual([7, 'complete'])
    expect(await request.wait()).toBe(7)
  })

  test('a send emits undefined, once', () => {
    expect(record(done<void>(undefined))).toEqual([undefined, 'complete'])
  })

  test('wait gives the value before and after it is complete, as often as asked', async () => {
    const request = pending<string>()
    const before = request.wait()
    request.done('a')
    expect(await Promise.all([before, request.wait(), request.wait()])).toEqual(['a', 'a', 'a'])
  })

  test('test polls until it is complete, and then no more', () => {
    const request = pending<number>()
    expect(request.test()).toBe(false)
    expect(request.value).toBeUndefined()
    request.arrived = { value: 7 }
    expect(request.test()).toBe(true)
    expect(request.value).toBe(7)
    expect(request.test()).toBe(true)
    expect(request.polls).toBe(2)
  })

  test('a failure reaches wait and every subscriber, early and late', async () => {
    const request = pending<number>()
    const early = record(request)
    const waiting = request.wait()
    request.failing()
    expect([early, record(request)]).toEqual([[boom], [boom]])
    await expect(waiting).rejects.toBe(boom)
    await expect(request.wait()).rejects.toBe(boom)
    expect(request.test()).toBe(true)
    expect(request.value).toBeUndefined()
  })

  test('the first outcome stays', () => {
    const request = failed<number>().done(7)
    expect(record(request)).toEqual([boom])
    expect(record(done(7).failing())).toEqual([7, 'complete'])
  })

  test('cancel says false for what cannot be withdrawn', () => {
    expect(pending().cancel()).toBe(false)
    expect(done(7).cancel()).toBe(false)
  })

  test('a thing that subscribes to a request while it completes gets the value, too', () => {
    const request = pending<number>()
    const events: unknown[] = []
    request.subscribe(() => events.push(...record(request)))
    request.done(7)
    expect(events).toEqual([7, 'complete'])
  })

  test('subscriptions that come and go leave nothing behind', () => {
    const request = pending<number>()
    for (let k = 0; k < 100; k++) request.subscribe().unsubscribe()
    request.subscribe()
    request.done(7)
    expect(request.emissions).toBe(1)
  })

  test('is made by a communicator only', () => {
    // @ts-expect-error: the constructor is not public
    expect(() => new Request()).toBeDefined()
  })
})

describe('with the operators of RxJS', () => {
  test('forkJoin waits for all', async () => {
    const requests = [pending<number>(), done(2), pending<number>()]
    const all = firstValueFrom(forkJoin(requests))
    requests[2].done(3)
    requests[0].done(1)
    expect(await all).toEqual([1, 2, 3])
    expect(await firstValueFrom(forkJoin({ sent: done<void>(undefined), got: done('b') }))).toEqual({ sent: undefined, got: 'b' })
  })

  test('race gives the first, and the others keep theirs', async () => {
    const [slow, fast] = [pending<string>(), pending<string>()]
    const first = firstValueFrom(race(slow, fast))
    fast.done('fast')
    expect(await first).toBe('fast')
    slow.done('slow')
    expect(await slow.wait()).toBe('slow')
  })

  test('zip and merge give all, merge in order of completion', async () => {
    const [a, b] = [pending<string>(), pending<string>()]
    const zipped = firstValueFrom(zip(a, b))
    const merged = firstValueFrom(merge(a, b).pipe(toArray()))
    b.done('b')
    a.done('a')
    expect(await zipped).toEqual(['a', 'b'])
    expect(await merged).toEqual(['b', 'a'])
  })

  test('a persistent request is made anew by each subscription', async () => {
    let count = 0
    const persistent = defer(() => done(++count))
    expect(await firstValueFrom(concat(persistent, persistent, of('end')).pipe(toArray()))).toEqual([1, 2, 'end'])
  })
})

describe('waitAll', () => {
  test('gives all values in the order of the requests', async () => {
    const requests = [pending<number>(), done(2)]
    const all = Request.waitAll(requests)
    requests[0].done(1)
    expect(await all).toEqual([1, 2])
  })

  test('rejects with the first failure in time', async () => {
    const [early, late] = [pending<number>(), pending<number>()]
    const all = Request.waitAll([late, early])
    early.failing(new RxmpiError('early'))
    late.failing(new RxmpiError('late'))
    await expect(all).rejects.toThrow('early')
  })

  test('of nothing is []', async () => {
    expect(await Request.waitAll([])).toEqual([])
  })
})

describe('waitAny', () => {
  test('gives the first that completes with its index', async () => {
    const requests = [pending<string>(), pending<string>(), pending<string>()]
    const any = Request.waitAny(requests)
    requests[2].done('c')
    expect(await any).toEqual([2, 'c'])
  })

  test('ties give the lowest index', async () => {
    expect(await Request.waitAny([pending<string>(), done('b'), done('c')])).toEqual([1, 'b'])
  })

  test('a loop takes each out of its list until none is left', async () => {
    const list = ['a', 'b', 'c'].map((value) => done(value))
    const seen: string[] = []
    while (list.length > 0) {
      const [index, value] = await Request.waitAny(list)
      list.splice(index, 1)
      seen.push(value)
    }
    expect(seen).toEqual(['a', 'b', 'c'])
  })

  test('rejects with the first failure, and on an empty list', async () => {
    await expect(Request.waitAny([pending<number>(), failed<number>()])).rejects.toBe(boom)
    await expect(Request.waitAny([])).rejects.toThrow(ArgumentError)
  })

  test('leaves nothing behind in requests that go on waiting', async () => {
    const waiting = pending<number>()
    let listening = 0
    const onSettled = waiting.onSettled.bind(waiting)
    waiting.onSettled = (listener) => {
      const stop = onSettled(listener)
      listening++
      return () => {
        listening--
        stop()
      }
    }
    for (let k = 0; k < 10; k++) {
      const next = pending<number>()
      const any = Request.waitAny([waiting, next])
      next.done(k)
      expect(await any).toEqual([1, k])
    }
    expect(listening).toBe(0)
  })
})

describe('waitSome', () => {
  test('gives all that are complete once one is', async () => {
    const requests = [pending<string>(), pending<string>(), pending<string>()]
    const some = Request.waitSome(requests)
    requests[2].done('c')
    requests[0].done('a')
    expect(await some).toEqual([
      [0, 'a'],
      [2, 'c']
    ])
  })

  test('rejects with a failure; of nothing is []', async () => {
    await expect(Request.waitSome([done(1), failed<number>()])).rejects.toBe(boom)
    expect(await Request.waitSome([])).toEqual([])
  })
})

describe('testAll, testAny, testSome', () => {
  test('say what is complete now, and poll each that is not', () => {
    const [a, b] = [pending<string>(), pending<string>()]
    expect([Request.testAll([a, b]), Request.testAny([a, b]), Request.testSome([a, b])]).toEqual([false, undefined, []])
    expect(Math.min(a.polls, b.polls)).toBeGreaterThanOrEqual(3)
    b.arrived = { value: 'b' }
    expect([Request.testAll([a, b]), Request.testAny([a, b]), Request.testSome([a, b])]).toEqual([false, [1, 'b'], [[1, 'b']]])
    a.arrived = { value: 'a' }
    expect(Request.testAny([a, b])).toEqual([0, 'a'])
    expect(Request.testAll([a, b])).toBe(true)
    expect(Request.testSome([a, b])).toEqual([
      [0, 'a'],
      [1, 'b']
    ])
  })

  test('of nothing: testAll is true, testAny undefined, testSome []', () => {
    expect([Request.testAll([]), Request.testAny([]), Request.testSome([])]).toEqual([true, undefined, []])
  })

  test('a failed one counts as done in testAll; testAny and testSome throw its failure', () => {
    expect(Request.testAll([failed()])).toBe(true)
    expect(() => Request.testAny([failed()])).toThrow(boom)
    expect(() => Request.testSome([failed()])).toThrow(boom)
  })

  test('testAny gives the lowest that is complete, whatever a later one did', () => {
    expect(Request.testAny([done('a'), failed<string>()])).toEqual([0, 'a'])
  })
})

describe('a list that is none', () => {
  const notRequests = [undefined, 7, done(1), [7], [done(1), undefined], [Promise.resolve()]] as never[]

  test.each(['waitAll', 'waitAny', 'waitSome'] as const)('%s rejects with an ArgumentError that names it', async (method) => {
    for (const bad of notRequests) {
      const promise = Request[method](bad) as Promise<unknown>
      await expect(promise).rejects.toThrow(/^requests(\[\d\])?: /)
      await expect(promise).rejects.toThrow(ArgumentError)
    }
  })

  test.each(['testAll', 'testAny', 'testSome'] as const)('%s throws an ArgumentError that names it', (method) => {
    for (const bad of notRequests) {
      expect(() => Request[method](bad)).toThrow(ArgumentError)
      expect(() => Request[method](bad)).toThrow(/^requests(\[\d\])?: /)
    }
  })
})

describe('a failure that somebody looks at', () => {
  const fails = (error: Error = boom): Operation<never> => {
    const request = new Operation<never>()
    request.fail(error)
    return request
  }
  /** Node reports rejections that nobody handles after the microtasks, and jest fails the test that they belong to. */
  const afterwards = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  test('is no unhandled rejection, by whatever call', async () => {
    fails().subscribe({ error: () => undefined })
    fails()
      .wait()
      .catch(() => undefined)
    await Request.waitAny([done(1), fails()])
    await Request.waitSome([done(1), fails()]).catch(() => undefined)
    await Request.waitAll([done(1), fails(), fails()]).catch(() => undefined)
    expect(() => Request.testSome([fails()])).toThrow(boom)
    expect(() => Request.testAny([fails()])).toThrow(boom)
    await afterwards()
  })

  test('is none for requests given to waitAny and waitSome while they were waiting', async () => {
    const requests = [pending(), pending(), pending()]
    const any = Request.waitAny(requests)
    requests[0].done(1)
    await any
    const some = Request.waitSome([done(1), requests[1]])
    await some
    requests[1].fail(boom)
    requests[2].fail(boom)
    await afterwards()
  })
})
