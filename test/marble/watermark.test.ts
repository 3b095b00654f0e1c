import fc from 'fast-check'
import { EMPTY, NEVER, type Observable, of, throwError, timer } from 'rxjs'
import { filter, map, concatMap as rxConcatMap, take, tap } from 'rxjs/operators'
import { concatMap, pull, type Timed, type TimeWindow, WindowStatus, watermark, windowByTime } from '../../operators/index.js'
import { ArgumentError, RankFailedError, RemoteError, TagError } from '../../src/errors.js'
import { SUM } from '../../src/op/op.js'
import { inVirtualTime } from './drawing.js'
import { drawn } from './drawn.js'

const anyRemote = expect.any(RemoteError)
const end: Timed<never> = { kind: 'watermark', time: Number.POSITIVE_INFINITY }
const at = (time: number): Timed<never> => ({ kind: 'watermark', time })
const valueAt = <T>(value: T, time: number, late = false): Timed<T> => ({ kind: 'value', value, time, late })
const marksOf = (events: readonly Timed<unknown>[]): number[] => events.filter(({ kind }) => kind === 'watermark').map(({ time }) => time)

/** `letters` stand for the events of these times, digits for watermarks. */
const times: Record<string, number> = { a: 1, b: 4, c: 9, x: 2, y: 6 }
const events = {
  ...Object.fromEntries(Object.entries(times).map(([letter, time]) => [letter, valueAt(letter, time)])),
  ...Object.fromEntries(Array.from({ length: 10 }, (_, time) => [time, at(time)])),
  e: end
}
const time = (letter: string): number => times[letter]!

