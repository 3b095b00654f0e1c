import { asyncScheduler, NEVER, type Observable, of, throwError, timer } from 'rxjs'
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

describe('a stream as a value of a collective', () => {
  const sizes = [1, 2, 3, 4, 5, 7, 8]
  const named = (rank: number) => ref(of(`${rank} a`, `${rank} b`))
  const lettersOf = (ranks: readonly number[]): string[] => ranks.flatMap((rank) => [`${rank} a`, `${rank} b`])

  it.each(sizes)('is every rank’s by bcast and allgather, and one rank’s by gather and alltoall, on %i', (size) => {
    for (let root = 0; root < size; root++) {
      inVirtualTime(size, 1, ({ flush }, comms) => {
        const got: Record<string, string[]> = {}
        const read = (what: string, streams: readonly unknown[]): void => {
          got[what] = []
          for (const stream of streams) (stream as Observable<string>).subscribe((letter) => got[what]!.push(letter))
        }
        const all = comms.map(({ rank }) => rank)
        for (const comm of comms) {
          const { rank } = comm
          comm.ibcast({ stream: named(rank) }, { root }).subscribe((value) => {
            if (rank !== root) read(`bcast ${rank}`, [value.stream])
          })
          comm.iallgather(named(rank)).subscribe((streams) => read(`allgather ${rank}`, streams))
          comm.igather(named(rank), { root }).subscribe((streams) => {
            if (rank === root) read('gather', streams as unknown as unknown[])
          })
          comm.ialltoall(all.map(() => named(rank))).subscribe((streams) => read(`alltoall ${rank}`, streams))
        }
        flush()
        for (const rank of all) {
          if (rank !== root) expect(got[`bcast ${rank}`]).toEqual(lettersOf([root]))
          expect(got[`allgather ${rank}`]!.sort()).toEqual(lettersOf(all))
          expect(got[`alltoall ${rank}`]!.sort()).toEqual(lettersOf(all))
        }
        expect(got.gather!.sort()).toEqual(lettersOf(all))
      })
    }
  })

  it('is at its own rank: that it is gone is told with its number', () => {
    inVirtualTime(3, 1, ({ flush, end }, comms) => {
      const failures: unknown[] = []
      for (const comm of comms) {
        comm.ibcast(ref(NEVER), { root: 1 }).subscribe((value) => {
          if (comm.rank !== 1) (value as unknown as Observable<never>).subscribe({ error: (error) => failures.push(error) })
        })
      }
      timer(9).subscribe(() => end(1))
      flush()
      expect(failures).toEqual([expect.any(RankFailedError), expect.any(RankFailedError)])
      for (const { message } of failures as Error[]) expect(message).toContain('rank 1')
    })
  })

  it.each([1, 2, 4])('is not kept for readers that it has not, on %i: nothing waits when all have read it', (size) => {
    inVirtualTime(size, 1, ({ flush }, comms) => {
      for (const comm of comms) {
        const take = (value: unknown): void => void (value as Observable<string>).subscribe?.()
        comm.ibcast(named(comm.rank), { root: size - 1 }).subscribe(take)
        comm.iallgather(named(comm.rank)).subscribe((streams) => streams.forEach(take))
      }
      flush()
      expect(asyncScheduler.now()).toBeLessThan(30_000)
    })
  })
})
