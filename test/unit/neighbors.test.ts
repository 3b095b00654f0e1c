import fc from 'fast-check'
import { concatMap, map, mergeMap, type Observable, of, Subject, toArray } from 'rxjs'
import * as mpi from '../../operators/index.js'
import { Grid } from '../../src/collective/topology/grid.js'
import type { Cartesian, Communicator, Graph } from '../../src/communicator/communicator.js'
import { PROC_NULL } from '../../src/constants.js'
import { vector, view } from '../../src/layout/index.js'
import { simulate } from '../../testing/simulate.js'

const SIZES = [1, 2, 3, 4, 5, 7, 8]

/** What each rank gets of a program; its error where it fails. Topologies are freed. */
function onRanks<T>(size: number, program: (comm: Communicator) => Observable<T>, options = {}): (T | Error)[] {
  const results: (T | Error)[] = []
  simulate(size, { leaks: 'ignore', check: false, ...options }, ({ comms, flush }) => {
    for (const comm of comms) {
      program(comm).subscribe({
        next: (value) => (results[comm.rank] = value),
        error: (error) => (results[comm.rank] = error)
      })
    }
    flush()
  })
  return results
}

/** All grids of so many ranks in up to three dimensions. */
function gridsOf(size: number): { dims: number[]; periodic: boolean[] }[] {
  const shapes: number[][] = []
  for (let a = 1; a <= size; a++)
    if (size % a === 0) for (let b = 1; b <= size / a; b++) if ((size / a) % b === 0) shapes.push([a, b, size / a / b])
  return [
    { dims: [size], periodic: [true] },
    { dims: [size], periodic: [false] },
    ...shapes.flatMap((dims) => [
      { dims, periodic: [true, true, true] },
      { dims, periodic: [false, true, false] }
    ])
  ]
}

/** Edges of a topology: what a rank gives by a place of its dests, and who gets it by which place of its sources. */
type Edges = { from: number; out: number; to: number; in: number }[]

/** The reference: place s of a grid leads to place s xor 1 of whoever is there. */
function edgesOfGrid(grid: Grid): Edges {
  const edges: Edges = []
  for (let from = 0; from < grid.size; from++) {
    for (const [out, to] of grid.neighborsOf(from).entries()) if (to !== PROC_NULL) edges.push({ from, out, to, in: out ^ 1 })
  }
  return edges
}

/** The reference: the k-th edge from one rank to another, among its dests, meets the k-th from that one among the other's sources. */
function edgesOfGraph(sources: number[][], dests: number[][]): Edges {
  const edges: Edges = []
  for (const [from, list] of dests.entries()) {
    for (const [out, to] of list.entries()) {
      const nth = list.slice(0, out).filter((other) => other === to).length
      const places = sources[to]!.flatMap((source, place) => (source === from ? [place] : []))
      edges.push({ from, out, to, in: places[nth]! })
    }
  }
  return edges
}

/** What each rank is to get, by place; `value` says what is given. */
function expected<T>(edges: Edges, sources: readonly number[], rank: number, value: (from: number, out: number) => T): (T | undefined)[] {
  return sources.map((_, place) => {
    const edge = edges.find(({ to, in: into }) => to === rank && into === place)
    return edge && value(edge.from, edge.out)
  })
}

