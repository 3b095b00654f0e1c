import { concat, NEVER, Observable, of, race, throwError, timer } from 'rxjs'
import { map, repeat, retry, concatMap as rxConcatMap, mergeMap as rxMergeMap, switchMap, take, tap } from 'rxjs/operators'
import { TestScheduler } from 'rxjs/testing'
import { concatMap, mergeMap, type Overflow, pull, receiveFrom, StreamStatus, sendTo } from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { ArgumentError, DataCloneError, OverflowError, RankError, RankFailedError, RemoteError, TagError } from '../../src/errors.js'
import { MemoryNetwork, worldOver } from '../../testing/index.js'
import { inVirtualTime } from './drawing.js'
import { behind, drawingsOf, drawn } from './drawn.js'

const to1 = { dest: 1 }
const from0 = { source: 0 }
const anyRemote = expect.any(RemoteError)

/** The marbles of when a source was asked for what. */
const watched = (text: string): { source: Observable<string>; asked: Observable<string> } => {
  const asked = new Observable<string>((subscriber) => {
    listeners.push((letter) => subscriber.next(letter))
  })
  const listeners: ((letter: string) => void)[] = []
  function* source(): Generator<string> {
    for (const letter of text) {
      for (const listener of listeners) listener(letter)
      yield letter
    }
  }
  return { source: pull(source()), asked }
}

describe('what the docstrings draw', () => {
  it('sendTo passes values on, and they arrive a latency later', () => {
    const [source, out, there] = drawn('operators/sendTo.ts', 'source', 'sendTo', 'there')
    inVirtualTime(2, 2, ({ cold, expectObservable }, [zero, one]) => {
      expectObservable(cold(source!).pipe(sendTo(zero!, to1))).toBe(out!)
      expectObservable(receiveFrom(one!, from0)).toBe(there!)
    })
  })

  it('unsubscription there unsubscribes from the source here', () => {
    const [source, two, until, out] = drawn('operators/sendTo.ts', 'source', 'there, take(2)', 'subscribed here', 'sendTo')
    inVirtualTime(2, 2, ({ cold, expectObservable, expectSubscriptions }, [zero, one]) => {
      const a = cold(source!)
      expectObservable(receiveFrom(one!, from0).pipe(take(2))).toBe(two!)
      expectObservable(a.pipe(sendTo(zero!, to1))).toBe(out!)
      expectSubscriptions(a.subscriptions).toBe(until!)
    })
  })

  it('receiveFrom ends as the source does', () => {
    const pairs = drawingsOf('operators/receiveFrom.ts').filter((lines) => behind('received', lines) !== undefined)
    expect(pairs.length).toBe(2)
    for (const lines of pairs) {
      inVirtualTime(2, 2, ({ cold, expectObservable }, [zero, one]) => {
        cold(behind('sent', lines)!)
          .pipe(sendTo(zero!, to1))
          .subscribe({ error: () => undefined })
        expectObservable(receiveFrom(one!, from0)).toBe(behind('received', lines)!, undefined, anyRemote)
      })
    }
  })

  it('pull takes from its iterable what the reader has room for', () => {
    const [taken, read] = drawn('operators/pull.ts', 'taken, from 3 ms on', 'read there, prefetch: 2')
    inVirtualTime(2, 2, ({ expectObservable }, [zero, one]) => {
      expectObservable(receiveFrom<string>(one!, { ...from0, prefetch: 2 })).toBe(read!)
      const { source, asked } = watched('abcde')
      expectObservable(asked).toBe(taken!)
      timer(3)
        .pipe(switchMap(() => source.pipe(sendTo(zero!, to1))))
        .subscribe()
    })
  })

  it('mergeMap holds up the producer', () => {
    const [sent, received] = drawn('operators/mergeMap.ts', 'taken by rank 0, from 3 ms on', 'work of 6 ms, one at a time')
    inVirtualTime(2, 2, ({ expectObservable }, [zero, one]) => {
      const work = (letter: string) => timer(6).pipe(map(() => letter))
      expectObservable(receiveFrom<string>(one!, { ...from0, prefetch: 1 }).pipe(mergeMap(work, 1))).toBe(received!)
      const { source, asked } = watched('abcd')
      expectObservable(asked).toBe(sent!)
      timer(3)
        .pipe(switchMap(() => source.pipe(sendTo(zero!, to1))))
        .subscribe()
    })
  })
})

