import { catchError, concat, concatMap, defer, ignoreElements, map, mergeMap, NEVER, type Observable, of, take, timer } from 'rxjs'
import * as mpi from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { ANY_SOURCE } from '../../src/constants.js'
import type { RankFailedError } from '../../src/errors.js'
import { BOR, SUM } from '../../src/op/op.js'
import { integer, random } from '../../testing/compliance/random.js'
import { type SimulateHelpers, simulate } from '../../testing/simulate.js'
import { drawn } from '../marble/drawn.js'
import { amount, LIMIT_MS } from '../reliability/amount.js'

jest.setTimeout(LIMIT_MS)

const SIZES = [1, 2, 3, 4, 5, 7, 8]
const SEEDS = amount(40, 500)

const others = (size: number, victim: number): number[] => Array.from({ length: size }, (_, rank) => rank).filter((rank) => rank !== victim)

/** The name of what an observable fails with, or what it gives. */
const outcome = (result: Observable<unknown>): Observable<unknown> => result.pipe(catchError((error: Error) => of(error.name)))

/** Some ranks, but never all, each with a time at which it dies. */
function deaths(seed: number, size: number, latest: number): Map<number, number> {
  const next = random(seed)
  const victims = new Map<number, number>()
  const count = integer(next, 0, size - 1)
  while (victims.size < count) victims.set(integer(next, 0, size - 1), integer(next, 0, latest))
  return victims
}

/**
 * Runs a program on ranks of which some die at random times, with the last of what they have sent lost on some links; what each of them had
 * as results until then.
 */
function withDeaths<T>(size: number, seed: number, program: (comm: Communicator) => Observable<T>): { said: T[][]; survivors: number[] } {
  const victims = deaths(seed, size, 24)
  const said: T[][] = Array.from({ length: size }, () => [])
  const dead = new Set<number>()
  simulate(size, { latency: 1, jitter: 4, seed, check: false }, ({ fail, ranks }) => {
    for (const [rank, time] of victims) {
      timer(time).subscribe(() => {
        dead.add(rank)
        fail(rank)
      })
    }
    ranks((comm) => program(comm).pipe(map((result) => dead.has(comm.rank) || said[comm.rank]!.push(result))))
  })
  return { said, survivors: others(size, -1).filter((rank) => !victims.has(rank)) }
}

/** The loop that every program has which survives: works until all say that the work is done, each time without those that have died. */
function untilDone<T>(
  comm: Communicator,
  work: (comm: Communicator) => Observable<T>
): Observable<{ result: T; members: readonly number[] }> {
  const attempt = work(comm).pipe(
    map((result) => ({ result })),
    catchError(() => {
      comm.revoke()
      return of(undefined)
    })
  )
  return attempt.pipe(
    concatMap((done) => comm.iagree(done !== undefined).pipe(map((all) => (all ? done : undefined)))),
    concatMap((done) => {
      if (done !== undefined) {
        const { members } = comm.core
        if (comm.name !== 'world') comm.free()
        return of({ ...done, members })
      }
      comm.revoke()
      return comm.ishrink().pipe(
        concatMap((next) => {
          if (comm.name !== 'world') comm.free()
          return untilDone(next, work)
        })
      )
    })
  )
}