/** All calls, one after the other: what each rank gets of them. */
function allCalls(comm: Cartesian | Graph): Observable<unknown[]> {
  const { rank } = comm
  const { sources, dests } = comm.neighbors
  const named = dests.map((_, out) => `${rank}.${out}`)
  const runs = Int32Array.from({ length: 2 * dests.length }, (_, k) => 100 * rank + k)
  const own = Float64Array.of(rank, -rank)
  const long = Float64Array.from({ length: 9000 * dests.length }, (_, k) => 1e6 * rank + k)
  const ragged = dests.flatMap((_, out) => Array.from({ length: out + 1 }, () => 10 * rank + out))
  const matrix = new Int32Array(4 * Math.max(1, sources.length)).fill(-1)
  const column = (k: number) => view(matrix, vector(2, 1, 2 * Math.max(1, sources.length)), { offset: k })
  const calls: (() => Observable<unknown>)[] = [
    () => comm.ineighborAllgather(`rank ${rank}`),
    () => comm.ineighborAllgather(own, { into: new Float64Array(2 * sources.length).fill(9) }),
    () => comm.ineighborAllgatherv(Uint8Array.from({ length: rank + 1 }, () => rank)),
    () => comm.ineighborAlltoall(named),
    () => comm.ineighborAlltoall(runs, { into: new Int32Array(2 * sources.length).fill(-7) }),
    () =>
      comm
        .ineighborAlltoall(long, { into: new Float64Array(9000 * sources.length) })
        .pipe(map((all) => all.filter((_, k) => k % 9000 === 8999))),
    () => comm.ineighborAlltoallv(Int16Array.from(ragged), { sendCounts: dests.map((_, out) => out + 1) }),
    () =>
      comm
        .ineighborAlltoall(
          dests.map((_, out) => view(runs, vector(2, 1, 1), { offset: 2 * out })),
          { into: sources.map((_, place) => column(place)) }
        )
        .pipe(map(() => matrix))
  ]
  return of(...calls).pipe(
    concatMap((call) => call()),
    toArray()
  )
}

function expectedOfCalls(
  edges: Edges,
  { sources, dests }: { sources: readonly number[]; dests: readonly number[] },
  rank: number
): unknown[] {
  const parts = <T>(value: (from: number, out: number) => T) => expected(edges, sources, rank, value)
  const joined = (value: (from: number, out: number) => number[]): number[] => parts(value).flatMap((part) => part ?? [])
  const width = 2 * Math.max(1, sources.length)
  const matrix = new Int32Array(2 * width).fill(-1)
  for (const [place, part] of parts((from, out) => [100 * from + 2 * out, 100 * from + 2 * out + 1]).entries())
    if (part !== undefined) for (const [row, value] of part.entries()) matrix[place + row * width] = value
  void dests
  return [
    parts((from) => `rank ${from}`),
    Float64Array.from(parts((from) => [from, -from]).flatMap((part) => part ?? [9, 9])),
    Uint8Array.from(joined((from) => new Array<number>(from + 1).fill(from))),
    parts((from, out) => `${from}.${out}`),
    Int32Array.from(parts((from, out) => [100 * from + 2 * out, 100 * from + 2 * out + 1]).flatMap((part) => part ?? [-7, -7])),
    Float64Array.from(parts((from, out) => 1e6 * from + 9000 * out + 8999).map((value) => value ?? 0)),
    Int16Array.from(joined((from, out) => new Array<number>(out + 1).fill(10 * from + out))),
    matrix
  ]
}

describe('on grids', () => {
  it.each(SIZES)('what goes one way comes from the other, with %i ranks, whatever the dimensions and their ends', (size) => {
    for (const { dims, periodic } of gridsOf(size)) {
      const grid = new Grid(dims, periodic)
      const results = onRanks(size, (comm) => comm.icart({ dims, periodic }).pipe(mergeMap((cart) => allCalls(cart!))))
      const neighbors = (rank: number) => ({ sources: grid.neighborsOf(rank), dests: grid.neighborsOf(rank) })
      for (let rank = 0; rank < size; rank++)
        expect([dims, periodic, results[rank]]).toEqual([dims, periodic, expectedOfCalls(edgesOfGrid(grid), neighbors(rank), rank)])
    }
  })

  it('cost a message an edge, and none for a rank that is its own neighbour', () => {
    for (const [dims, periodic] of [
      [
        [4, 3],
        [true, false]
      ],
      [
        [1, 5],
        [true, true]
      ],
      [
        [2, 2],
        [true, true]
      ]
    ] as const) {
      const grid = new Grid(dims, periodic)
      simulate(grid.size, { leaks: 'ignore' }, ({ comms, flush, traffic }) => {
        const carts: Cartesian[] = []
        for (const comm of comms) comm.icart({ dims, periodic }).subscribe((cart) => (carts[comm.rank] = cart!))
        flush()
        const before = traffic().messages
        for (const cart of carts) cart.ineighborAlltoall(Int32Array.from(cart.neighbors.dests)).subscribe()
        flush()
        expect(traffic().messages - before).toBe(edgesOfGrid(grid).filter(({ from, to }) => from !== to).length)
      })
    }
  })
})

