import { EMPTY, forkJoin, interval, lastValueFrom, NEVER, of, Subject, take, throwError, timer } from 'rxjs'
import { AbortError, ArgumentError, type RxmpiError } from '../../src/errors.js'
import { endable } from '../../src/request/cancellation.js'
import { Request } from '../../src/request/request.js'
import { Status } from '../../src/request/status.js'
import { simulate } from '../../testing/simulate.js'
import { memoryWorld } from '../../testing/simulation/memory-world.js'

describe('Request.from', () => {
  afterEach(() => expect(endable.count).toBe(0))

  it('is live from the call, and completes with the last value', () => {
    simulate(1, {}, ({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--a-b-c|')
      expectObservable(Request.from(source), '-----------^').toBe('           -----------(c|)')
      expectObservable(Request.from(source)).toBe('-------(c|)')
      expectSubscriptions(source.subscriptions).toBe(['^------!', '^------!'])
    })
  })

  it('completes with undefined where there was no value', async () => {
    await expect(Request.from(EMPTY).wait()).resolves.toBeUndefined()
    expect(Request.from(of(1)).test()).toBe(true)
    expect(Request.from(of(1, 2)).value).toBe(2)
  })

  it('fails with the error of the source', async () => {
    const boom = new Error('boom')
    await expect(Request.from(throwError(() => boom)).wait()).rejects.toBe(boom)
  })

  it('unsubscribes when it is cancelled, and is then complete and empty', async () => {
    const source = new Subject<number>()
    const status = new Status()
    const request = Request.from(source, { status })
    expect(request.status).toBeUndefined()
    source.next(1)
    expect(request.cancel()).toBe(true)
    expect(source.observed).toBe(false)
    expect(request.cancel()).toBe(false)
    expect(request.status).toBe(status)
    expect(status.cancelled).toBe(true)
    await expect(request.wait()).resolves.toBeUndefined()
    await expect(lastValueFrom(request, { defaultValue: 'empty' })).resolves.toBe('empty')
  })

  it('cannot be cancelled once it is complete', () => {
    const request = Request.from(of('a'))
    expect(request.cancel()).toBe(false)
    expect(request.value).toBe('a')
  })

  it('shows the status that the program has filled in', () => {
    const status = new Status()
    const source = new Subject<string>()
    const request = Request.from(source, { status })
    status.source = 3
    source.complete()
    expect(request.status?.source).toBe(3)
  })

  it('goes wherever requests go', async () => {
    const [zero, one] = memoryWorld(2)
    const ticks = Request.from(interval(1).pipe(take(3)))
    const received = one!.irecv<string>()
    zero!.isend('hello', { dest: 1 })
    expect(await Request.waitAll([ticks, received])).toEqual([2, 'hello'])
    expect(
      await Request.waitAny([Request.from(NEVER.pipe(take(1)), { signal: AbortSignal.abort() }), ticks]).catch((e) => e)
    ).toBeInstanceOf(AbortError)
    expect(await lastValueFrom(forkJoin([Request.from(timer(1)), received]))).toEqual([0, 'hello'])
  })

  it('is ended by its signal', async () => {
    const abort = new AbortController()
    const source = new Subject<number>()
    const request = Request.from(source, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(request.wait()).rejects.toThrow(AbortError)
    expect(source.observed).toBe(false)
  })

  it.each<[string, unknown, unknown]>([
    ['source: expected an Observable, got 5', 5, {}],
    ['options: expected an object', EMPTY, 5],
    ['status: expected a new Status()', EMPTY, { status: {} }],
    ['signal: expected an AbortSignal', EMPTY, { signal: 1 }]
  ])('refuses a bad argument: %s', async (message, source, options) => {
    const failure = await Request.from<never>(source as never, options as never)
      .wait()
      .catch((error) => error as RxmpiError)
    expect(failure).toBeInstanceOf(ArgumentError)
    expect(failure.message).toContain(message)
    expect(failure.callSite).toContain('source-request.test.ts')
  })

  it('makes a deadlock not provable in a simulated test', () => {
    const pending = new Subject<void>()
    simulate(1, {}, () => {
      Request.from(pending)
    })
    pending.complete()
  })
})