describe('ranks of which some die at any time', () => {
  it.each(SIZES)('of %i agree on one value, which is also that of those who die later', (size) => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { said, survivors } = withDeaths(size, seed, (comm) =>
        comm
          .iagree(~(1 << comm.rank))
          .pipe(concatMap((first) => comm.iagree(first ^ (comm.rank << 16)).pipe(map((second) => [first, second] as const))))
      )
      expect(new Set(said.flat().map(String)).size).toBe(1)
      for (const rank of survivors) {
        expect(said[rank]).toHaveLength(1)
        for (const other of survivors) expect(said[rank]![0]![0] & (1 << other)).toBe(0)
      }
    }
  })

  it.each(SIZES)('of %i shrink to one group, and go on in it', (size) => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { said, survivors } = withDeaths(size, seed, (comm) =>
        concat(timer(seed % 7).pipe(ignoreElements()), comm.ishrink() as Observable<Communicator>).pipe(
          map((shrunk) => {
            const told = `${shrunk.core.id} ${shrunk.core.members}`
            shrunk.free()
            return told
          })
        )
      )
      expect(new Set(said.flat()).size).toBe(1)
      const [, ...members] = said[survivors[0]!]![0]!.split(/[ ,]/).map(Number)
      for (const rank of survivors) {
        expect(said[rank]).toHaveLength(1)
        expect(members).toContain(rank)
      }
    }
  })

  it.each(SIZES)('of %i revoke, shrink and agree until their work is done', (size) => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { said, survivors } = withDeaths(size, seed, (world) =>
        untilDone(world, (comm) => comm.iallreduce(1 << world.rank, BOR).pipe(concatMap((all) => comm.ibarrier().pipe(map(() => all)))))
      )
      const results = new Set(said.flat().map(({ result, members }) => `${result} ${members}`))
      expect(results.size).toBe(1)
      for (const rank of survivors) {
        expect(said[rank]).toHaveLength(1)
        const { result, members } = said[rank]![0]!
        expect(result).toBe(members.reduce((bits, member) => bits | (1 << member), 0))
        expect(members).toContain(rank)
      }
    }
  })
})

