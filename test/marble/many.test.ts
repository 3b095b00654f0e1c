import { of, timer } from 'rxjs'
import { ignoreElements, map, switchMap, take, tap } from 'rxjs/operators'
import { hashOf } from '../../operators/hash.js'
import { broadcastTo, concatMap, mergeFrom, partitionTo, pull, receiveFrom, StreamStatus, sendTo } from '../../operators/index.js'
import { ArgumentError, OverflowError, RankError, RankFailedError, RemoteError } from '../../src/errors.js'
import { inVirtualTime } from './drawing.js'
import { drawn } from './drawn.js'

const anyRemote = expect.any(RemoteError)
const work = (ms: number) => concatMap((value: string | number) => timer(ms).pipe(map(() => value)))

describe('mergeFrom', () => {
  it('takes values by turns, as drawn', () => {
    const [first, second, out] = drawn('operators/mergeFrom.ts', 'sent by rank 1', 'sent by rank 2', 'work of 4 ms each')
    inVirtualTime(3, 1, ({ cold, expectObservable }, [zero, one, two]) => {
      cold(first!)
        .pipe(sendTo(one!, { dest: 0 }))
        .subscribe()
      cold(second!)
        .pipe(sendTo(two!, { dest: 0 }))
        .subscribe()
      expectObservable(mergeFrom<string>(zero!).pipe(work(4))).toBe(out!)
    })
  })

  it('keeps a slow rank’s values no longer than a window of a quick one takes', () => {
    inVirtualTime(3, 1, ({ flush }, [zero, one, two]) => {
      pull(Array(2000).keys())
        .pipe(
          map((n) => ({ n })),
          sendTo(one!, { dest: 0 })
        )
        .subscribe()
      let sentAt = 0
      const late: number[] = []
      let seen = 0
      timer(50, 50)
        .pipe(
          take(10),
          tap(() => (sentAt = seen)),
          map((n) => `slow ${n}`),
          sendTo(two!, { dest: 0 })
        )
        .subscribe()
      mergeFrom<unknown>(zero!, { prefetch: 8 })
        .pipe(concatMap((value) => timer(1).pipe(map(() => value))))
        .subscribe((value) => {
          seen++
          if (typeof value === 'string') late.push(seen - sentAt)
        })
      flush()
      expect(late.length).toBe(10)
      expect(Math.max(...late)).toBeLessThanOrEqual(8)
      expect(seen).toBe(2010)
    })
  })

  it('tells sources, completes when all have, and fails with the first', () => {
    inVirtualTime(3, 1, ({ cold, expectObservable }, [zero, one, two]) => {
      for (const [tag, end] of [
        [0, '|'],
        [1, '#']
      ] as const) {
        cold('a|')
          .pipe(sendTo(one!, { dest: 0, tag }))
          .subscribe()
        cold(`--b-${end}`)
          .pipe(sendTo(two!, { dest: 0, tag }))
          .subscribe({ error: () => undefined })
        const merged = mergeFrom<string, string>(zero!, { sources: [1, 2], tag }, (value, source) => value + source)
        expectObservable(merged).toBe(`-a-b-${end}`, { a: 'a1', b: 'b2' }, anyRemote)
      }
    })
  })

  it('cancels all of them', () => {
    inVirtualTime(3, 1, ({ cold, expectObservable, expectSubscriptions }, [zero, one, two]) => {
      const [a, b] = [cold('a--c--'), cold('-b--d--')]
      a.pipe(sendTo(one!, { dest: 0 })).subscribe()
      b.pipe(sendTo(two!, { dest: 0 })).subscribe()
      expectObservable(mergeFrom(zero!).pipe(take(3))).toBe('-ab-(c|)')
      expectSubscriptions(a.subscriptions).toBe('^----!')
      expectSubscriptions(b.subscriptions).toBe('^----!')
    })
  })

  it('checks its arguments', () => {
    inVirtualTime(2, 0, (_, [zero]) => {
      expect(() => mergeFrom(zero!, { sources: [0, 5] })).toThrow(RankError)
      expect(() => mergeFrom(zero!, { sources: [1, 1] })).toThrow(RankError)
      expect(() => mergeFrom(zero!, { sources: 1 as never })).toThrow(ArgumentError)
    })
  })
})

