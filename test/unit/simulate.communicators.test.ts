import { concatMap, map, mergeMap, tap } from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { SUM } from '../../src/op/op.js'
import { simulate } from '../../testing/simulate.js'

/** Uses a communicator and frees it. */
const using = <T>(comm: Communicator, use: (comm: Communicator) => T): T => {
  const result = use(comm)
  comm.free()
  return result
}

describe('communicators in a simulated test', () => {
  it('are made in the time of a small allreduce', () => {
    simulate(4, { latency: 2 }, ({ ranks, expectObservable }) => {
      const made = ranks((comm) => comm.idup().pipe(map((dup) => using(dup, ({ name, rank, size }) => `${name} ${rank} ${size}`))))
      for (const [rank, one] of made.entries()) expectObservable(one).toBe('----(a|)', { a: `world.dup(1) ${rank} 4` })
    })
  })

  it('are made of the ranks of each host', () => {
    const places = simulate(5, { latency: 1, hosts: [4, 2, 4, 2, 2] }, ({ ranks, flush }) => {
      const requests = ranks((comm) => comm.isplitType('host').pipe(map((host) => using(host, ({ rank, size }) => `${rank} of ${size}`))))
      const said: string[] = []
      for (const [rank, one] of requests.entries()) one.subscribe((place) => (said[rank] = place))
      flush()
      return said
    })
    expect(places).toEqual(['0 of 2', '0 of 3', '1 of 2', '1 of 3', '2 of 3'])
  })

  it.each([1, 2, 3, 4, 5, 7, 8])('of %i ranks are split by colour and key, and used at once', (size) => {
    const said = simulate(size, { latency: 1 }, ({ ranks }) => {
      const said: string[] = []
      ranks((comm) =>
        comm.isplit(comm.rank % 2, -comm.rank).pipe(
          mergeMap((half) =>
            half!.iallreduce(comm.rank, SUM).pipe(
              tap((sum) => {
                said[comm.rank] = using(half!, ({ name, rank, size }) => `${name}: ${rank} of ${size}, ${sum}`)
              })
            )
          )
        )
      )
      return said
    })
    const all = Array.from({ length: size }, (_, rank) => rank)
    for (const rank of all) {
      const members = all.filter((other) => other % 2 === rank % 2).reverse()
      const sum = members.reduce((a, b) => a + b, 0)
      expect(said[rank]).toBe(`world.split(1): ${members.indexOf(rank)} of ${members.length}, ${sum}`)
    }
  })

  it('are undefined where a rank is in none', () => {
    const sizes = simulate(3, { latency: 1 }, ({ ranks }) => {
      const sizes: unknown[] = []
      const made = ranks((comm) => comm.isplit(comm.rank === 1 ? undefined : 0))
      for (const [rank, request] of made.entries()) {
        request.subscribe((comm) => {
          sizes[rank] = comm?.size
          comm?.free()
        })
      }
      return sizes
    })
    expect(sizes).toEqual([2, undefined, 2])
  })

  it('are made of groups', () => {
    const sizes = simulate(3, { latency: 1 }, ({ ranks }) => {
      const sizes: unknown[] = []
      const made = ranks((comm) => comm.icreate(comm.group.include([2, 0])))
      for (const [rank, request] of made.entries()) {
        request.subscribe((comm) => {
          sizes[rank] = comm && `${comm.rank} of ${comm.size}`
          comm?.free()
        })
      }
      return sizes
    })
    expect(sizes).toEqual(['1 of 2', undefined, '0 of 2'])
  })

  it('are made of others, while both are in use', () => {
    simulate(4, { latency: 1 }, ({ ranks, expectObservable }) => {
      const sums = ranks((comm) =>
        comm.isplit(comm.rank >> 1).pipe(
          concatMap((half) =>
            half!.idup().pipe(
              concatMap((dup) => dup.iallreduce(comm.rank, SUM).pipe(tap(() => dup.free()))),
              tap(() => half!.free())
            )
          )
        )
      )
      for (const [rank, sum] of sums.entries()) expectObservable(sum).toBe('----(a|)', { a: rank < 2 ? 1 : 5 })
    })
  })

  it('are left behind when they are not freed, and the line where they were made is told', () => {
    const run = (): void =>
      simulate(2, { latency: 1 }, ({ ranks }) => {
        ranks((comm) => (comm.rank === 0 ? comm.idup().pipe(tap((dup) => dup.free())) : comm.idup({ name: 'mine' })))
      })
    expect(run).toThrow(
      /left something behind\n {2}rank 1 never freed communicator 'mine', at test\/unit\/simulate\.communicators\.test\.ts:\d+:\d+\n$/
    )
  })

  it('are refused for a bad argument, on that rank alone', () => {
    simulate(2, { latency: 1 }, ({ comms, expectObservable }) => {
      expectObservable(comms[0]!.isplit(-1)).toBe(
        '#',
        undefined,
        expect.objectContaining({ name: 'ArgumentError', rank: 0, communicator: 'world' })
      )
      expectObservable(comms[1]!.idup({ name: 7 as never })).toBe(
        '#',
        undefined,
        expect.objectContaining({ name: 'ArgumentError', rank: 1 })
      )
    })
  })
})