describe.each(SIZES.filter((size) => size > 1))('of %i ranks one dies, and', (size) => {
  const each = (test: (victim: number, helpers: SimulateHelpers) => void, options = {}): void => {
    for (const victim of others(size, -1)) {
      simulate(size, { latency: 1, leaks: 'ignore', ...options }, (helpers) => {
        timer(3).subscribe(() => helpers.fail(victim, 'has failed: it was time'))
        test(victim, helpers)
      })
    }
  }
  const failed = (victim: number): string =>
    `rank ${victim} has failed: it was time: nothing comes from it any more and nothing can be sent to it; what still needs it can be done without it on the communicator that shrink() gives`

  it('what waits for it fails, and names it', () => {
    each((victim, { comms, expectObservable }) => {
      for (const rank of others(size, victim)) {
        const comm = comms[rank]!
        const named = (pending: Observable<unknown>): Observable<unknown> =>
          pending.pipe(
            catchError((error: RankFailedError) => {
              expect(error.message).toContain(failed(victim))
              expect(error).toMatchObject({ name: 'RankFailedError', rank, failed: { rank: victim, reason: 'has failed: it was time' } })
              return of('f')
            })
          )
        expectObservable(named(comm.irecv({ source: victim }))).toBe('----(f|)')
        expectObservable(named(comm.issend('unheard', { dest: victim }))).toBe('----(f|)')
        expectObservable(named(comm.isend(new Uint8Array(2 ** 17), { dest: victim }))).toBe('----(f|)')
        expectObservable(named(comm.messages({ source: victim }))).toBe('----(f|)')
        const late = (start: () => Observable<unknown>): Observable<unknown> => timer(6).pipe(mergeMap(() => named(defer(start))))
        expectObservable(late(() => comm.irecv({ source: victim }))).toBe('------(f|)')
        expectObservable(late(() => comm.isend(1, { dest: victim }))).toBe('------(f|)')
        expectObservable(late(() => of(comm.iprobe({ source: victim })))).toBe('------(f|)')
        expectObservable(late(() => of(comm.improbe({ source: victim })))).toBe('------(f|)')
        for (const other of others(size, victim)) {
          comm.isend(rank, { dest: other, tag: 9 })
          expectObservable(comm.irecv<number>({ source: other, tag: 9 }).pipe(map((got) => got === other))).toBe('-(t|)', { t: true })
        }
      }
    })
  })

  it('receives from any source fail once, and wait again when that is acknowledged', () => {
    each((victim, { comms, expectObservable }) => {
      const [rank] = others(size, victim)
      const comm = comms[rank!]!
      expectObservable(outcome(comm.irecv())).toBe('----(f|)', { f: 'RankFailedError' })
      expectObservable(outcome(comm.messages())).toBe('----(f|)', { f: 'RankFailedError' })
      expectObservable(outcome(timer(5).pipe(mergeMap(() => comm.irecv({ tag: 1 }))))).toBe('-----(f|)', { f: 'RankFailedError' })
      const acknowledged = timer(6).pipe(
        map(() => comm.ackFailed()),
        mergeMap((ranks) => comm.irecv({ source: ANY_SOURCE }).pipe(map((got) => [ranks, got])))
      )
      expectObservable(outcome(acknowledged)).toBe('--------(a|)', { a: [[victim], 'from one that lives'] })
      timer(7).subscribe(() => comms[others(size, victim).at(-1)!]!.isend('from one that lives', { dest: rank! }))
    })
  })

  it('receives from any source wait on where it is acknowledged as it is told', () => {
    each((victim, { comms, expectObservable }) => {
      const [rank] = others(size, victim)
      const comm = comms[rank!]!
      comm.failed.subscribe(() => comm.ackFailed())
      expectObservable(comm.irecv()).toBe('--------(a|)')
      timer(7).subscribe(() => comms[others(size, victim).at(-1)!]!.isend('a', { dest: rank! }))
    })
  })

  it('collectives under way fail on all, and so do later ones', () => {
    each((victim, { comms, expectObservable }) => {
      for (const rank of others(size, victim)) {
        const comm = comms[rank]!
        const f = { f: 'RankFailedError' }
        const started = [
          comm.ibarrier(),
          comm.iallreduce(1, SUM),
          comm.iallreduce(new Float64Array(5000), SUM),
          comm.ibcast('root', { root: victim }),
          comm.iallgather(rank),
          comm.ialltoall(others(size, -1)),
          comm.idup(),
          timer(0, 1).pipe(mpi.allreduce(comm, SUM))
        ]
        for (const request of started) expectObservable(outcome(request)).toBe('----(f|)', f)
        expectObservable(outcome(timer(6).pipe(mergeMap(() => comm.ibarrier())))).toBe('------(f|)', f)
      }
    })
  })

  it('no collective waits for ever, wherever in it that was', () => {
    const starts: ((comm: Communicator) => Observable<unknown>)[] = [
      (comm) => comm.ibcast('x', { root: size >> 1 }),
      (comm) => comm.igather(comm.rank, { root: size - 1 }),
      (comm) => comm.iscatter(others(size, -1), { root: size - 1 }),
      (comm) => comm.ireduce(new Float64Array(40_000), SUM, { root: size >> 1 }),
      (comm) => comm.iallreduce(new Float64Array(40_000), SUM),
      (comm) => comm.iexscan(1, SUM),
      (comm) => comm.ialltoall(others(size, -1)),
      (comm) => comm.ibarrier()
    ]
    for (const victim of others(size, -1)) {
      for (let time = 0; time < 8; time++) {
        simulate(
          size,
          { latency: 1, seed: time, jitter: 2, check: false, link: (_, to) => ({ bytesPerMs: to % 2 ? 1e4 : 1e5 }) },
          ({ fail, ranks }) => {
            timer(time).subscribe(() => fail(victim))
            const outcomes = ranks((comm) => {
              const results: unknown[] = []
              concat(...starts.map((start) => defer(() => outcome(start(comm))))).subscribe((result) => results.push(result))
              return results
            })
            timer(100).subscribe(() => {
              for (const rank of others(size, victim)) expect(outcomes[rank]!.at(-1)).toBe('RankFailedError')
            })
          }
        )
      }
    }
  })
})