describe('partitionTo', () => {
  it('brings each value to the rank of its key, as drawn', () => {
    const [first, out0, second, out1] = drawn(
      'operators/partitionTo.ts',
      'rank 0 / source',
      'rank 0 / out',
      'rank 1 / source',
      'rank 1 / out'
    )
    inVirtualTime(2, 2, ({ cold, expectObservable }, [zero, one]) => {
      const options = { partitioner: (key: unknown) => ('ace'.includes(String(key)) ? 0 : 1) }
      expectObservable(cold(first!).pipe(partitionTo(zero!, (letter) => letter, options))).toBe(out0!)
      expectObservable(cold(second!).pipe(partitionTo(one!, (letter) => letter, options))).toBe(out1!)
    })
  })

  it.each([1, 2, 3, 4, 5, 7, 8])(
    'loses nothing on %i ranks, keeps the order of each key of a rank, and agrees on where keys are',
    (size) => {
      inVirtualTime(size, 1, ({ flush }, comms) => {
        const got = comms.map(() => [] as { key: number; from: number; n: number }[])
        for (const comm of comms) {
          const records = Array.from({ length: 200 }, (_, n) => ({ key: (n * 7) % 50, from: comm.rank, n }))
          partitionTo<(typeof records)[0]>(comm, ({ key }) => key, { prefetch: 4 })(records).subscribe((record) =>
            got[comm.rank]!.push(record)
          )
        }
        flush()
        expect(got.flat().length).toBe(200 * size)
        for (const [rank, records] of got.entries()) {
          for (const { key } of records) expect(hashOf(key) % size).toBe(rank)
          const last = new Map<string, number>()
          for (const { key, from, n } of records) {
            expect(n).toBeGreaterThan(last.get(`${key} ${from}`) ?? -1)
            last.set(`${key} ${from}`, n)
          }
        }
      })
    }
  )

  it('holds its source up while any rank is out of credit', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      let taken = 0
      function* numbers() {
        for (let n = 0; n < 200; n++) {
          taken++
          yield n
        }
      }
      let done = 0
      partitionTo<number>(zero!, (n) => n, { prefetch: 4 })([]).subscribe()
      timer(3).subscribe(() =>
        partitionTo<number>(one!, (n) => n, { prefetch: 4 })(numbers())
          .pipe(concatMap(() => timer(10)))
          .subscribe(() => {
            done++
            expect(taken).toBeLessThan(4 * (done + 16) + 16)
          })
      )
      flush()
      expect(taken).toBe(200)
    })
  })

  it('an error on one rank is everybody’s', () => {
    inVirtualTime(3, 1, ({ cold, expectObservable }, comms) => {
      const sources = ['a--b--c--d|', '--#', 'x--y--z|']
      const errors = [anyRemote, 'error', anyRemote]
      const ends = ['---#', '--#', '---#']
      for (const [rank, comm] of comms.entries()) {
        const out = cold(sources[rank]!).pipe(partitionTo(comm, (letter) => letter, { partitioner: () => 1 }))
        expectObservable(out.pipe(ignoreElements())).toBe(ends[rank]!, undefined, errors[rank])
      }
    })
  })
})

