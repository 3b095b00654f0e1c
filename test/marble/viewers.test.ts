import fc from 'fast-check'
import { EMPTY, NEVER, type Observable, of, Subject, throwError, timer } from 'rxjs'
import { map, switchMap, take } from 'rxjs/operators'
import { decode } from '../../client/codec.js'
import { bcast, publish, subscribeTo } from '../../operators/index.js'
import { ArgumentError, OverflowError, RankError } from '../../src/errors.js'
import { hubOf } from '../../src/viewers/hub.js'
import { type CreditPolicy, withCredit } from '../../src/viewers/with-credit.js'
import { inVirtualTime } from './drawing.js'
import { drawn } from './drawn.js'

const policy = (overflow: CreditPolicy['overflow'], highWaterMark = 2): CreditPolicy => ({ overflow, highWaterMark })
const overflown = expect.any(OverflowError)

describe('withCredit', () => {
  it('lets through what there is credit for, as drawn', () => {
    const [credit, source, latest] = drawn('src/viewers/with-credit.ts', 'credit', 'source', "'latest'")
    inVirtualTime(1, 0, ({ cold, expectObservable }) => {
      expectObservable(cold(source!).pipe(withCredit(cold(credit!).pipe(map(Number)), policy('latest')))).toBe(latest!)
    })
  })

  //          abcdefg: seven values, of which the first has credit; more comes one by one.
  const source = 'abcdefg|'
  const credit = '1-------1-1-1-1-1-1'
  test.each<[CreditPolicy['overflow'], string, string]>([
    ['latest', credit, 'a-------(g|)'],
    ['dropOldest', credit, 'a-------f-(g|)'],
    ['dropNewest', credit, 'a-------b-(c|)'],
    ['buffer', credit, 'a--#'],
    ['error', credit, 'a#'],
    ['buffer', '3--1-1-2', 'abcd-e-(fg|)'],
    ['error', '7', 'abcdefg|'],
    ['latest', '--1-1---1', '--b-d---(g|)'],
    ['dropOldest', '--------', '--------']
  ])('%s, with credit %s: %s', (overflow, credit, out) => {
    inVirtualTime(1, 0, ({ cold, expectObservable }) => {
      expectObservable(cold(source).pipe(withCredit(cold(credit).pipe(map(Number)), policy(overflow)))).toBe(out, undefined, overflown)
    })
  })

  it('gives what waits before the source’s error, and nothing after an unsubscription', () => {
    inVirtualTime(1, 0, ({ cold, expectObservable, expectSubscriptions }) => {
      const failing = cold('ab#')
      expectObservable(failing.pipe(withCredit(cold('------1-1').pipe(map(Number)), policy('dropOldest')))).toBe('------a-(b#)')
      const left = cold('a-b-c|')
      const credit = cold('9')
      expectObservable(left.pipe(withCredit(credit.pipe(map(Number)), policy('latest')), take(2))).toBe('a-(b|)')
      expectSubscriptions(left.subscriptions).toBe('^-!')
      expectSubscriptions(credit.subscriptions).toBe('^-!')
      expectObservable(EMPTY.pipe(withCredit(NEVER, policy('latest')))).toBe('|')
      expectObservable(NEVER.pipe(withCredit(of(1), policy('latest')))).toBe('-')
      expectObservable(throwError(() => 'error').pipe(withCredit(NEVER, policy('latest')))).toBe('#')
    })
  })

  it('loses what the policy says and keeps the order, whatever comes when', () => {
    const events = fc.array(fc.oneof(fc.constant('value' as const), fc.nat(3)), { maxLength: 60 })
    const lossy = fc.constantFrom<CreditPolicy['overflow']>('latest', 'dropOldest', 'dropNewest')
    fc.assert(
      fc.property(events, lossy, fc.nat(4), (events, overflow, highWaterMark) => {
        const [source, credit] = [new Subject<number>(), new Subject<number>()]
        const got: number[] = []
        source.pipe(withCredit(credit, { overflow, highWaterMark })).subscribe((value) => got.push(value))
        // The model: a list, and how many of it may go.
        const most = overflow === 'latest' ? 1 : highWaterMark
        const expected: number[] = []
        let waiting: number[] = []
        let free = 0
        let next = 0
        for (const event of events) {
          if (event === 'value') {
            waiting.push(next)
            source.next(next++)
          } else {
            free += event
            credit.next(event)
          }
          const going = Math.min(free, waiting.length)
          expected.push(...waiting.splice(0, going))
          free -= going
          if (waiting.length > most) waiting = overflow === 'dropNewest' ? waiting.slice(0, most) : most === 0 ? [] : waiting.slice(-most)
          expect(got).toEqual(expected)
        }
      })
    )
  })
})

