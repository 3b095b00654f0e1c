import { concat, concatMap, defer, map, mergeMap, type Observable, range, toArray } from 'rxjs'
import type { Cartesian, Communicator, Graph } from '../../src/communicator/communicator.js'
import { ArgumentError, DatatypeError, type RxmpiError, TruncationError } from '../../src/errors.js'
import { vector, view } from '../../src/layout/index.js'
import type { Persistent } from '../../src/request/persistent.js'
import { simulate } from '../../testing/simulate.js'
import { below, results } from './collectives/binding.js'
import { bindings } from './collectives/bindings.js'
import { type Calls, copied, fill } from './kept-memory.js'

const sizes = [1, 2, 3, 4, 5, 7, 8]
const ROUNDS = 3

type Topology = Cartesian | Graph

/** What all ranks of a topology do, and give it back. */
const on = <T>(made: Observable<Topology | undefined>, program: (comm: Topology) => Observable<T>): Observable<T> =>
  made.pipe(
    mergeMap((comm) =>
      concat(
        program(comm!),
        comm!.ibarrier().pipe(
          mergeMap(() => {
            comm!.free()
            return []
          })
        )
      )
    )
  )

const topologies: [string, (comm: Communicator) => Observable<Topology | undefined>][] = [
  ['a line', (comm) => comm.icart({ dims: 1 })],
  ['a ring', (comm) => comm.icart({ dims: 1, periodic: true })],
  ['a grid', (comm) => comm.icart({ dims: 2, periodic: [true, false] })],
  // Who is given something may hear of it later than who gives it is done.
  ['a graph of one way', (comm) => comm.igraph({ edges: below(comm.rank).map((lower) => [lower, comm.rank]) })],
  [
    'a graph of double edges',
    (comm) => {
      const next = (comm.rank + 1) % comm.size
      return comm.igraph({
        edges: [
          [comm.rank, next],
          [comm.rank, next]
        ]
      })
    }
  ]
]

const f64 = (length: number): Float64Array => new Float64Array(length)
const column = (length: number) => view(f64(2 * length), vector(length, 1, 2))

const cases: [string, (comm: Topology, n: number) => { data: unknown; options?: object }][] = [
  ['neighborAllgather', ({ neighbors: { sources } }, n) => ({ data: f64(n), options: { into: f64(n * sources.length) } })],
  ['neighborAllgather', (_, n) => ({ data: f64(n) })],
  ['neighborAllgather', ({ neighbors: { sources } }, n) => ({ data: column(n), options: { into: column(n * sources.length) } })],
  ['neighborAllgatherv', ({ rank }, n) => ({ data: f64(n + rank) })],
  [
    'neighborAllgatherv',
    ({ rank, size, neighbors: { sources } }, n) => ({ data: f64(n + rank), options: { into: f64((n + size) * sources.length) } })
  ],
  [
    'neighborAlltoall',
    ({ neighbors: { sources, dests } }, n) => ({ data: f64(n * dests.length), options: { into: f64(n * sources.length) } })
  ],
  [
    'neighborAlltoall',
    ({ neighbors: { sources, dests } }, n) => ({
      data: dests.map(() => column(n)),
      options: { into: sources.map(() => column(n)) }
    })
  ],
  [
    'neighborAlltoallv',
    ({ neighbors: { sources, dests } }, n) => ({
      data: f64((n + 2) * dests.length),
      options: {
        sendCounts: dests.map(() => n),
        sendDispls: dests.map((_, k) => (n + 2) * k),
        recvCounts: sources.map(() => n),
        recvDispls: sources.map((_, k) => (n + 1) * k),
        into: f64((n + 1) * sources.length)
      }
    })
  ]
]

