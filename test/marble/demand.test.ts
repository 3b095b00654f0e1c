import { type Observable, timer } from 'rxjs'
import { map } from 'rxjs/operators'
import { allreduce, bcast, concatMap, mergeMap, pull, receiveFrom, sendTo } from '../../operators/index.js'
import { SUM } from '../../src/op/op.js'
import { inVirtualTime } from './drawing.js'

/** Counts what is taken of it. */
function counted(count: number): { taken: number; values: Iterable<number> } {
  const source = { taken: 0, values: [] as Iterable<number> }
  source.values = (function* () {
    for (let n = 0; n < count; n++) {
      source.taken++
      yield n
    }
  })()
  return source
}

const slow = (ms: number) => concatMap((n: number) => timer(ms).pipe(map(() => n)))

describe('the source of a collective waits', () => {
  it.each([
    ['an iterable', (values: Iterable<number>) => values],
    ['pull behind operators', (values: Iterable<number>) => pull(values).pipe(map((n) => n))],
    ['an async iterable’s kin: inner streams of mergeMap', (values: Iterable<number>) => pull([0]).pipe(mergeMap(() => pull(values)))]
  ] as [string, (values: Iterable<number>) => Iterable<number> | Observable<number>][])('for the other ranks: %s', (_, make) => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      const source = counted(200)
      let done = 0
      allreduce<number>(zero!, SUM, { window: 4 })(make(source.values)).subscribe((sum) => {
        expect(sum).toBe(2 * done++)
        expect(source.taken - done).toBeLessThanOrEqual(6)
      })
      pull(Array(200).keys())
        .pipe(slow(5), allreduce<number>(one!, SUM, { window: 4 }))
        .subscribe()
      flush()
      expect([done, source.taken]).toEqual([200, 200])
    })
  })

  it('for the stream of another rank, whose source waits then', () => {
    inVirtualTime(2, 1, ({ flush }, [zero, one]) => {
      const source = counted(300)
      let done = 0
      sendTo<number>(one!, { dest: 0, tag: 3 })(source.values).subscribe()
      receiveFrom<number>(zero!, { source: 1, tag: 3, prefetch: 8 })
        .pipe(allreduce<number>(zero!, SUM, { window: 4 }))
        .subscribe(() => {
          done++
          expect(source.taken - done).toBeLessThanOrEqual(16 + 8 + 6)
        })
      pull(Array(300).keys())
        .pipe(slow(5), allreduce<number>(one!, SUM, { window: 4 }))
        .subscribe()
      flush()
      expect([done, source.taken]).toEqual([300, 300])
    })
  })

  it('for who reads the results', () => {
    inVirtualTime(2, 1, ({ flush }, comms) => {
      const sources = comms.map(() => counted(100))
      const done = [0, 0]
      for (const { rank } of comms) {
        allreduce<number>(comms[rank]!, SUM, { window: 4 })(sources[rank]!.values)
          .pipe(slow(rank === 0 ? 5 : 0))
          .subscribe(() => {
            done[rank]!++
            expect(sources[rank]!.taken - done[rank]!).toBeLessThanOrEqual(10)
          })
      }
      flush()
      expect(done).toEqual([100, 100])
    })
  })

  it('and what is subscribed to for a result does not wait for it', () => {
    inVirtualTime(1, 0, ({ flush }, [zero]) => {
      const got: number[] = []
      bcast<number>(zero!)([1, 2])
        .pipe(mergeMap((n) => pull([n, n * 10, n * 100])))
        .subscribe((n) => got.push(n))
      flush()
      expect(got.sort((a, b) => a - b)).toEqual([1, 2, 10, 20, 100, 200])
    })
  })
})