it('the explanation of back-pressure draws what the docstrings do', () => {
  const page = drawingsOf('docs/explanation/back-pressure.md')
  for (const [file, label] of [
    ['operators/pull.ts', 'taken, from 3 ms on'],
    ['operators/pull.ts', 'read there, prefetch: 2'],
    ['operators/mergeMap.ts', 'taken by rank 0, from 3 ms on'],
    ['operators/mergeMap.ts', 'work of 6 ms, one at a time']
  ] as const) {
    const found = page.map((lines) => behind(label, lines)).filter((marbles) => marbles !== undefined)
    expect(found).toEqual(drawn(file, label))
  }
})

describe('errors', () => {
  it('cross with name, message, stack and cause of the original', () => {
    inVirtualTime(2, 2, ({ flush }, [zero, one]) => {
      const cause = new RangeError('underneath')
      const original = new TypeError('no such thing', { cause })
      const mine: unknown[] = []
      const theirs: RemoteError[] = []
      throwError(() => original)
        .pipe(sendTo(zero!, to1))
        .subscribe({ error: (error) => mine.push(error) })
      receiveFrom(one!, from0).subscribe({ error: (error) => theirs.push(error) })
      flush()
      expect(mine).toEqual([original])
      const [error] = theirs
      expect(error).toBeInstanceOf(RemoteError)
      expect(error!.message).toContain('no such thing')
      expect(error!.rank).toBe(0)
      const copy = error!.cause as TypeError
      expect([copy.name, copy.message, copy.stack]).toEqual(['TypeError', 'no such thing', original.stack])
      expect((copy.cause as Error).message).toBe('underneath')
    })
  })

  it.each([
    ['a text', 'just a text'],
    ['nothing', undefined],
    ['a function', () => 1],
    ['an error that is its own cause', Object.assign(new Error('round'), { cause: 0 })],
    ['an error with a function in it', Object.assign(new Error('holds one'), { callback: () => 1 })]
  ])('of any kind: %s', (_, thrown) => {
    if (thrown instanceof Error && thrown.message === 'round') thrown.cause = thrown
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      let arrived: unknown
      throwError(() => thrown)
        .pipe(sendTo(zero!, to1))
        .subscribe({ error: () => undefined })
      receiveFrom(one!, from0).subscribe({ error: (error) => (arrived = error) })
      flush()
      expect(arrived).toBeInstanceOf(RemoteError)
    })
  })

  it('come after the values before them', () => {
    inVirtualTime(2, 2, ({ cold, expectObservable }, [zero, one]) => {
      cold('(abc#)')
        .pipe(sendTo(zero!, to1))
        .subscribe({ error: () => undefined })
      expectObservable(receiveFrom(one!, { ...from0, prefetch: 1 })).toBe('--(abc#)', undefined, anyRemote)
    })
  })

  it('a value that cannot travel is one on both ranks, and says which', () => {
    inVirtualTime(2, 2, ({ expectObservable }, [zero, one]) => {
      expectObservable(of(1, { callback: () => 1 }).pipe(sendTo(zero!, to1))).toBe('(a#)', { a: 1 }, expect.any(DataCloneError))
      expectObservable(receiveFrom(one!, from0)).toBe('--(a#)', { a: 1 }, anyRemote)
    })
  })

  it('of a consumer unsubscribe from the source there', () => {
    inVirtualTime(2, 2, ({ cold, expectObservable, expectSubscriptions }, [zero, one]) => {
      const source = cold('a--b--c--d|')
      source.pipe(sendTo(zero!, to1)).subscribe()
      const failing = receiveFrom(one!, from0).pipe(
        map(() => {
          throw new Error('mine')
        })
      )
      expectObservable(failing).toBe('--#', undefined, new Error('mine'))
      expectSubscriptions(source.subscriptions).toBe('^---!')
    })
  })
})