describe('failed', () => {
  it('tells those there are, and all again when there are more', () => {
    const [death, told] = drawn('src/communicator/fault-tolerance.ts', 'rank 2 dies', 'comm.failed')
    simulate(4, { latency: 1 }, ({ comms: [zero, one], fail, end, cold, expectObservable }) => {
      cold(death!).subscribe(() => fail(2))
      timer(9).subscribe(() => fail(1))
      timer(10).subscribe(() => end(3))
      expectObservable(zero!.failed, '^-----!').toBe(told!, { a: [], b: [2] })
      expectObservable(timer(5).pipe(mergeMap(() => zero!.failed.pipe(take(2))))).toBe('-----b----(c|)', { b: [2], c: [1, 2] })
      expectObservable(one!.failed, '-----^-!').toBe('-----b', { b: [2] })
      timer(12).subscribe(() => {
        expect(zero!.ackFailed()).toEqual([1, 2])
        const alone = zero!
        expect(() => alone.iprobe()).not.toThrow()
      })
    })
  })

  it('tells ranks as the communicator counts them, and of its own only', () => {
    simulate(4, { latency: 1 }, ({ ranks, fail, expectObservable }) => {
      const halves = ranks((comm) => comm.isplit(comm.rank >> 1))
      timer(5).subscribe(() => fail(3))
      for (const half of halves) half.subscribe((comm) => timer(8).subscribe(() => comm!.free()))
      const seen = halves.map((half) =>
        half.pipe(
          mergeMap((comm) => {
            const pending: Observable<unknown> = comm!.size - 1 === comm!.rank ? of('') : comm!.irecv({ source: 1 })
            return pending.pipe(
              catchError((error: RankFailedError) => of(`${error.message.slice(0, 17)} ${error.failed?.rank} ${comm!.ackFailed()}`))
            )
          })
        )
      )
      expectObservable(seen[2]!).toBe('------(a|)', { a: 'rank 1 has failed 1 1' })
      expectObservable(seen[0]!).toBe('----------(a|)', { a: "communicator 'wor undefined " })
    })
  })

  it('completes when the communicator is freed', () => {
    simulate(1, {}, ({ comms: [comm], expectObservable }) => {
      const dup = comm!.idup()
      timer(3).subscribe(() => dup.value!.free())
      expectObservable(dup.pipe(mergeMap((made) => made.failed))).toBe('a--|', { a: [] })
    })
  })
})