describe('publish and subscribeTo', () => {
  /** What a viewer with credit enough gets of rank 0. */
  const viewed = (comm: Parameters<typeof hubOf>[0], name: string): Observable<unknown> =>
    hubOf(comm).stream(name, of(100)).pipe(map(decode))

  it('shows the root’s values and passes on all, as drawn', () => {
    const labels = ['rank 0 (root) / source', 'rank 0 (root) / out', 'rank 1 / source', 'rank 1 / out']
    const [source0, out0, source1, out1] = drawn('operators/publish.ts', ...labels)
    inVirtualTime(2, 1, ({ cold, expectObservable, expectSubscriptions }, [zero, one]) => {
      hubOf(zero!.core).opened()
      expectObservable(viewed(zero!.core, 'letters')).toBe(out0!)
      const source = cold(source0!)
      expectObservable(source.pipe(publish(zero!, 'letters'))).toBe(out0!)
      expectObservable(cold(source1!).pipe(publish(one!, 'letters'))).toBe(out1!)
      expectSubscriptions(source.subscriptions).toBe('^-----!')
    })
  })

  it('gives who comes later the last values, ends as the source does, and completes when it is left', () => {
    inVirtualTime(1, 1, ({ cold, expectObservable, flush }, [comm]) => {
      const hub = hubOf(comm!.core)
      hub.opened()
      const later = (name: string): Observable<unknown> => timer(5).pipe(switchMap(() => viewed(comm!.core, name)))
      expectObservable(cold('abcd-----#').pipe(publish(comm!, 'failing', { history: 2 }))).toBe('abcd-----#')
      expectObservable(later('failing')).toBe('-----(cd)#')
      expectObservable(cold('abcd').pipe(publish(comm!, 'left', { history: 0 }), take(3))).toBe('ab(c|)')
      expectObservable(viewed(comm!.core, 'left')).toBe('ab(c|)')
      expectObservable(later('left')).toBe('-----|')
      // A name may be used again when its stream is over, and be asked for before.
      expectObservable(cold('---xy|').pipe(publish(comm!, 'again'))).toBe('---xy|')
      expectObservable(viewed(comm!.core, 'again')).toBe('---xy|')
      expectObservable(timer(7).pipe(switchMap(() => cold('z-|').pipe(publish(comm!, 'again'))))).toBe('-------z-|')
      flush()
      expect(hub.missing('left')).toBeUndefined()
      expect(hub.missing('lefd')?.message).toBe("the job has published no 'lefd'; did you mean 'left'?")
      expect(hub.missing('pressure')?.message).toBe("the job has published no 'pressure'; it has published 'failing', 'left', 'again'")
    })
  })

  it('refuses what cannot be published, with the reason on both sides, and a name that is in use', () => {
    inVirtualTime(1, 1, ({ flush }, [comm]) => {
      const hub = hubOf(comm!.core)
      hub.opened()
      const errors: string[] = []
      const note = { error: (error: Error) => errors.push(error.message) }
      viewed(comm!.core, 'functions').subscribe(note)
      of({ f: () => 1 })
        .pipe(publish<unknown>(comm!, 'functions'))
        .subscribe(note)
      NEVER.pipe(publish(comm!, 'once')).subscribe()
      of(1).pipe(publish(comm!, 'once')).subscribe(note)
      flush()
      expect(errors).toEqual([
        expect.stringMatching(/^data\.f: a function cannot be sent.*\(rank 0 of 'world' at .*viewers\.test\.ts/),
        expect.stringMatching(/^data\.f: a function cannot be sent/),
        expect.stringMatching(/^name: 'once' is published already/)
      ])
      for (const name of ['', 'x'.repeat(201), 7 as unknown as string]) {
        expect(() => publish(comm!, name)).toThrow(ArgumentError)
        expect(() => subscribeTo(comm!, name)).toThrow(ArgumentError)
      }
      expect(() => publish(comm!, 'x', { root: 1 })).toThrow(RankError)
      expect(() => publish(comm!, 'x', { history: Number.POSITIVE_INFINITY })).toThrow(ArgumentError)
      expect(() => publish(comm!, 'x', { overflow: 'oldest' as 'latest' })).toThrow(ArgumentError)
    })
  })

  it('encodes nothing while nobody can look', () => {
    inVirtualTime(1, 1, (_, [comm]) => {
      const asked = jest.fn(() => 1)
      const value = {
        get field() {
          return asked()
        }
      }
      of(value).pipe(publish(comm!, 'unseen')).subscribe()
      hubOf(comm!.core).opened()
      of(value)
        .pipe(publish(comm!, 'unseen', { history: 0 }))
        .subscribe()
      expect(asked).not.toHaveBeenCalled()
      of(value).pipe(publish(comm!, 'seen')).subscribe()
      expect(asked).toHaveBeenCalledTimes(1)
    })
  })

  it('hears all viewers at the root until they are closed, as drawn', () => {
    const [first, second, root, other, all] = drawn(
      'operators/subscribeTo.ts',
      'a viewer',
      'another',
      'rank 0 (root)',
      'rank 1',
      'with bcast, on all ranks'
    )
    inVirtualTime(2, 0, ({ cold, expectObservable, flush }, [zero, one]) => {
      const hub = hubOf(zero!.core)
      hub.opened()
      for (const marbles of [first!, second!]) {
        // The way takes a moment.
        cold(`-${marbles}`).subscribe((value) => hub.deliver('letters', value))
      }
      expectObservable(subscribeTo(zero!, 'letters')).toBe(root!)
      expectObservable(subscribeTo(one!, 'letters')).toBe(other!)
      for (const comm of [zero!, one!])
        expectObservable(subscribeTo(comm, 'letters').pipe(bcast(comm), take(3))).toBe(all!.replace('b---', '(b|)'))
      flush()
      const ended = jest.fn()
      subscribeTo(zero!, 'letters').subscribe({ complete: ended })
      expect(hub.busy).toBe(true)
      hub.close()
      expect(ended).toHaveBeenCalledTimes(1)
    })
  })
})