describe('a source', () => {
  it.each([
    ['that completes at once', '|', '--|'],
    ['that fails at once', '#', '--#'],
    ['that never emits', '-', '-'],
    ['of one value', '(a|)', '--(a|)'],
    ['of a value and a failure', 'a--#', '--a--#']
  ])('%s', (_, source, there) => {
    inVirtualTime(2, 2, ({ cold, expectObservable }, [zero, one]) => {
      cold(source)
        .pipe(sendTo(zero!, to1))
        .subscribe({ error: () => undefined })
      expectObservable(receiveFrom(one!, from0)).toBe(there, undefined, anyRemote)
    })
  })

  it('may emit before anybody subscribes to it there', () => {
    inVirtualTime(2, 2, ({ cold, expectObservable }, [zero, one]) => {
      cold('a-b-c|').pipe(sendTo(zero!, to1)).subscribe()
      const received = receiveFrom(one!, from0)
      expectObservable(timer(10).pipe(switchMap(() => received))).toBe('----------(abc|)')
    })
  })

  it('keeps its order whatever the sizes', () => {
    inVirtualTime(2, 2, ({ flush }, [zero, one]) => {
      const values = [
        new Float64Array(100_000).fill(1),
        1,
        'b',
        new Uint8Array(0),
        new Float32Array(20_000).fill(2),
        { c: 3 },
        new Uint8Array(3)
      ]
      const got: unknown[] = []
      pull(values).pipe(sendTo(zero!, to1)).subscribe()
      receiveFrom(one!, from0).subscribe((value) => got.push(value))
      flush()
      expect(got).toEqual(values)
    })
  })

  it('may change an array once it is passed on', () => {
    inVirtualTime(2, 2, ({ flush }, [zero, one]) => {
      const got: Float64Array[] = []
      const buffer = new Float64Array(50_000)
      const fills = new Observable<Float64Array>((subscriber) => {
        for (let k = 0; k < 40; k++) subscriber.next(buffer.fill(k))
        subscriber.complete()
      })
      fills.pipe(sendTo(zero!, to1)).subscribe()
      function* same() {
        for (let k = 0; k < 40; k++) yield buffer.fill(k)
      }
      pull(same())
        .pipe(sendTo(zero!, { dest: 1, tag: 1 }))
        .subscribe()
      for (const tag of [0, 1]) receiveFrom<Float64Array>(one!, { source: 0, tag }).subscribe((array) => got.push(array))
      flush()
      expect(got.length).toBe(80)
      const marks = got.map((array) => `${array[0]} ${array.at(-1)}`)
      const expected = Array.from({ length: 40 }, (_, k) => `${k} ${k}`)
      expect(marks.sort()).toEqual([...expected, ...expected].sort())
    })
  })
})

