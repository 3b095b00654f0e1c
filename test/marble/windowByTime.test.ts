import fc from 'fast-check'
import { type Observable, timer } from 'rxjs'
import { concatMap, map, tap } from 'rxjs/operators'
import { pull, type TimeWindow, WindowStatus, windowByTime } from '../../operators/index.js'
import { ArgumentError, RankError, RemoteError } from '../../src/errors.js'
import { SUM } from '../../src/op/op.js'
import { inVirtualTime } from './drawing.js'
import { drawn } from './drawn.js'

const times: Record<string, number> = { a: 1, b: 3, c: 2, d: 8, e: 11, f: 12 }

describe('windowByTime', () => {
  it('emits a window when the watermarks of all ranks have passed it, as drawn', () => {
    const [first, second, out] = drawn('operators/windowByTime.ts', 'rank 0 / source', 'rank 1 / source', 'windows of 10')
    inVirtualTime(2, 1, ({ cold, expectObservable }, [zero, one]) => {
      const options = { size: 10, time: (letter: string) => times[letter]!, op: (a: string, b: string) => a + b }
      const windows = cold(first!.split(' ')[0]!).pipe(windowByTime(zero!, options))
      cold(second!.split(' ')[0]!).pipe(windowByTime(one!, options)).subscribe()
      expectObservable(windows).toBe(out!, {
        x: { start: 0, end: 10, count: 4, value: 'abcd' },
        y: { start: 10, end: 20, count: 2, value: 'fe' }
      })
    })
  })

  it.each([1, 2, 3, 4, 5, 7, 8])('is what one rank with all values would get, on %i ranks whatever their speeds', (size) => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(200), { maxLength: 40 }), { minLength: size, maxLength: size }),
        fc.array(fc.nat(3), { minLength: size, maxLength: size }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        fc.nat(size - 1),
        (values, speeds, length, slide, root) => {
          const streams = values.map((list) => list.sort((a, b) => a - b))
          const got: TimeWindow<number>[] = []
          let completed = 0
          inVirtualTime(size, 1, ({ flush }, comms) => {
            for (const [rank, comm] of comms.entries()) {
              const paced: Observable<number> =
                speeds[rank] === 0
                  ? pull(streams[rank]!)
                  : pull(streams[rank]!).pipe(concatMap((n) => timer(speeds[rank]!).pipe(map(() => n))))
              paced
                .pipe(windowByTime<number>(comm, { size: length, slide, time: (n) => n, op: SUM, root, ahead: 3 }))
                .subscribe({ next: (window) => got.push(window), complete: () => completed++ })
            }
            flush()
          })
          const all = streams.flat()
          const expected: TimeWindow<number>[] = []
          for (let k = -Math.ceil(length / slide); k * slide <= 200; k++) {
            const start = k * slide
            const inside = all.filter((n) => n >= start && n < start + length)
            if (inside.length > 0)
              expected.push({ start, end: start + length, count: inside.length, value: inside.reduce((a, b) => a + b) })
          }
          expect(got).toEqual(expected)
          expect(completed).toBe(size)
        }
      ),
      { numRuns: 12 }
    )
  })

  it('takes late values within lateness, and counts those beyond', () => {
    inVirtualTime(1, 0, ({ flush }, [zero]) => {
      const status = new WindowStatus()
      const got: TimeWindow<number>[] = []
      pull([1, 12, 8, 25, 9, 30])
        .pipe(windowByTime<number>(zero!, { size: 10, lateness: 5, time: (n) => n, op: SUM, status }))
        .subscribe((window) => got.push(window))
      flush()
      expect(got.map(({ start, value }) => [start, value])).toEqual([
        [0, 9],
        [10, 12],
        [20, 25],
        [30, 30]
      ])
      expect(status.late).toBe(1)
    })
  })

  it('holds up a rank that is far ahead', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      let taken = 0
      const options = { size: 10, time: (n: number) => n, op: SUM, ahead: 4 }
      windowByTime<number>(
        one!,
        options
      )(
        (function* () {
          for (let n = 0; n < 5000; n++) {
            taken = n
            yield n
          }
        })()
      ).subscribe()
      let most = 0
      pull(Array(500).keys())
        .pipe(
          concatMap((k) => timer(5).pipe(map(() => k * 10))),
          tap((n) => (most = Math.max(most, taken - n))),
          windowByTime<number>(zero!, options)
        )
        .subscribe()
      flush()
      expect(taken).toBe(4999)
      expect(most).toBeLessThan(600)
    })
  })

  it('an error on one rank is everybody’s', () => {
    inVirtualTime(3, 1, ({ cold, expectObservable }, comms) => {
      const options = { size: 10, time: (n: string) => n.charCodeAt(0), op: (a: string) => a }
      const ends = ['--#', '-#', '---#']
      for (const [rank, comm] of comms.entries()) {
        const out = cold(rank === 1 ? '-#' : 'a----------').pipe(windowByTime<string>(comm, options))
        if (rank < 2) expectObservable(out).toBe(ends[rank]!, undefined, rank === 1 ? 'error' : expect.any(RemoteError))
      }
    })
  })

  it('checks its arguments', () => {
    inVirtualTime(1, 0, (_, [zero]) => {
      const fine = { size: 1, time: () => 0, op: SUM }
      expect(() => windowByTime(zero!, { ...fine, size: 0 })).toThrow(ArgumentError)
      expect(() => windowByTime(zero!, { ...fine, slide: -1 })).toThrow(ArgumentError)
      expect(() => windowByTime(zero!, { ...fine, lateness: -1 })).toThrow(ArgumentError)
      expect(() => windowByTime(zero!, { ...fine, op: undefined as never })).toThrow(ArgumentError)
      expect(() => windowByTime(zero!, { ...fine, root: 1 })).toThrow(RankError)
      expect(() => windowByTime(zero!, undefined as never)).toThrow(ArgumentError)
    })
  })
})