describe('revoke', () => {
  it('fails what is pending, and every later call, on every rank', () => {
    const [revoked, received] = drawn('src/communicator/fault-tolerance.ts', 'revoke()', 'irecv()')
    simulate(2, { latency: 1 }, ({ comms: [zero, one], cold, expectObservable }) => {
      cold(revoked!).subscribe(() => zero!.revoke())
      expectObservable(
        one!.irecv().pipe(
          catchError((error) => {
            throw error.name
          })
        )
      ).toBe(received!, undefined, 'RevokedError')
    })
  })

  it.each(SIZES)('of %i ranks leaves nothing waiting but shrink and agree', (size) => {
    for (const revoker of others(size, -1)) {
      simulate(size, { latency: 1 }, ({ ranks, comms, expectObservable }) => {
        timer(3).subscribe(() => comms[revoker]!.revoke())
        timer(3).subscribe(() => comms[revoker]!.revoke())
        for (const rank of others(size, -1)) {
          const comm = comms[rank]!
          const time = rank === revoker ? '---' : '----'
          const r = { r: 'RevokedError' }
          const expectRevoked = (pending: Observable<unknown>, at = time): void => expectObservable(outcome(pending)).toBe(`${at}(r|)`, r)
          expectRevoked(comm.irecv({ tag: 1 }))
          expectRevoked(comm.irecv({ source: revoker, tag: 5 }))
          expectRevoked(comm.issend('unheard', { dest: revoker, tag: 6 }))
          expectRevoked(comm.messages({ tag: 8 }))
          expectRevoked(
            timer(0, 1).pipe(
              map(() => 1),
              mpi.reduce(comm, SUM),
              mergeMap(() => NEVER)
            )
          )
          if (rank !== revoker) expectRevoked(comm.ibarrier())
          const late = (call: () => Observable<unknown>): void => expectRevoked(timer(7).pipe(mergeMap(() => defer(call))), '-------')
          late(() => comm.irecv())
          late(() => comm.isend(1, { dest: revoker }))
          late(() => comm.iallreduce(1))
          late(() => comm.idup())
          late(() => of(comm.iprobe()))
          late(() => comm.messages())
          late(() => of(comm.channel({ peer: revoker })))
        }
        const shrunk = ranks((comm) =>
          timer(8).pipe(
            mergeMap(() => comm.ishrink()),
            mergeMap((next) =>
              next.iallreduce(1, SUM).pipe(
                map((sum) => {
                  next.free()
                  return sum
                })
              )
            ),
            mergeMap((sum) => comm.iagree(sum === size))
          )
        )
        const said: unknown[] = []
        for (const result of shrunk) result.subscribe((value) => said.push(value))
        timer(60).subscribe(() => expect(said).toEqual(others(size, -1).map(() => true)))
      })
    }
  })

  it.each(SIZES)('of %i ranks reaches all that live, or none, when its rank dies at once', (size) => {
    const reached = new Set<number>()
    for (let seed = 0; seed < 150; seed++) {
      simulate(size, { latency: 1, jitter: 3, seed }, ({ comms, fail }) => {
        comms[0]!.revoke()
        timer(seed % 3).subscribe(() => fail(0))
        timer(100).subscribe(() => {
          const count = comms.slice(1).filter(({ core }) => core.revoked).length
          expect([0, size - 1]).toContain(count)
          reached.add(count)
        })
      })
    }
    if (size > 2 && size < 6) expect([...reached].sort()).toEqual([0, size - 1])
  })

  it('of a communicator that another rank has not made yet takes hold when it is made', () => {
    simulate(2, { latency: 1, link: (from) => ({ latency: from === 0 ? 1 : 5 }) }, ({ comms: [zero, one], expectObservable }) => {
      const made = [zero!.ishrink(), one!.ishrink()]
      made[0]!.subscribe((comm) => comm.revoke())
      expectObservable(outcome(made[1]!.pipe(mergeMap((comm) => comm.irecv())))).toBe('------------(r|)', { r: 'RevokedError' })
      timer(20).subscribe(() => {
        for (const { value } of made) value!.free()
      })
    })
  })
})