describe('unsubscription', () => {
  it('of the sender completes the stream there', () => {
    inVirtualTime(2, 2, ({ cold, expectObservable }, [zero, one]) => {
      expectObservable(cold('a--b--c|').pipe(sendTo(zero!, to1), take(2))).toBe('a--(b|)')
      expectObservable(receiveFrom(one!, from0)).toBe('--a--(b|)')
    })
  })

  it('of both at the same moment is nobody’s loss', () => {
    inVirtualTime(2, 2, ({ cold, expectObservable, expectSubscriptions, flush }, [zero, one]) => {
      const source = cold('a---b---c|')
      expectObservable(source.pipe(sendTo(zero!, to1)), '^--!').toBe('a')
      expectObservable(receiveFrom(one!, from0), '^--!').toBe('--a')
      expectSubscriptions(source.subscriptions).toBe('^--!')
      flush()
    })
  })

  it('before anything has come keeps the source from being subscribed to later', () => {
    inVirtualTime(2, 2, ({ cold, expectObservable, expectSubscriptions }, [zero, one]) => {
      const source = cold('a--b|')
      receiveFrom(one!, from0).subscribe().unsubscribe()
      const sent = source.pipe(sendTo(zero!, to1))
      expectObservable(timer(5).pipe(switchMap(() => sent))).toBe('-----|')
      expectSubscriptions(source.subscriptions).toBe([])
    })
  })

  it('within next sends nothing after', () => {
    inVirtualTime(2, 0, ({ expectObservable }, [zero, one]) => {
      expectObservable(of(1, 2, 3, 4).pipe(sendTo(zero!, to1), take(2), map(String))).toBe('(12|)')
      expectObservable(receiveFrom(one!, from0).pipe(map(String))).toBe('(12|)')
    })
  })

  it('by switchMap, race and the like reaches the source', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable, expectSubscriptions }, [zero, one]) => {
      const slow = cold('------a--|')
      const quick = cold('--b--c--|')
      slow.pipe(sendTo(zero!, { dest: 1, tag: 1 })).subscribe()
      quick.pipe(sendTo(zero!, { dest: 1, tag: 2 })).subscribe()
      expectObservable(race(receiveFrom(one!, { source: 0, tag: 1 }), receiveFrom(one!, { source: 0, tag: 2 }))).toBe('---b--c--|')
      expectSubscriptions(slow.subscriptions).toBe('^---!')
      expectSubscriptions(quick.subscriptions).toBe('^-------!')
    })
  })

  it('ends an iterator', () => {
    inVirtualTime(2, 2, ({ flush }, [zero, one]) => {
      let closed = 0
      function* endless() {
        try {
          for (let k = 0; ; k++) yield k
        } finally {
          closed++
        }
      }
      pull(endless()).pipe(sendTo(zero!, to1)).subscribe()
      receiveFrom(one!, from0).pipe(take(100)).subscribe()
      flush()
      expect(closed).toBe(1)
    })
  })
})

describe('the n-th meets the n-th', () => {
  it('by the order of the calls, whatever that of the subscriptions', () => {
    inVirtualTime(2, 2, ({ expectObservable }, [zero, one]) => {
      const [first, second] = [sendTo(zero!, to1), sendTo(zero!, to1)]
      const [a, b] = [receiveFrom(one!, from0), receiveFrom(one!, from0)]
      of('second').pipe(second!).subscribe()
      of('first').pipe(first!).subscribe()
      expectObservable(b!).toBe('--(b|)', { b: 'second' })
      expectObservable(a!).toBe('--(a|)', { a: 'first' })
    })
  })

  it('and the k-th subscription the k-th: repeat', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable }, [zero, one]) => {
      cold('ab|').pipe(sendTo(zero!, to1), repeat(3)).subscribe()
      expectObservable(receiveFrom(one!, from0).pipe(repeat(3))).toBe('-ab-ab-ab|'.replace('b-', 'b').replace('b-', 'b'))
    })
  })

  it('retry', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable }, [zero, one]) => {
      cold('a-#')
        .pipe(sendTo(zero!, to1), retry(1))
        .subscribe({ error: () => undefined })
      expectObservable(receiveFrom(one!, from0).pipe(retry(1))).toBe('-a-a-#', undefined, anyRemote)
    })
  })

  it('tags and directions are apart; a rank may send to itself', () => {
    inVirtualTime(2, 2, ({ cold, expectObservable }, [zero, one]) => {
      cold('a|').pipe(sendTo(zero!, to1)).subscribe()
      cold('b|')
        .pipe(sendTo(zero!, { dest: 1, tag: 7 }))
        .subscribe()
      cold('c|')
        .pipe(sendTo(one!, { dest: 0 }))
        .subscribe()
      cold('d|')
        .pipe(sendTo(one!, { dest: 1 }))
        .subscribe()
      expectObservable(receiveFrom(one!, { source: 0, tag: 7 })).toBe('--b|')
      expectObservable(receiveFrom(one!, from0)).toBe('--a|')
      expectObservable(receiveFrom(zero!, { source: 1 })).toBe('--c|')
      expectObservable(receiveFrom(one!, { source: 1 })).toBe('--d|')
    })
  })
})