describe('on graphs', () => {
  /** Random edges, told by whom they concern, in an order of its own at each end. */
  const graphs = fc.integer({ min: 1, max: 6 }).chain((size) =>
    fc.record({
      size: fc.constant(size),
      edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 14 }),
      order: fc.nat(1000)
    })
  )

  it('the k-th edge to a rank meets its k-th, whoever is joined to whom', () => {
    fc.assert(
      fc.property(graphs, ({ size, edges, order }) => {
        const ranks = Array.from({ length: size }, (_, rank) => rank)
        const shuffled = [...edges].sort((a, b) => ((a[0] * 7 + a[1] * 3 + order) % 5) - ((b[0] * 7 + b[1] * 3 + order) % 5))
        const sources = ranks.map((rank) => edges.filter(([, to]) => to === rank).map(([from]) => from))
        const dests = ranks.map((rank) => shuffled.filter(([from]) => from === rank).map(([, to]) => to))
        const all = edgesOfGraph(sources, dests)
        const results = onRanks(size, (comm) =>
          comm.igraph({ sources: sources[comm.rank]!, dests: dests[comm.rank]! }).pipe(mergeMap(allCalls))
        )
        for (const rank of ranks)
          expect(results[rank]).toEqual(expectedOfCalls(all, { sources: sources[rank]!, dests: dests[rank]! }, rank))
      }),
      { numRuns: 60 }
    )
  })

  it('edges that any rank tells are joined in the order of the ranks', () => {
    fc.assert(
      fc.property(graphs, ({ size, edges, order }) => {
        const told = Array.from({ length: size }, (_, rank) => edges.filter((_, k) => (k + order) % size === rank))
        const joined = told.flat()
        const weight = ([from, to]: [number, number]) => from + to / 10
        const results = onRanks(size, (comm) =>
          comm
            .igraph({ edges: told[comm.rank]!.map((edge) => [...edge, weight(edge)] as [number, number, number]) })
            .pipe(map(({ neighbors }) => neighbors))
        )
        for (let rank = 0; rank < size; rank++) {
          const [incoming, outgoing] = [joined.filter(([, to]) => to === rank), joined.filter(([from]) => from === rank)]
          const weights = { sources: incoming.map(weight), dests: outgoing.map(weight) }
          const neighbors = { sources: incoming.map(([from]) => from), dests: outgoing.map(([, to]) => to) }
          expect(results[rank]).toEqual(edges.length === 0 ? neighbors : { ...neighbors, weights })
        }
      }),
      { numRuns: 30 }
    )
  })

  it('whose ends disagree are a CollectiveMismatchError everywhere', () => {
    const results = onRanks(3, (comm) => comm.igraph({ sources: comm.rank === 2 ? [0, 0] : [], dests: comm.rank === 0 ? [2] : [] }))
    for (const error of results) {
      expect(error).toMatchObject({ name: 'CollectiveMismatchError' })
      expect((error as Error).message).toContain('rank 0 has once among its dests 2, but rank 2 has 2 times among its sources 0')
    }
    const forms = onRanks(2, (comm) => comm.igraph(comm.rank === 0 ? { edges: [] } : { sources: [], dests: [] }))
    for (const error of forms) expect(error).toMatchObject({ name: 'CollectiveMismatchError' })
  })
})

