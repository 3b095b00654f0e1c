import { EMPTY, NEVER, of, throwError, timer } from 'rxjs'
import { map, take, tap } from 'rxjs/operators'
import { concatMap, gatherStreams, StreamStatus } from '../../operators/index.js'
import { ArgumentError, OverflowError, RankError, RankFailedError, RemoteError, TagError } from '../../src/errors.js'
import { inVirtualTime } from './drawing.js'
import { asDrawn } from './drawn.js'

const anyRemote = expect.any(RemoteError)

describe('gatherStreams', () => {
  it('gives the root the values of all, as drawn', () => {
    asDrawn<string>('operators/gatherStreams.ts', { latency: 2 }, (comm, source) => source.pipe(gatherStreams(comm)))
  })

  it.each([1, 2, 3, 4, 5, 7, 8])('brings all values of %i ranks to any root, in order for each, however slow it is', (size) => {
    for (let root = 0; root < size; root++) {
      inVirtualTime(size, 1, ({ flush }, comms) => {
        const got: [number, number][] = []
        let completed = 0
        for (const comm of comms) {
          const options = { root, prefetch: 3 }
          const numbers = Array.from({ length: 30 + comm.rank }, (_, n) => n)
          gatherStreams<number, [number, number]>(comm, options, (n, rank) => [rank, n])(numbers)
            .pipe(concatMap((pair) => timer(got.length % 3).pipe(map(() => pair))))
            .subscribe({ next: (pair) => got.push(pair), complete: () => completed++ })
        }
        flush()
        expect(completed).toBe(size)
        for (const { rank } of comms) {
          expect(got.filter(([from]) => from === rank).map(([, n]) => n)).toEqual([...Array(30 + rank).keys()])
        }
      })
    }
  })

  it('takes turns, and holds every source up while the root is busy', () => {
    inVirtualTime(3, 1, ({ flush }, comms) => {
      const taken = [0, 0, 0]
      const got = [0, 0, 0]
      const order: number[] = []
      for (const { rank } of comms) {
        function* numbers() {
          for (let n = 0; n < 100; n++) {
            taken[rank]!++
            yield n
          }
        }
        gatherStreams<number, number>(
          comms[rank]!,
          { prefetch: 4 },
          (_, from) => from
        )(numbers())
          .pipe(concatMap((from) => timer(2).pipe(map(() => from))))
          .subscribe((from) => {
            got[from]!++
            order.push(from)
            // A window, what is granted a quarter late, and the first 16.
            for (const [other, count] of taken.entries()) expect(count - got[other]!).toBeLessThanOrEqual(16 + 4 + 1)
          })
      }
      flush()
      expect(got).toEqual([100, 100, 100])
      for (let k = 30; k + 3 < 270; k += 3) expect(order.slice(k, k + 3).sort()).toEqual([0, 1, 2])
    })
  })

  it.each([
    ['another rank', ['a--------', '--x-#', '---------'], ['--a-x-#', '----#', '--------|'], [anyRemote, 'error', undefined]],
    ['the root', ['a---#', '--x------', '---------'], ['--a-x-#', '--------|', '--------|'], ['error', undefined, undefined]]
  ] as const)('an error on %s comes after its values, and ends all', (_, sources, outs, errors) => {
    inVirtualTime(3, 2, ({ cold, expectObservable }, comms) => {
      for (const comm of comms) {
        const out = cold(sources[comm.rank]!).pipe(gatherStreams(comm))
        expectObservable(out).toBe(outs[comm.rank]!, undefined, errors[comm.rank])
      }
    })
  })

  it('the root unsubscribes from all sources, and another rank’s unsubscription ends its own', () => {
    inVirtualTime(3, 1, ({ cold, expectObservable, expectSubscriptions }, [zero, one, two]) => {
      const [a, b, c] = [cold('a--c---'), cold('-b-----'), cold('--x-----y')]
      expectObservable(a.pipe(gatherStreams(zero!), take(4))).toBe('-abx(c|)')
      expectObservable(b.pipe(gatherStreams(one!)), '--!').toBe('')
      expectObservable(c.pipe(gatherStreams(two!))).toBe('-----|')
      expectSubscriptions(a.subscriptions).toBe('^---!')
      expectSubscriptions(b.subscriptions).toBe('^-!')
      expectSubscriptions(c.subscriptions).toBe('^----!')
    })
  })

  it('both sides may unsubscribe at the same moment', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable, expectSubscriptions }, [zero, one]) => {
      const [a, b] = [cold('a---'), cold('b---')]
      expectObservable(a.pipe(gatherStreams(zero!)), '--!').toBe('-(ab)')
      expectObservable(b.pipe(gatherStreams(one!)), '--!').toBe('')
      expectSubscriptions(a.subscriptions).toBe('^-!')
      expectSubscriptions(b.subscriptions).toBe('^-!')
    })
  })

  it('a consumer that throws, a source that fails at once and one that never emits', () => {
    inVirtualTime(3, 1, ({ expectObservable }, [zero, one, two]) => {
      const broken = EMPTY.pipe(gatherStreams(zero!, { tag: 1 }))
      expectObservable(broken).toBe('-#', undefined, anyRemote)
      expectObservable(throwError(() => 'at once').pipe(gatherStreams(one!, { tag: 1 }))).toBe('#', undefined, 'at once')
      expectObservable(NEVER.pipe(gatherStreams(two!, { tag: 1 }))).toBe('--|')
      const throwing = gatherStreams<number, number>(zero!, { tag: 2 }, () => {
        throw new RangeError('thrown')
      })
      expectObservable(throwing([1])).toBe('-#', undefined, new RangeError('thrown'))
      expectObservable(NEVER.pipe(gatherStreams(one!, { tag: 2 }))).toBe('--|')
      expectObservable(NEVER.pipe(gatherStreams(two!, { tag: 2 }))).toBe('--|')
    })
  })

  it('counts what its overflow policy drops, and fails where it may not', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      const status = new StreamStatus()
      const got: number[] = []
      const slow = { prefetch: 2 }
      let failure: unknown
      EMPTY.pipe(
        gatherStreams<number>(zero!, slow),
        concatMap((n) => timer(10).pipe(map(() => n)))
      ).subscribe((n) => got.push(n))
      timer(0, 1)
        .pipe(take(60), gatherStreams(one!, { overflow: 'latest', status }))
        .subscribe()
      EMPTY.pipe(
        gatherStreams(zero!, { ...slow, tag: 1 }),
        concatMap(() => timer(10))
      ).subscribe({ error: () => undefined })
      timer(0, 1)
        .pipe(take(60), gatherStreams(one!, { highWaterMark: 3, tag: 1 }))
        .subscribe({ error: (error) => (failure = error) })
      flush()
      expect(status.dropped).toBeGreaterThan(40)
      expect(got.length + status.dropped).toBe(60)
      expect(got.at(-1)).toBe(59)
      expect(failure).toBeInstanceOf(OverflowError)
    })
  })

  it('fails when a rank is gone with its stream open', () => {
    inVirtualTime(3, 1, ({ flush, end }, [zero, one]) => {
      const failures: unknown[] = []
      of(1)
        .pipe(gatherStreams(zero!))
        .subscribe({ error: (error) => failures.push(error) })
      let cancelled = false
      NEVER.pipe(tap({ unsubscribe: () => (cancelled = true) }), gatherStreams(one!)).subscribe()
      timer(3).subscribe(() => end(2))
      flush()
      expect(failures).toEqual([expect.any(RankFailedError)])
      expect(cancelled).toBe(true)
    })
  })

  it('checks its arguments when it is made', () => {
    inVirtualTime(2, 0, (_, [zero]) => {
      expect(() => gatherStreams(zero!, { root: 2 })).toThrow(RankError)
      expect(() => gatherStreams(zero!, { root: -1 })).toThrow(RankError)
      expect(() => gatherStreams(zero!, { tag: -5 })).toThrow(TagError)
      expect(() => gatherStreams(zero!, { prefetch: 0 })).toThrow(ArgumentError)
      expect(() => gatherStreams(zero!, { overflow: 'lose' as never })).toThrow(ArgumentError)
      expect(() => gatherStreams(zero!, { signal: 1 as never })).toThrow(ArgumentError)
    })
  })
})