describe('overflow', () => {
  /** A hundred values in a millisecond to a reader that takes one every 10 ms. */
  function flood(overflow: Overflow, highWaterMark?: number) {
    const status = new StreamStatus()
    const read: number[] = []
    let failed: unknown
    let remote: unknown
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      receiveFrom<number>(one!, { source: 0, prefetch: 4 })
        .pipe(concatMap((value) => timer(10).pipe(map(() => value))))
        .subscribe({ next: (value) => read.push(value), error: (error) => (remote = error) })
      const options = highWaterMark === undefined ? { overflow } : { overflow, highWaterMark }
      timer(5)
        .pipe(
          switchMap(() => Array.from({ length: 100 }, (_, k) => k)),
          sendTo(zero!, { dest: 1, status, ...options })
        )
        .subscribe({ error: (error) => (failed = error) })
      flush()
    })
    return { status, read, failed, remote }
  }
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, k) => k)

  it('buffer keeps all', () => {
    const { read, status, failed } = flood('buffer')
    expect(read).toEqual(upTo(100))
    expect([status.sent, status.dropped, status.buffered, failed]).toEqual([100, 0, 0, undefined])
  })

  it('buffer fails beyond its mark, on both ranks, after what was taken', () => {
    const { read, failed, remote, status } = flood('buffer', 20)
    expect(failed).toBeInstanceOf(OverflowError)
    expect((failed as Error).message).toContain('highWaterMark')
    expect(remote).toBeInstanceOf(RemoteError)
    expect(((remote as Error).cause as Error).name).toBe('OverflowError')
    expect(read).toEqual(upTo(24))
    expect(status.sent).toBe(24)
  })

  it('error fails at once', () => {
    const { read, failed } = flood('error')
    expect(failed).toBeInstanceOf(OverflowError)
    expect(read).toEqual(upTo(4))
  })

  it('dropNewest keeps the first', () => {
    const { read, status } = flood('dropNewest', 3)
    expect(read).toEqual(upTo(7))
    expect([status.sent, status.dropped]).toEqual([7, 93])
  })

  it('dropOldest keeps the last', () => {
    const { read, status } = flood('dropOldest', 3)
    expect(read).toEqual([0, 1, 2, 3, 97, 98, 99])
    expect([status.sent, status.dropped]).toEqual([7, 93])
  })

  it('latest keeps the very last', () => {
    const { read, status } = flood('latest')
    expect(read).toEqual([0, 1, 2, 3, 99])
    expect([status.sent, status.dropped]).toEqual([5, 95])
  })

  it('RxJS’s own concatMap queues and holds up nobody', () => {
    let taken = 0
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      receiveFrom<number>(one!, { source: 0, prefetch: 4 })
        .pipe(rxConcatMap((value) => timer(10).pipe(map(() => value))))
        .subscribe()
      pull(upTo(100))
        .pipe(
          tap(() => taken++),
          sendTo(zero!, to1)
        )
        .subscribe()
      timer(60).subscribe(() => expect(taken).toBe(100))
      flush()
    })
  })
})

describe('back-pressure', () => {
  it('is passed on by a rank in the middle', () => {
    inVirtualTime(3, 1, ({ flush }, [zero, one, two]) => {
      let taken = 0
      let done = 0
      const slow = concatMap((value: number) => timer(100).pipe(map(() => value)))
      receiveFrom<number>(two!, { source: 1, prefetch: 4 })
        .pipe(slow)
        .subscribe(() => done++)
      receiveFrom<number>(one!, { source: 0, prefetch: 4 })
        .pipe(
          map((n) => n + 1),
          sendTo(one!, { dest: 2 })
        )
        .subscribe()
      timer(5)
        .pipe(
          switchMap(() =>
            pull(Array(200).keys()).pipe(
              tap(() => taken++),
              sendTo(zero!, to1)
            )
          )
        )
        .subscribe()
      for (const at of [500, 5000]) timer(at).subscribe(() => expect(taken - done).toBeLessThanOrEqual(12))
      flush()
      expect(done).toBe(200)
    })
  })

  it('reaches sources behind concat and an inner mergeMap', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      let taken = 0
      const counted = () => pull(Array(50).keys()).pipe(tap(() => taken++))
      const source = concat(counted(), pull([1, 2]).pipe(rxMergeMap(counted)))
      timer(5)
        .pipe(switchMap(() => source.pipe(sendTo(zero!, to1))))
        .subscribe()
      let done = 0
      receiveFrom<number>(one!, { source: 0, prefetch: 4 })
        .pipe(concatMap((value) => timer(10).pipe(map(() => value))))
        .subscribe(() => {
          done++
          expect(taken - done).toBeLessThanOrEqual(6)
        })
      flush()
      expect(done).toBe(150)
    })
  })
})

