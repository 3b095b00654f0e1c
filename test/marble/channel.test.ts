import { interval, of, timer } from 'rxjs'
import { filter, map, take, timeout } from 'rxjs/operators'
import { TestScheduler } from 'rxjs/testing'
import { concatMap } from '../../operators/index.js'
import { AbortError, ArgumentError, DataCloneError, OverflowError, RankError, RankFailedError, RemoteError } from '../../src/errors.js'
import { MemoryNetwork, worldOver } from '../../testing/index.js'
import { inVirtualTime } from './drawing.js'
import { drawn } from './drawn.js'

const anyRemote = expect.any(RemoteError)

describe('a channel', () => {
  it('is a Subject over two ranks, as drawn', () => {
    const [sent, received] = drawn('src/communicator/communicator.ts', 'rank 0 / next', 'rank 1 / subscribed')
    inVirtualTime(2, 2, ({ cold, expectObservable }, [zero, one]) => {
      cold(sent!).subscribe(zero!.channel<string>({ peer: 1 }))
      expectObservable(one!.channel({ peer: 0 })).toBe(received!)
    })
  })

  it('goes both ways, and each way ends by itself', () => {
    inVirtualTime(2, 2, ({ cold, expectObservable }, [zero, one]) => {
      const [a, b] = [zero!.channel<string>({ peer: 1 }), one!.channel<string>({ peer: 0 })]
      cold('a-|').subscribe(a)
      cold('x--y--z--#').subscribe(b)
      expectObservable(b).toBe('--a-|')
      expectObservable(a).toBe('--x--y--z--#', undefined, anyRemote)
    })
  })

  it('brings errors with their fields', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      let error: RemoteError | undefined
      one!.channel({ peer: 0 }).subscribe({ error: (problem) => (error = problem) })
      zero!.channel({ peer: 1 }).error(new RangeError('too far'))
      flush()
      expect(error).toBeInstanceOf(RemoteError)
      expect(error!.message).toContain('too far')
      expect((error!.cause as Error).name).toBe('RangeError')
    })
  })

  it('passes unsubscription on to the source, whatever unsubscribes', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable, expectSubscriptions, flush }, [zero, one]) => {
      const source = cold('a-b-c-d-e-f|')
      source.pipe(map((letter) => letter)).subscribe(zero!.channel<string>({ peer: 1 }))
      expectObservable(one!.channel<string>({ peer: 0 }).pipe(take(2))).toBe('-a-(b|)')
      expectSubscriptions(source.subscriptions).toBe('^---!')
      const other = cold('a-------b')
      other.subscribe(zero!.channel<string>({ peer: 1, tag: 1 }))
      expectObservable(one!.channel<string>({ peer: 0, tag: 1 }).pipe(timeout({ each: 3, with: () => of('late') }))).toBe('-a--(l|)', {
        a: 'a',
        l: 'late'
      })
      expectSubscriptions(other.subscriptions).toBe('^----!')
      flush()
    })
  })

  it('does not end when a source is unsubscribed from it', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable, expectSubscriptions }, [zero, one]) => {
      const channel = zero!.channel<string>({ peer: 1 })
      const first = cold('a-b-c-d-|')
      const subscription = first.subscribe(channel)
      timer(3).subscribe(() => subscription.unsubscribe())
      timer(6).subscribe(() => of('z').subscribe(channel))
      expectObservable(one!.channel({ peer: 0 })).toBe('-a-b---(z|)')
      expectSubscriptions(first.subscriptions).toBe('^--!')
    })
  })

  it('has many subscribers, and ends its peer’s direction with the last', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable, expectSubscriptions }, [zero, one]) => {
      const source = cold('a-b-c-d-e-f|')
      source.subscribe(zero!.channel<string>({ peer: 1 }))
      const channel = one!.channel<string>({ peer: 0 })
      expectObservable(channel.pipe(take(2))).toBe('-a-(b|)')
      expectObservable(channel, '--^----!').toBe('---b-c-')
      expectObservable(channel, '---------^').toBe('---------#', undefined, expect.any(ArgumentError))
      expectSubscriptions(source.subscriptions).toBe('^-------!')
    })
  })

  it('keeps what came before it was subscribed to', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable }, [zero, one]) => {
      const early = cold('abc|')
      early.subscribe(zero!.channel<string>({ peer: 1 }))
      const channel = one!.channel<string>({ peer: 0 })
      expectObservable(channel, '-------^').toBe('-------(abc|)')
    })
  })

  it('tells its credit', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      const channel = zero!.channel<Uint8Array>({ peer: 1 })
      const credit: number[] = []
      channel.ready.subscribe((bytes) => credit.push(bytes))
      expect(credit).toEqual([65536])
      for (let k = 0; k < 5; k++) channel.next(new Uint8Array(20_000))
      expect(channel.buffered).toBe(20_000)
      expect(credit).toEqual([65536, 0])
      flush()
      expect(channel.buffered).toBe(20_000)
      const got: Uint8Array[] = []
      one!.channel<Uint8Array>({ peer: 0, prefetchBytes: 50_000, prefetch: 4 }).subscribe((array) => got.push(array))
      flush()
      expect(got.length).toBe(5)
      expect(channel.buffered).toBe(0)
      expect(credit.at(-1)).toBeGreaterThan(0)
      channel.complete()
      flush()
    })
  })

  it('does as its overflow policy says', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      const channel = zero!.channel<number>({ peer: 1, overflow: 'latest' })
      for (let k = 0; k < 100; k++) channel.next(k)
      expect(channel.dropped).toBe(83)
      const strict = zero!.channel<number>({ peer: 1, tag: 1, overflow: 'error' })
      expect(() => {
        for (let k = 0; k < 100; k++) strict.next(k)
      }).toThrow(OverflowError)
      const got: number[] = []
      one!.channel<number>({ peer: 0 }).subscribe((n) => got.push(n))
      flush()
      expect(got).toEqual([...Array(16).keys(), 99])
      channel.complete()
      strict.complete()
      flush()
    })
  })

  it('holds its peer up by work downstream', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      let most = 0
      const channel = zero!.channel<number>({ peer: 1 })
      interval(1)
        .pipe(take(200))
        .subscribe({ next: (n) => channel.next(n), complete: () => channel.complete() })
      interval(1)
        .pipe(take(200))
        .subscribe(() => (most = Math.max(most, channel.buffered)))
      let done = 0
      one!
        .channel<number>({ peer: 0, prefetch: 4 })
        .pipe(concatMap((n) => timer(3).pipe(map(() => n))))
        .subscribe(() => done++)
      flush()
      expect(done).toBe(200)
      expect(most).toBeGreaterThan(100 * 8)
    })
  })

  it('refuses a second one while it is open, with the line of the first', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      const first = zero!.channel({ peer: 1, tag: 3 })
      expect(() => zero!.channel({ peer: 1, tag: 3 })).toThrow(ArgumentError)
      expect(() => zero!.channel({ peer: 1, tag: 3 })).toThrow(/channel\.test\.ts:\d+/)
      zero!.channel({ peer: 1, tag: 4 }).complete()
      const there = one!.channel({ peer: 0, tag: 3 })
      const got: unknown[] = []
      there.subscribe((value) => got.push(value))
      first.subscribe((value) => got.push(value))
      first.next('first')
      first.complete()
      there.complete()
      flush()
      zero!.channel({ peer: 1, tag: 3 }).next('second')
      one!.channel({ peer: 0, tag: 3 }).subscribe((value) => got.push(value))
      flush()
      expect(got).toEqual(['first', 'second'])
    })
  })

  it('throws what cannot be sent, and goes on', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      const channel = zero!.channel<unknown>({ peer: 1 })
      const got: unknown[] = []
      one!.channel({ peer: 0 }).subscribe((value) => got.push(value))
      expect(() => channel.next(() => 1)).toThrow(DataCloneError)
      channel.next('fine')
      flush()
      expect(got).toEqual(['fine'])
    })
  })

  it.each([
    ['peer', { peer: 2 }, RankError],
    ['peer', { peer: -2 }, RankError],
    ['tag', { peer: 1, tag: 1.5 }, Error],
    ['overflow', { peer: 1, overflow: 'x' as 'error' }, ArgumentError]
  ])('checks %s', (name, options, type) => {
    inVirtualTime(2, 1, (_, [zero]) => {
      expect(() => zero!.channel(options)).toThrow(type)
      expect(() => zero!.channel(options)).toThrow(name)
    })
  })

  it('ends both ways when its signal is aborted', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      const controller = new AbortController()
      const channel = zero!.channel({ peer: 1, signal: controller.signal })
      const got: unknown[] = []
      channel.subscribe({ error: (error) => got.push(error) })
      one!.channel({ peer: 0 }).subscribe({ error: (error) => got.push(error) })
      controller.abort()
      flush()
      expect(got).toEqual([expect.any(AbortError), anyRemote])
      expect(() => channel.next(1)).toThrow(AbortError)
    })
  })

  it('fails when its peer ends with it open', () => {
    const scheduler = new TestScheduler(() => undefined)
    scheduler.run(({ flush }) => {
      const network = new MemoryNetwork(2, { scheduler, latency: 1 })
      const [, one] = worldOver(network.transports)
      const got: unknown[] = []
      const channel = one!.channel({ peer: 0 })
      channel.subscribe({ error: (error) => got.push(error) })
      channel.ready.pipe(filter((bytes) => bytes < 0)).subscribe({ error: (error) => got.push(error) })
      network.end(0, 'has ended')
      flush()
      expect(got).toEqual([expect.any(RankFailedError), expect.any(RankFailedError)])
      expect(() => channel.next(1)).toThrow(RankFailedError)
    })
  })
})