describe('streams', () => {
  it('go on as marbles do', () => {
    simulate(2, { latency: 1, leaks: 'ignore' }, ({ comms, flush, cold, expectObservable }) => {
      const carts: Cartesian[] = []
      for (const comm of comms) comm.icart({ dims: 1, periodic: true }).subscribe((cart) => (carts[comm.rank] = cart!))
      flush()
      // The grid was made after 1 ms.
      const sources = ['a--c--|', 'b--d--|']
      const results = carts.map((cart) => cold(sources[cart.rank]!).pipe(mpi.neighborAllgather(cart)))
      expectObservable(results[0]!).toBe('--x--u--|', { x: ['b', 'b'], u: ['d', 'd'] })
      expectObservable(results[1]!).toBe('--y--v--|', { y: ['a', 'a'], v: ['c', 'c'] })
    })
  })

  it('are not held up by those that are no neighbours', () => {
    // A line of three: the first two go on while the last has given nothing.
    simulate(3, { latency: 1, leaks: 'ignore' }, ({ comms, flush }) => {
      const graphs: Graph[] = []
      const lists = [[1], [0], []]
      for (const comm of comms)
        comm.igraph({ sources: lists[comm.rank]!, dests: lists[comm.rank]! }).subscribe((graph) => (graphs[comm.rank] = graph))
      flush()
      const got = [0, 0]
      for (const rank of [0, 1]) {
        of(...Array.from({ length: 500 }, (_, k) => k))
          .pipe(mpi.neighborAllgather(graphs[rank]!))
          .subscribe(() => got[rank]!++)
      }
      const never = new Subject<number>()
      never.pipe(mpi.neighborAllgather(graphs[2]!)).subscribe()
      flush()
      expect(got).toEqual([500, 500])
      for (let k = 0; k < 500; k++) never.next(k)
      never.complete()
      flush()
    })
  })

  it.each([1, 2, 8])('get at most a window of %i ahead of who only listens', (window) => {
    simulate(2, { latency: 1, leaks: 'ignore' }, ({ comms, flush }) => {
      const graphs: Graph[] = []
      for (const comm of comms)
        comm.igraph({ edges: [[0, 1]].slice(comm.rank) as [number, number][] }).subscribe((graph) => (graphs[comm.rank] = graph))
      flush()
      let given = 0
      const source = (function* () {
        for (; given < 100; given++) yield given
      })()
      mpi.neighborAllgather(graphs[0]!, { window })(source).subscribe()
      const got: unknown[] = []
      const mine = new Subject<number>()
      mine.pipe(mpi.neighborAllgather(graphs[1]!, { window })).subscribe((value) => got.push(value))
      flush()
      expect(given).toBeLessThanOrEqual(window)
      for (let k = 0; k < 10; k++) mine.next(k)
      flush()
      expect(got).toEqual(Array.from({ length: 10 }, (_, k) => [k]))
      expect(given).toBeLessThanOrEqual(10 + window)
      for (let k = 10; k < 100; k++) mine.next(k)
      mine.complete()
      flush()
      expect(got.length).toBe(100)
    })
  })

  it('with rest go on without the parts of those that have ended', () => {
    const results: unknown[][] = [[], []]
    simulate(2, { latency: 1, leaks: 'ignore' }, ({ comms, flush }) => {
      for (const comm of comms) {
        comm
          .icart({ dims: [2] })
          .pipe(
            mergeMap((cart) => of(...['a', 'b', 'c'].slice(0, 1 + 2 * cart!.rank)).pipe(mpi.neighborAllgather(cart!, { ragged: 'rest' })))
          )
          .subscribe((value) => results[comm.rank]!.push(value))
      }
      flush()
    })
    expect(results).toEqual([
      [
        [undefined, 'a'],
        [undefined, 'b'],
        [undefined, 'c']
      ],
      [
        ['a', undefined],
        [undefined, undefined],
        [undefined, undefined]
      ]
    ])
  })
})