describe('a peer', () => {
  function withEnd(test: (world: { zero: Communicator; one: Communicator; end: () => void; scheduler: TestScheduler }) => void): void {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected))
    scheduler.run(({ flush }) => {
      const network = new MemoryNetwork(2, { scheduler, latency: 1 })
      const [zero, one] = worldOver(network.transports)
      test({ zero: zero!, one: one!, end: () => network.end(0, 'has ended'), scheduler })
      flush()
    })
  }

  it('that ends with the stream open is an error, after what it had sent', () => {
    const got: unknown[] = []
    withEnd(({ zero, one, end }) => {
      concat(of(1, 2), NEVER).pipe(sendTo(zero, to1)).subscribe()
      receiveFrom(one, from0).subscribe({ next: (value) => got.push(value), error: (error) => got.push(error) })
      timer(5).subscribe(end)
    })
    expect(got).toEqual([1, 2, expect.any(RankFailedError)])
  })

  it('that has ended before its stream was opened is one too', () => {
    const got: unknown[] = []
    withEnd(({ one, end }) => {
      end()
      timer(5).subscribe(() => receiveFrom(one, from0).subscribe({ error: (error) => got.push(error) }))
    })
    expect(got).toEqual([expect.any(RankFailedError)])
  })

  it('that ends after its stream has is none', () => {
    const got: unknown[] = []
    withEnd(({ zero, one, end }) => {
      of(1, 2).pipe(sendTo(zero, to1)).subscribe()
      timer(2).subscribe(end)
      const received = receiveFrom(one, from0)
      timer(5)
        .pipe(switchMap(() => received))
        .subscribe({ next: (value) => got.push(value), complete: () => got.push('|') })
    })
    expect(got).toEqual([1, 2, '|'])
  })

  it('that is gone fails who sends to it', () => {
    const got: unknown[] = []
    let subscribed = 0
    withEnd(({ one, end }) => {
      const source = new Observable<number>((subscriber) => {
        subscribed++
        subscriber.next(1)
        return () => subscribed--
      })
      source.pipe(sendTo(one, { dest: 0 })).subscribe({ error: (error) => got.push(error) })
      timer(5).subscribe(end)
    })
    expect(got).toEqual([expect.any(RankFailedError)])
    expect(subscribed).toBe(0)
  })
})

describe('arguments', () => {
  inVirtualTime(2, 0, (_, [zero]) => {
    it.each([
      ['dest', () => sendTo(zero!, { dest: 2 }), RankError],
      ['tag', () => sendTo(zero!, { dest: 1, tag: -1 }), TagError],
      ['overflow', () => sendTo(zero!, { dest: 1, overflow: 'spill' as Overflow }), ArgumentError],
      ['highWaterMark', () => sendTo(zero!, { dest: 1, highWaterMark: -1 }), ArgumentError],
      ['signal', () => sendTo(zero!, { dest: 1, signal: {} as AbortSignal }), ArgumentError],
      ['options', () => sendTo(zero!, undefined as never), ArgumentError],
      ['source', () => receiveFrom(zero!, { source: -7 }), RankError],
      ['source', () => receiveFrom(zero!, { source: -1 }), RankError],
      ['prefetch', () => receiveFrom(zero!, { source: 0, prefetch: 0 }), ArgumentError]
    ])('%s', (name, call, type) => {
      expect(call).toThrow(type)
      expect(call).toThrow(name)
    })
  })
})
