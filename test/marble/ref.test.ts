import { type Observable, throwError, timer } from 'rxjs'
import { map, switchMap, take } from 'rxjs/operators'
import { pull, receiveFrom, ref, sendTo } from '../../operators/index.js'
import { ArgumentError, RankFailedError, RemoteError } from '../../src/errors.js'
import { inVirtualTime } from './drawing.js'
import { drawn } from './drawn.js'

const anyRemote = expect.any(RemoteError)

describe('a stream as a value', () => {
  it('is subscribed to where it is, as drawn', () => {
    const [source, there, subscribed] = drawn('operators/ref.ts', 'source, here', 'subscribed at 4 ms', 'source subscribed')
    inVirtualTime(2, 2, ({ cold, expectObservable, expectSubscriptions }, [zero, one]) => {
      const letters = cold(source!)
      zero!.isend({ title: 'letters', letters: ref(letters) }, { dest: 1 })
      const got = one!.irecv<{ letters: Observable<string> }>()
      expectObservable(
        timer(4).pipe(
          switchMap(() => got),
          switchMap(({ letters }) => letters)
        )
      ).toBe(there!)
      expectSubscriptions(letters.subscriptions).toBe(subscribed!)
    })
  })

  it('travels by itself, in streams and through others', () => {
    inVirtualTime(3, 1, ({ cold, expectObservable }, [zero, one, two]) => {
      zero!.isend(ref(cold('a|')), { dest: 1 })
      expectObservable(one!.irecv<Observable<string>>().pipe(switchMap((stream) => stream))).toBe('---a|')
      pull([1, 2])
        .pipe(
          map((n) => ref(cold('x|').pipe(map((x) => x + n)))),
          sendTo(zero!, { dest: 2 })
        )
        .subscribe()
      const streams = receiveFrom<Observable<string>>(two!, { source: 0 })
      let names = ''
      streams.subscribe((stream) => stream.subscribe((name) => (names += name)))
      timer(20).subscribe(() => expect(names).toBe('x1x2'))
    })
  })

  it('passes errors and unsubscription on', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable, expectSubscriptions }, [zero, one]) => {
      const source = cold('a-b-c-d|')
      zero!.isend([ref(source), ref(throwError(() => new Error('none')))], { dest: 1 })
      const both = one!.irecv<Observable<string>[]>()
      expectObservable(both.pipe(switchMap(([stream]) => stream!.pipe(take(2))))).toBe('---a-(b|)')
      expectSubscriptions(source.subscriptions).toBe('--^---!')
      expectObservable(both.pipe(switchMap(([, stream]) => stream!))).toBe('---#', undefined, anyRemote)
    })
  })

  it('can be subscribed to once, and in time', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable }, [zero, one]) => {
      zero!.isend([ref(cold('a|')), ref(cold('b|'), { timeout: 5 })], { dest: 1 })
      const both = one!.irecv<Observable<string>[]>()
      expectObservable(both.pipe(switchMap(([stream]) => stream!))).toBe('---a|')
      expectObservable(
        timer(6).pipe(
          switchMap(() => both),
          switchMap(([stream]) => stream!)
        )
      ).toBe('------#', undefined, expect.any(ArgumentError))
      expectObservable(
        timer(6).pipe(
          switchMap(() => both),
          switchMap(([, stream]) => stream!)
        )
      ).toBe('--------#', undefined, anyRemote)
    })
  })

  it('fails when its rank is gone', () => {
    inVirtualTime(2, 1, ({ cold, expectObservable, end }, [zero, one]) => {
      zero!.isend(ref(cold('a')), { dest: 1 })
      const stream = one!.irecv<Observable<string>>().pipe(switchMap((letters) => letters))
      expectObservable(stream).toBe('---a--#', undefined, expect.any(RankFailedError))
      timer(5).subscribe(() => end(0))
    })
  })

  it('checks its timeout', () => {
    expect(() => ref(timer(1), { timeout: 0 })).toThrow(ArgumentError)
  })
})