describe('bad arguments', () => {
  const grid = (comm: Communicator) => comm.icart({ dims: [2] })
  const cases: [string, (comm: Communicator) => Observable<unknown>, string][] = [
    ['no topology', (comm) => comm.ineighborAllgather(1), 'ArgumentError'],
    ['too many values', (comm) => grid(comm).pipe(mergeMap((cart) => cart!.ineighborAlltoall([1, 2, 3]))), 'CountError'],
    ['no array', (comm) => grid(comm).pipe(mergeMap((cart) => cart!.ineighborAlltoall('ab' as never))), 'DatatypeError'],
    ['odd runs', (comm) => grid(comm).pipe(mergeMap((cart) => cart!.ineighborAlltoall(new Int8Array(3)))), 'CountError'],
    [
      'short into',
      (comm) => grid(comm).pipe(mergeMap((cart) => cart!.ineighborAllgather(new Int8Array(2), { into: new Int8Array(3) }))),
      'TruncationError'
    ],
    [
      'counts',
      (comm) => grid(comm).pipe(mergeMap((cart) => cart!.ineighborAlltoallv(new Int8Array(3), { sendCounts: [1] }))),
      'CountError'
    ],
    [
      'many intos',
      (comm) => grid(comm).pipe(mergeMap((cart) => cart!.ineighborAllgather(view(new Int8Array(2)), { into: [new Int8Array(2)] }))),
      'CountError'
    ],
    ['dims', (comm) => comm.icart({ dims: [3] }), 'CountError'],
    ['dims 0', (comm) => comm.icart({ dims: [0] }), 'ArgumentError'],
    ['no dims', (comm) => comm.icart({} as never), 'ArgumentError'],
    ['periodic', (comm) => comm.icart({ dims: [2], periodic: [true, true] }), 'CountError'],
    ['periodic 1', (comm) => comm.icart({ dims: [2], periodic: 1 as never }), 'ArgumentError'],
    ['reorder', (comm) => comm.icart({ dims: [2], reorder: 1 as never }), 'ArgumentError'],
    ['name', (comm) => comm.icart({ dims: [2], name: 1 as never }), 'ArgumentError'],
    ['sources', (comm) => comm.igraph({ sources: [2], dests: [] }), 'RankError'],
    ['null', (comm) => comm.igraph({ sources: [], dests: [PROC_NULL] }), 'RankError'],
    ['weights', (comm) => comm.igraph({ sources: [], dests: [0], weights: { sources: [], dests: [] } }), 'CountError'],
    ['weight', (comm) => comm.igraph({ edges: [[0, 1, -1]] }), 'ArgumentError'],
    ['edges', (comm) => comm.igraph({ edges: [[0]] as never }), 'ArgumentError'],
    ['keep', (comm) => grid(comm).pipe(mergeMap((cart) => cart!.isub([true, true]))), 'CountError']
  ]

  it.each(cases)('%s', (_, call, name) => {
    for (const error of onRanks(2, call)) expect(error).toMatchObject({ name, rank: expect.any(Number), callSite: expect.any(String) })
  })
})