describe.each(bindings)('persistent exchanges with neighbours over $name', (binding) => {
  describe.each(topologies)('on %s', (_, make) => {
    test.each(sizes)('give at each start what the call gives, on %i ranks', async (size) => {
      const outcomes = await results(binding, size, (world) =>
        on(make(world), (comm) =>
          concat(
            ...cases.map(([name, args]) => {
              const [own, other] = [args(comm, 3), args(comm, 3)]
              const into = (one: typeof own) => (one.options as { into?: unknown } | undefined)?.into
              const persistent = (comm as unknown as Calls)[`${name}Init`]!(own.data, own.options)
              const round = (k: number) =>
                defer(() => {
                  for (const one of [own, other]) {
                    fill(one.data, 10 * k + comm.rank)
                    fill(into(one), -1)
                  }
                  const plain = (comm as unknown as Calls)[`i${name}`]!(other.data, other.options)
                  return concat(
                    persistent.start().pipe(map((value) => [copied(value), copied(into(own))])),
                    plain.pipe(map((value) => [copied(value), copied(into(other))]))
                  ).pipe(toArray())
                })
              return concat(...below(ROUNDS).map(round))
            })
          )
        )
      )
      for (const rounds of outcomes) {
        expect(rounds).toHaveLength(ROUNDS * cases.length)
        for (const [persistent, plain] of rounds) expect(persistent).toEqual(plain)
      }
    })
  })

  test.each([1, 2, 3, 8])('may be started in any order and be under way together, on %i ranks', async (size) => {
    const outcomes = await results(binding, size, (world) =>
      on(world.icart({ dims: 1, periodic: true }), (comm) => {
        const [own, near, twice] = [f64(2).fill(comm.rank), f64(2), f64(4)]
        const made = [comm.neighborAlltoallInit(own, { into: near }), comm.neighborAllgatherInit(own, { into: twice })]
        return range(0, ROUNDS).pipe(
          concatMap(() => {
            const requests = (comm.rank % 2 === 0 ? made : [...made].reverse()).map((one) => one.start())
            return concat(...requests).pipe(toArray())
          }),
          map(() => [...near, ...twice])
        )
      })
    )
    for (const [rank, rounds] of outcomes.entries()) {
      const [below, above] = [(rank + size - 1) % size, (rank + 1) % size]
      expect(rounds).toEqual(new Array(ROUNDS).fill([below, above, below, below, above, above]))
    }
  })
})

describe('a persistent exchange with neighbours', () => {
  it('starts when the neighbours do, and needs nobody else', () => {
    simulate(4, { latency: 1, leaks: 'ignore' }, ({ comms, flush }) => {
      const into = comms.map(() => f64(2).fill(-1))
      const made: Persistent<unknown>[] = []
      for (const comm of comms) {
        comm.icart({ dims: [4] }).subscribe((cart) => {
          made[comm.rank] = cart!.neighborAllgatherInit(f64(1).fill(comm.rank), { into: into[comm.rank] })
        })
      }
      flush()
      const requests = [0, 1, 2].map((rank) => made[rank]!.start())
      flush()
      expect(requests.map(({ settled }) => settled)).toEqual([true, true, false])
      made[3]!.start()
      flush()
      expect(into.map((values) => [...values])).toEqual([
        [-1, 1],
        [0, 2],
        [1, 3],
        [2, -1]
      ])
      expect(requests[2]!.settled).toBe(true)
    })
  })

  it('refuses what is bad where it is made', () => {
    simulate(2, { leaks: 'ignore' }, ({ comms: [zero, one], flush }) => {
      const errors: RxmpiError[] = []
      const attempt = (call: () => unknown): void => {
        try {
          call()
        } catch (error) {
          errors.push(error as RxmpiError)
        }
      }
      attempt(() => zero!.neighborAllgatherInit(f64(1)))
      let cart: Cartesian | undefined
      zero!.icart({ dims: [2] }).subscribe((made) => (cart = made))
      one!.icart({ dims: [2] }).subscribe()
      flush()
      attempt(() => cart!.neighborAllgatherInit('text' as never))
      attempt(() => cart!.neighborAllgatherInit(f64(2), { into: f64(3) }))
      attempt(() => cart!.neighborAlltoallvInit(f64(2), { sendCounts: [1, 1], into: new Int8Array(2) }))
      for (const [k, kind] of [ArgumentError, DatatypeError, TruncationError, DatatypeError].entries())
        expect(errors[k]).toBeInstanceOf(kind)
      for (const error of errors) expect(error.callSite).toContain('persistent-neighbors.test.ts')
    })
  })
})
