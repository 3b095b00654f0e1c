import { concatMap, defer, EMPTY, forkJoin, map, type Observable, of } from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { FreedError, RankError, RankFailedError, RemoteError, type RxmpiError, TagError } from '../../src/errors.js'
import { SUM } from '../../src/op/op.js'
import type { Request } from '../../src/request/request.js'
import { simulate } from '../../testing/simulate.js'
import { memoryWorld } from '../../testing/simulation/memory-world.js'
import { below } from './collectives/binding.js'
import { bindings } from './collectives/bindings.js'

const sizes = [1, 2, 3, 4, 5, 7, 8]

/** What the ranks of a new communicator find, which is freed then. */
const looked = (comm: Communicator): Observable<unknown> =>
  comm.iallreduce(2 ** comm.rank, SUM).pipe(
    map((sum) => {
      const { name, rank, size } = comm
      comm.free()
      return { name, rank, size, sum }
    })
  )

describe.each(bindings)('createGroup over $name', (binding) => {
  test.each(sizes)('takes the ranks of the group alone, of %i', async (size) => {
    const outcomes = await binding.run(size, (comm) => {
      const odd = comm.group.include(
        below(size)
          .filter((rank) => rank % 2 === 1)
          .reverse()
      )
      return odd.rank === undefined ? EMPTY : comm.icreateGroup(odd).pipe(concatMap(looked))
    })
    const count = Math.floor(size / 2)
    for (const [rank, { values, error }] of outcomes.entries()) {
      expect(error).toBeUndefined()
      const wanted = { name: 'world.createGroup(1)', rank: count - 1 - (rank >> 1), size: count, sum: 2 ** count - 1 }
      expect(values).toEqual(rank % 2 === 1 ? [wanted] : [])
    }
  })

  test.each(sizes)('keeps overlapping groups apart, made at the same time by %i ranks', async (size) => {
    // Every pair of ranks that follow on each other: each rank is in two, and is first in one of them.
    const outcomes = await binding.run(size, (comm) => {
      const mine = below(size).filter((left) => left === comm.rank || left + 1 === comm.rank)
      if (comm.rank % 2 === 1) mine.reverse()
      return forkJoin(
        mine.map((left) => {
          const group = comm.group.include(left + 1 < size ? [left + 1, left] : [left])
          return comm.icreateGroup(group, { name: `from ${left}` }).pipe(concatMap(looked))
        })
      )
    })
    for (const [rank, { values, error }] of outcomes.entries()) {
      expect(error).toBeUndefined()
      const names = (values[0] as { name: string }[]).map(({ name }) => name).sort()
      expect(names).toEqual(
        below(size)
          .filter((left) => left === rank || left + 1 === rank)
          .map((left) => `from ${left}`)
          .sort()
      )
    }
  })

  test.each([2, 5, 8])('makes as many as are asked for, of %i ranks', async (size) => {
    const outcomes = await binding.run(size, (comm) =>
      forkJoin(below(4).map((k) => comm.icreateGroup(comm.group, { tag: k % 2 }).pipe(concatMap(looked))))
    )
    for (const { values, error } of outcomes) {
      expect(error).toBeUndefined()
      expect(values[0]).toHaveLength(4)
    }
  })
})

describe('createGroup', () => {
  it('takes the time of a message up and one down', () => {
    simulate(4, { latency: 3 }, ({ comms, expectObservable }) => {
      const made = comms.slice(1, 3).map((comm) =>
        comm.icreateGroup(comm.group.include([2, 1])).pipe(
          map((pair) => {
            pair.free()
            return pair.rank
          })
        )
      )
      expectObservable(made[0]!).toBe('------(1|)', { 1: 1 })
      expectObservable(made[1]!).toBe('---(0|)', { 0: 0 })
    })
  })

  it('tells in a report for whom it waits', () => {
    const run = (): unknown =>
      simulate(3, {}, ({ comms: [, one] }) => {
        one!.icreateGroup(one!.group.include([1, 2]), { tag: 4 })
      })
    expect(run).toThrow(/rank 1 waits in createGroup for rank 2, tag 4, at .*create-group\.test\.ts/)
  })

  it('fails on all when a rank fails', () => {
    const errors: unknown[] = []
    simulate(4, { latency: 1 }, ({ comms, fail, flush }) => {
      for (const comm of comms.slice(0, 3)) comm.icreateGroup(comm.group).subscribe({ error: (error) => (errors[comm.rank] = error) })
      fail(3)
      flush()
    })
    for (const error of errors) expect(error).toBeInstanceOf(RankFailedError)
    expect(errors).toHaveLength(3)
  })

  it('fails on all when it is aborted on one, and can be called again', () => {
    simulate(3, { latency: 1 }, ({ comms, flush }) => {
      const abort = new AbortController()
      const errors: unknown[] = []
      const requests = comms.slice(0, 2).map((comm) => comm.icreateGroup(comm.group, comm.rank === 1 ? { signal: abort.signal } : {}))
      for (const [rank, request] of requests.entries()) request.subscribe({ error: (error) => (errors[rank] = error) })
      flush()
      abort.abort()
      flush()
      expect((errors[1] as Error).name).toBe('AbortError')
      expect(errors[0]).toBeInstanceOf(RemoteError)
      // This rank was not there: it hears what has become of the first when it comes to it.
      const late = comms[2]!.icreateGroup(comms[2]!.group)
      late.subscribe({ error: (error) => (errors[2] = error) })
      expect(errors[2]).toBeInstanceOf(RemoteError)
      const again = comms.map((comm) => comm.icreateGroup(comm.group))
      flush()
      for (const request of again) request.value!.free()
    })
  })

  it('fails when its communicator is freed', () => {
    simulate(2, { latency: 1, leaks: 'ignore' }, ({ ranks, flush }) => {
      const errors: unknown[] = []
      ranks((comm) =>
        comm.idup().pipe(
          concatMap((dup) => {
            const request: Observable<unknown> = comm.rank === 0 ? dup.icreateGroup(dup.group) : defer(() => of(dup.free()))
            request.subscribe({ error: (error) => (errors[comm.rank] = error) })
            if (comm.rank === 0) dup.free()
            return EMPTY
          })
        )
      )
      flush()
      expect(errors[0]).toBeInstanceOf(FreedError)
    })
  })

  it('refuses bad arguments', async () => {
    const [comm] = memoryWorld(3)
    const cases: [() => Request<unknown>, new (message: string) => Error, string][] = [
      [() => comm!.icreateGroup(comm!.group.include([1])), RankError, 'group: this rank, 0, is not in it'],
      [() => comm!.icreateGroup(comm!.group, { tag: -1 }), TagError, 'tag: -1'],
      [() => comm!.icreateGroup(5 as never), Error, 'group: '],
      [() => comm!.icreateGroup(comm!.group, { name: 5 as never }), Error, 'name: expected a string'],
      [() => comm!.icreateGroup(comm!.group, 5 as never), Error, 'options: ']
    ]
    for (const [call, type, message] of cases) {
      const error = await (call() as Request<never>).wait().catch((thrown) => thrown as RxmpiError)
      expect(error).toBeInstanceOf(type)
      expect(error.message).toContain(message)
      expect(error.callSite).toContain('create-group.test.ts')
    }
  })
})