describe('a grid', () => {
  it('has names, coordinates, neighbours, and keeps itself in dup alone', () => {
    const results = onRanks(6, (comm) =>
      comm.icart({ dims: [2, 3], periodic: [false, true] }).pipe(
        mergeMap((cart) => cart!.idup().pipe(map((copy) => ({ cart: cart!, copy })))),
        mergeMap(({ cart, copy }) => cart.isplit(0).pipe(map((split) => ({ cart, copy, split })))),
        mergeMap(({ cart, copy, split }) => cart.ishrink().pipe(map((shrunk) => ({ cart, copy, split, shrunk })))),
        map(({ cart, copy, split, shrunk }) => ({
          names: [cart.name, copy.name, split!.name, shrunk.name],
          coords: cart.coords,
          copied: [copy.dims, copy.coords, copy.neighbors.sources],
          neighbors: cart.neighbors.sources,
          shift: [cart.shift(0), cart.shift(1, 2)],
          plain: ['dims' in split!, 'dims' in shrunk]
        }))
      )
    )
    expect(results[4]).toEqual({
      names: ['world.cart(1)', 'world.cart(1).dup(1)', 'world.cart(1).split(1)', 'world.cart(1).shrink(1)'],
      coords: [1, 1],
      copied: [
        [2, 3],
        [1, 1],
        [1, PROC_NULL, 3, 5]
      ],
      neighbors: [1, PROC_NULL, 3, 5],
      shift: [
        { source: 1, dest: PROC_NULL },
        { source: 5, dest: 3 }
      ],
      plain: [false, false]
    })
  })

  it('leaves out the ranks beyond it; without dimensions it is rank 0 alone', () => {
    expect(onRanks(5, (comm) => comm.icart({ dims: [2, 2] }).pipe(map((cart) => cart?.rank ?? 'none')))).toEqual([0, 1, 2, 3, 'none'])
    const alone = onRanks(3, (comm) =>
      comm.icart({ dims: [] }).pipe(map((cart) => (cart ? [cart.size, cart.coords, cart.rankOf([])] : 'none')))
    )
    expect(alone).toEqual([[1, [], 0], 'none', 'none'])
    const chosen = onRanks(6, (comm) => comm.icart({ dims: 2 }).pipe(map((cart) => cart!.dims)))
    expect(chosen[5]).toEqual([3, 2])
  })

  it('is cut into grids of fewer dimensions', () => {
    const program = (keep: boolean[]) => (comm: Communicator) =>
      comm.icart({ dims: [2, 3], periodic: [true, false] }).pipe(
        mergeMap((cart) => cart!.isub(keep)),
        map(({ dims, periodic, coords, rank, name, size }) => [dims, periodic, coords, rank, name, size])
      )
    expect(onRanks(6, program([false, true]))[4]).toEqual([[3], [false], [1], 1, 'world.cart(1).sub(1)', 3])
    expect(onRanks(6, program([true, false]))[4]).toEqual([[2], [true], [1], 1, 'world.cart(1).sub(1)', 2])
    expect(onRanks(6, program([false, false]))[4]).toEqual([[], [], [], 0, 'world.cart(1).sub(1)', 1])
  })

  it('that ranks give differently is a CollectiveMismatchError everywhere', () => {
    for (const error of onRanks(4, (comm) => comm.icart({ dims: comm.rank === 3 ? [4, 1] : [2, 2] }))) {
      expect(error).toMatchObject({ name: 'CollectiveMismatchError', message: expect.stringContaining('rank 3 gives') })
    }
  })

  it('knows the ranks of coordinates, and refuses what is none', () => {
    const [, errors] = onRanks(2, (comm) =>
      comm.icart({ dims: [2], periodic: true }).pipe(
        map((cart) => {
          const failures = [
            () => cart!.coordsOf(2),
            () => cart!.rankOf([0, 0]),
            () => cart!.rankOf([0.5]),
            () => cart!.shift(1),
            () => cart!.shift(0, 0.5)
          ].map((call) => {
            try {
              return call()
            } catch (error) {
              return (error as Error).name
            }
          })
          return [cart!.rankOf([-1]), cart!.rankOf([7]), ...failures]
        })
      )
    )
    expect(errors).toEqual([1, 1, 'RankError', 'CountError', 'ArgumentError', 'ArgumentError', 'ArgumentError'])
  })

  it('needs options', () => {
    const calls: ((comm: Communicator) => Observable<Cartesian | Graph | undefined>)[] = [
      (comm) => comm.icart(undefined as never),
      (comm) => comm.igraph(undefined as never)
    ]
    for (const call of calls) {
      const [error] = onRanks(1, (comm): Observable<unknown> => call(comm))
      expect(error).toMatchObject({ name: 'ArgumentError', message: expect.stringMatching(/^options: expected an object/) })
    }
  })

  it('puts neighbours on one host with reorder', () => {
    // Hosts deal out the ranks in turn, so neighbours are apart as they come.
    const hosts = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]
    const crossing = (reorder: boolean): number => {
      const results = onRanks(
        16,
        (comm) => comm.icart({ dims: [4, 4], reorder }).pipe(mergeMap((cart) => cart!.ineighborAllgather(hosts[comm.rank]!))),
        { hosts }
      )
      return results
        .map((parts, rank) => (parts as number[]).filter((host) => host !== undefined && host !== hosts[rank]).length)
        .reduce((a, b) => a + b)
    }
    expect(crossing(false)).toBe(24)
    expect(crossing(true)).toBe(16)
    const ring = onRanks(
      8,
      (comm) =>
        comm
          .igraph({ sources: [(comm.rank + 7) % 8], dests: [(comm.rank + 1) % 8], reorder: true })
          .pipe(mergeMap((graph) => graph.ineighborAllgather(hosts[comm.rank]!).pipe(map(([host]) => host === hosts[comm.rank])))),
      { hosts: hosts.slice(0, 8) }
    )
    expect(ring.filter((same) => same).length).toBe(4)
  })
})