describe('watermark', () => {
  it('is the least of all ranks’, as drawn', () => {
    const labels = ['rank 0 / source', 'rank 0 / out', 'rank 1 / source', 'rank 1 / out']
    const [source0, out0, source1, out1] = drawn('operators/watermark.ts', ...labels)
    inVirtualTime(2, 2, ({ cold, expectObservable }, [zero, one]) => {
      expectObservable(cold(source0!).pipe(watermark(zero!, { time }))).toBe(out0!, events)
      expectObservable(cold(source1!).pipe(watermark(one!, { time }))).toBe(out1!, events)
    })
  })

  it.each([1, 2, 3, 4, 5, 7, 8])('never promises what does not hold on any of %i ranks, whatever their speeds', (size) => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(100), { maxLength: 20 }), { minLength: size, maxLength: size }),
        fc.array(fc.nat(3), { minLength: size, maxLength: size }),
        fc.nat(20),
        fc.constantFrom(0, 7),
        fc.constantFrom(10, Number.POSITIVE_INFINITY),
        (streams, speeds, lateness, step, ahead) => {
          inVirtualTime(size, 2, ({ flush }, comms) => {
            const promised: number[] = new Array(size).fill(Number.NEGATIVE_INFINITY)
            const got = streams.map(() => [] as Timed<number>[])
            let completed = 0
            for (const [rank, comm] of comms.entries()) {
              const paced: Observable<number> =
                speeds[rank] === 0
                  ? pull(streams[rank]!)
                  : pull(streams[rank]!).pipe(rxConcatMap((n) => timer(speeds[rank]!).pipe(map(() => n))))
              paced.pipe(watermark(comm, { time: (n) => n, lateness, step, ahead })).subscribe({
                next: (event) => {
                  got[rank]!.push(event)
                  if (event.kind === 'watermark') promised[rank] = event.time
                  // What is not late is none of what any rank has been promised.
                  else if (!event.late) expect(event.time).toBeGreaterThanOrEqual(Math.max(...promised))
                },
                complete: () => completed++
              })
            }
            flush()
            expect(completed).toBe(size)
            for (const [rank, events] of got.entries()) {
              expect(events.flatMap((event) => (event.kind === 'value' ? event.value : []))).toEqual(streams[rank])
              const marks = marksOf(events)
              expect(marks).toEqual([...new Set(marks)].sort((a, b) => a - b))
              expect(marks.at(-1)).toBe(Number.POSITIVE_INFINITY)
              // Late is what is too early for its own rank, whatever the others do.
              let latest = Number.NEGATIVE_INFINITY
              for (const event of events) {
                if (event.kind === 'watermark') continue
                const own = step === 0 ? latest - lateness : Math.floor((latest - lateness) / step) * step
                expect(event.late).toBe(event.time < own)
                latest = Math.max(latest, event.time)
              }
            }
          })
        }
      ),
      { numRuns: 12 }
    )
  })

  it('is told in steps', () => {
    inVirtualTime(2, 1, ({ flush, traffic }, [zero, one]) => {
      const marks: Timed<number>[] = []
      watermark<number>(zero!, { time: (n) => n, step: 100 })(Array(1000).keys()).subscribe((event) => marks.push(event))
      watermark<number>(one!, { time: (n) => n, step: 100 })(Array(1000).keys()).subscribe()
      flush()
      expect(marksOf(marks).every((mark) => mark % 100 === 0 || mark === Number.POSITIVE_INFINITY)).toBe(true)
      expect(traffic(0, 1).messages).toBeLessThan(20)
    })
  })

  it('leaves out what comes quicker than it is taken, and not the last', () => {
    inVirtualTime(2, 1, ({ flush, traffic }, [zero, one]) => {
      const marks: number[] = []
      watermark<number>(zero!, { time: (n) => n })(Array(5000).keys()).subscribe()
      pull([4990, 4995])
        .pipe(
          watermark<number>(one!, { time: (n) => n }),
          concatMap((event) => timer(3).pipe(map(() => event)))
        )
        .subscribe((event) => {
          if (event.kind === 'watermark') marks.push(event.time)
        })
      flush()
      expect(marks.slice(-2)).toEqual([4999, Number.POSITIVE_INFINITY])
      expect(traffic(0, 1).messages).toBeLessThan(300)
    })
  })

  it('holds up a rank that is ahead', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      let quick = 0
      let most = 0
      const options = { time: (n: number) => n, ahead: 20 }
      watermark<number>(
        one!,
        options
      )(Array(1000).keys()).subscribe(({ kind, time }) => {
        if (kind === 'value') quick = time
      })
      pull(Array(100).keys())
        .pipe(
          concatMap((k) => timer(3).pipe(map(() => k * 10))),
          tap((n) => (most = Math.max(most, quick - n))),
          watermark(zero!, options)
        )
        .subscribe()
      flush()
      expect(quick).toBe(999)
      expect(most).toBeLessThanOrEqual(20 + 1)
    })
  })

  it('a rank without values holds it back, with idle only so long; then it counts again', () => {
    const sources = ['a--b-----c--------|', 'x------------y----|']
    const run = (idle: number | undefined, zero: string, one: string) =>
      inVirtualTime(2, 1, ({ cold, expectObservable }, comms) => {
        for (const comm of comms) {
          const options = { time, ...(idle === undefined ? {} : { idle }) }
          expectObservable(cold(sources[comm.rank]!).pipe(watermark(comm, options))).toBe([zero, one][comm.rank]!, {
            ...events,
            l: valueAt('y', 6, true)
          })
        }
      })
    run(undefined, 'a1-(b2)--c----6----(e|)', 'x1--2--------(y6)-9(e|)')
    run(7, 'a1-(b2)-4(c9)------(e|)', 'x1--2--4--9--l-----(e|)')
  })

  it('a rank that is held up is not idle', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      const late: unknown[] = []
      const options = { time: (n: number) => n, ahead: 1, idle: 5 }
      watermark<number>(
        one!,
        options
      )([0, 10, 11, 12]).subscribe((event) => {
        if (event.kind === 'value' && event.late) late.push(event)
      })
      timer(0, 4).pipe(take(20), watermark(zero!, options)).subscribe()
      flush()
      expect(late).toEqual([])
    })
  })

  it('an error on one rank is everybody’s', () => {
    inVirtualTime(3, 1, ({ cold, expectObservable }, comms) => {
      const sources = ['a----------', '--#', 'x---y------']
      const outs = ['a--#', '--#', 'x--#']
      for (const [rank, comm] of comms.entries()) {
        const out = cold(sources[rank]!).pipe(
          watermark(comm, { time }),
          filter(({ kind }) => kind === 'value')
        )
        expectObservable(out).toBe(outs[rank]!, events, rank === 1 ? 'error' : anyRemote)
      }
    })
  })

  it('so is one of time, of a source at once and of a signal, and a consumer that throws ends its own stream only', () => {
    inVirtualTime(2, 1, ({ expectObservable }, [zero, one]) => {
      expectObservable(of('q').pipe(watermark(zero!, { time }))).toBe('#', undefined, expect.any(ArgumentError))
      expectObservable(NEVER.pipe(watermark(one!, { time }))).toBe('-#', undefined, anyRemote)
      expectObservable(throwError(() => 'at once').pipe(watermark(zero!, { time, tag: 1 }))).toBe('#', undefined, 'at once')
      expectObservable(NEVER.pipe(watermark(one!, { time, tag: 1 }))).toBe('-#', undefined, anyRemote)
      const aborted = AbortSignal.abort()
      expectObservable(NEVER.pipe(watermark(zero!, { time, tag: 2, signal: aborted }))).toBe(
        '#',
        undefined,
        expect.objectContaining({ name: 'AbortError' })
      )
      expectObservable(NEVER.pipe(watermark(one!, { time, tag: 2 }))).toBe('-#', undefined, anyRemote)
      const thrown = of('a').pipe(
        watermark(zero!, { time, tag: 3 }),
        map(() => {
          throw new RangeError('consumer')
        })
      )
      expectObservable(thrown).toBe('#', undefined, new RangeError('consumer'))
      expectObservable(
        timer(5).pipe(
          map(() => 'y'),
          watermark(one!, { time, tag: 3 })
        )
      ).toBe('-----(y6e|)', events)
    })
  })

  it('unsubscribing counts as the end of the source', () => {
    inVirtualTime(3, 1, ({ cold, expectObservable, expectSubscriptions }, comms) => {
      const sources = [cold('a-----c-|'), cold('x-------'), cold('y--------|')]
      expectObservable(sources[0]!.pipe(watermark(comms[0]!, { time }))).toBe('a1----(c6)(e|)', events)
      expectObservable(sources[1]!.pipe(watermark(comms[1]!, { time })), '----!').toBe('x1', events)
      expectObservable(sources[2]!.pipe(watermark(comms[2]!, { time })), '------------------').toBe('y1-----6-(9e|)', events)
      expectSubscriptions(sources[1]!.subscriptions).toBe('^---!')
    })
  })

  it('fails when a rank is gone', () => {
    inVirtualTime(2, 1, ({ flush, end: gone }, [zero]) => {
      let failure: unknown
      NEVER.pipe(watermark(zero!, { time })).subscribe({ error: (error) => (failure = error) })
      timer(3).subscribe(() => gone(1))
      flush()
      expect(failure).toBeInstanceOf(RankFailedError)
    })
  })

  it('without values completes, and is Infinity', () => {
    inVirtualTime(2, 1, ({ expectObservable }, comms) => {
      for (const comm of comms) expectObservable(EMPTY.pipe(watermark(comm, { time }))).toBe('-(e|)', events)
    })
  })

  it('checks its arguments', () => {
    inVirtualTime(1, 0, (_, [zero]) => {
      expect(() => watermark(zero!, undefined as never)).toThrow(ArgumentError)
      expect(() => watermark(zero!, { time: 3 as never })).toThrow(ArgumentError)
      expect(() => watermark(zero!, { time, lateness: -1 })).toThrow(ArgumentError)
      expect(() => watermark(zero!, { time, step: -1 })).toThrow(ArgumentError)
      expect(() => watermark(zero!, { time, step: Number.NaN })).toThrow(ArgumentError)
      expect(() => watermark(zero!, { time, idle: 0 })).toThrow(ArgumentError)
      expect(() => watermark(zero!, { time, ahead: -1 })).toThrow(ArgumentError)
      expect(() => watermark(zero!, { time, tag: -7 })).toThrow(TagError)
    })
  })
})