describe('broadcastTo', () => {
  it('sends to all, and to late ones what they missed, as drawn', () => {
    const [source, early, late] = drawn('operators/broadcastTo.ts', 'source', 'rank 1', 'rank 2, from 4 ms on, history: 1')
    inVirtualTime(3, 1, ({ cold, expectObservable }, [zero, one, two]) => {
      cold(source!)
        .pipe(broadcastTo(zero!, { history: 1, rendezvous: 0 }))
        .subscribe()
      expectObservable(receiveFrom(one!, { source: 0 })).toBe(early!)
      const second = receiveFrom(two!, { source: 0 })
      expectObservable(timer(4).pipe(switchMap(() => second))).toBe(late!)
    })
  })

  it('waits for its readers before it begins', () => {
    inVirtualTime(3, 1, ({ cold, expectObservable, expectSubscriptions }, [zero, one, two]) => {
      const source = cold('a-b|')
      source.pipe(broadcastTo(zero!)).subscribe()
      expectObservable(receiveFrom(one!, { source: 0 })).toBe('-------a-b|')
      const second = receiveFrom(two!, { source: 0 })
      expectObservable(timer(5).pipe(switchMap(() => second))).toBe('-------a-b|')
      expectSubscriptions(source.subscriptions).toBe('------^--!')
    })
  })

  it('lets readers leave and come back', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable }, [zero, one]) => {
      cold('a-b-c-d-e-f-|')
        .pipe(broadcastTo(zero!, { history: 1 }))
        .subscribe()
      const stream = receiveFrom(one!, { source: 0 })
      expectObservable(stream.pipe(take(1))).toBe('--(a|)')
      expectObservable(timer(7).pipe(switchMap(() => stream))).toBe('---------de-f-|')
    })
  })

  it('by default the slowest holds all up', () => {
    inVirtualTime(3, 1, ({ flush }, [zero, one, two]) => {
      const quick: number[] = []
      let slow = 0
      receiveFrom<number>(one!, { source: 0, prefetch: 4 }).subscribe((n) => quick.push(n))
      receiveFrom<number>(two!, { source: 0, prefetch: 4 })
        .pipe(concatMap(() => timer(5)))
        .subscribe(() => {
          slow++
          expect(quick.length - slow).toBeLessThanOrEqual(8)
        })
      broadcastTo<number>(zero!)(Array(100).keys()).subscribe()
      flush()
      expect([quick.length, slow]).toEqual([100, 100])
    })
  })

  it('drop: a slow one misses values, which are counted', () => {
    inVirtualTime(3, 1, ({ flush }, [zero, one, two]) => {
      const status = new StreamStatus()
      const quick: number[] = []
      const slow: number[] = []
      receiveFrom<number>(one!, { source: 0 }).subscribe((n) => quick.push(n))
      receiveFrom<number>(two!, { source: 0, prefetch: 2 })
        .pipe(concatMap((n) => timer(10).pipe(map(() => n))))
        .subscribe((n) => slow.push(n))
      timer(0, 1)
        .pipe(take(60), broadcastTo(zero!, { slow: 'drop', status }))
        .subscribe()
      flush()
      expect(quick.length).toBe(60)
      expect(slow.length).toBeLessThan(12)
      expect(status.dropped).toBe(60 - slow.length)
      expect(status.sent).toBe(60 + slow.length)
    })
  })

  it('disconnect: a slow one is disconnected, the others go on', () => {
    inVirtualTime(3, 1, ({ flush }, [zero, one, two]) => {
      const quick: number[] = []
      let error: unknown
      receiveFrom<number>(one!, { source: 0 }).subscribe((n) => quick.push(n))
      receiveFrom<number>(two!, { source: 0, prefetch: 2 })
        .pipe(concatMap((n) => timer(10).pipe(map(() => n))))
        .subscribe({ error: (problem) => (error = problem) })
      timer(0, 1)
        .pipe(take(60), broadcastTo(zero!, { slow: 'disconnect' }))
        .subscribe()
      flush()
      expect(quick.length).toBe(60)
      expect(error).toBeInstanceOf(RemoteError)
      expect((error as Error).message).toContain('OverflowError')
    })
  })

  it('wait: a source that cannot is an OverflowError beyond the mark', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      let failed: unknown
      receiveFrom<number>(one!, { source: 0, prefetch: 2 })
        .pipe(concatMap(() => timer(10)))
        .subscribe({ error: () => undefined })
      timer(0, 1)
        .pipe(take(60), broadcastTo(zero!, { highWaterMark: 5 }))
        .subscribe({ error: (error) => (failed = error) })
      flush()
      expect(failed).toBeInstanceOf(OverflowError)
    })
  })

  it('fails when a rank that it waits for is gone', () => {
    inVirtualTime(3, 1, ({ flush, end }, [zero, one]) => {
      let failed: unknown
      receiveFrom<number>(one!, { source: 0 }).subscribe({ error: () => undefined })
      of(1)
        .pipe(broadcastTo(zero!))
        .subscribe({ error: (error) => (failed = error) })
      timer(3).subscribe(() => end(2))
      flush()
      expect(failed).toBeInstanceOf(RankFailedError)
    })
  })
})