describe('agree and shrink', () => {
  it('take the time that is drawn', () => {
    const [zero, one] = drawn('src/communicator/fault-tolerance.ts', 'rank 0   iagree(6)', 'rank 1   iagree(12)')
    const [first, second] = drawn('src/communicator/fault-tolerance.ts', 'rank 0   ishrink()', 'rank 1   ishrink()')
    simulate(2, { latency: 1 }, ({ comms, ranks, expectObservable }) => {
      expectObservable(comms[0]!.iagree(6)).toBe(zero!, { a: 4 })
      expectObservable(comms[1]!.iagree(12)).toBe(one!, { a: 4 })
      const shrunk = ranks((comm) => comm.ishrink({ name: 'rest' }))
      for (const [rank, request] of shrunk.entries()) {
        const told = request.pipe(map(({ name, size, rank }) => `${name} ${rank} ${size}`))
        expectObservable(told).toBe([first!, second!][rank]!, { a: `rest ${rank} 2` })
        timer(9).subscribe(() => request.value!.free())
      }
    })
  })

  it('of booleans are true when all are', () => {
    const flags = (values: boolean[]): unknown[] =>
      simulate(values.length, {}, ({ ranks }) => {
        const said: unknown[] = []
        for (const request of ranks((comm) => comm.iagree(values[comm.rank]!))) request.subscribe((value) => said.push(value))
        return said
      })
    expect(flags([true, true, true])).toEqual([true, true, true])
    expect(flags([true, false, true])).toEqual([false, false, false])
  })

  it('fail on all ranks when they have called different things, and go on after', () => {
    simulate(3, { latency: 1 }, ({ ranks, expectObservable }) => {
      const calls = [
        (comm: Communicator) => comm.iagree(1),
        (comm: Communicator) => comm.iagree(true),
        (comm: Communicator) => comm.ishrink()
      ]
      const results = ranks((comm) => [calls[comm.rank]!(comm) as Observable<unknown>, comm.iagree(comm.rank | 4)] as const)
      for (const [rank, [first, next]] of results.entries()) {
        const told = first.pipe(catchError((error: Error) => of(error.message)))
        const at = rank === 0 ? '---' : '----'
        expectObservable(
          told.pipe(map((message) => /rank 0: agree\(number\)\n.*rank 1: agree\(boolean\)\n.*rank 2: shrink\(\)\n/.test(String(message))))
        ).toBe(`${at}(t|)`, { t: true })
        expectObservable(next).toBe(`${at}(a|)`, { a: 4 })
      }
    })
  })

  it('refuse bad arguments, and take part in nothing then', () => {
    simulate(1, {}, ({ comms: [comm], expectObservable }) => {
      for (const flag of [1.5, 2 ** 31, Number.NaN, 'yes', undefined, null]) {
        expectObservable(outcome(comm!.iagree(flag as number))).toBe('(e|)', { e: 'ArgumentError' })
      }
      for (const options of [null, 7, { signal: 'now' }]) {
        expectObservable(outcome(comm!.iagree(1, options as object))).toBe('(e|)', { e: 'ArgumentError' })
        expectObservable(outcome(comm!.ishrink(options as object))).toBe('(e|)', { e: 'ArgumentError' })
      }
      expectObservable(outcome(comm!.ishrink({ name: 7 as unknown as string }))).toBe('(e|)', { e: 'ArgumentError' })
      const made = comm!.idup()
      const dup = made.value!
      dup.free()
      expectObservable(outcome(dup.iagree(1))).toBe('(e|)', { e: 'FreedError' })
      expectObservable(outcome(dup.ishrink())).toBe('(e|)', { e: 'FreedError' })
      dup.revoke()
    })
  })

  it('given up by a signal, or with their communicator, hold up nobody', () => {
    simulate(2, { latency: 1 }, ({ ranks, comms: [zero, one], expectObservable }) => {
      const controller = new AbortController()
      timer(1).subscribe(() => controller.abort())
      expectObservable(outcome(zero!.iagree(1, { signal: controller.signal }))).toBe('-(e|)', { e: 'AbortError' })
      expectObservable(one!.iagree(3)).toBe('----(a|)', { a: 1 })
      const dups = ranks((comm) => comm.idup())
      const agreed = dups.map((dup) => dup.pipe(mergeMap((comm) => comm.iagree(comm.rank | 2))))
      timer(3).subscribe(() => dups[0]!.value!.free())
      expectObservable(outcome(agreed[0]!)).toBe('---(e|)', { e: 'FreedError' })
      expectObservable(agreed[1]!).toBe('-----(a|)', { a: 2 })
      timer(9).subscribe(() => dups[1]!.value!.free())
    })
  })

  it('that a rank never calls are reported', () => {
    const run = (): void => simulate(3, { latency: 1 }, ({ comms: [zero, one] }) => void [zero!.iagree(1), one!.ishrink()])
    expect(run).toThrow(
      /rank 0 waits in agree\(number\) for rank 2 to take part, at .*survival\.test\.ts.*\n.*rank 1 waits in shrink\(\) for rank 0 to take part/
    )
  })
})