describe('windowByTime with a rank that is idle', () => {
  const run = (second: string): { windows: TimeWindow<number>[]; late: number } => {
    const windows: TimeWindow<number>[] = []
    const status = new WindowStatus()
    inVirtualTime(2, 1, ({ cold, flush }, [zero, one]) => {
      const options = { size: 10, time: (n: number) => n, op: SUM, idle: 5 }
      const values = { a: 1, b: 12, c: 25, d: 38, x: 2, y: 14, z: 3 }
      cold<number>('a-b-c---d---|', values)
        .pipe(windowByTime<number>(zero!, { ...options, status }))
        .subscribe((window) => windows.push(window))
      cold<number>(second, values).pipe(windowByTime<number>(one!, options)).subscribe()
      flush()
    })
    return { windows, late: status.late }
  }
  const summed = ({ windows }: ReturnType<typeof run>) => windows.map(({ start, value }) => [start, value])

  it('does not wait for it, and has what it had before', () => {
    const rest = [
      [10, 12],
      [20, 25],
      [30, 38]
    ]
    expect(summed(run('x------------------------|'))).toEqual([[0, 3], ...rest])
    expect(summed(run('-------------------------|'))).toEqual([[0, 1], ...rest])
  })

  it('counts what comes for windows that are out', () => {
    const woken = run('x-----------------z-y-----|')
    expect(summed(woken)).toEqual([
      [0, 3],
      [10, 12],
      [20, 25],
      [30, 38]
    ])
    expect(woken.late).toBe(2)
  })
})
