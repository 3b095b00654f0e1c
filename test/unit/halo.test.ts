import fc from 'fast-check'
import { mergeMap, type Observable, take, takeWhile, toArray } from 'rxjs'
import * as mpi from '../../operators/index.js'
import type { Box } from '../../src/collective/halo/geometry.js'
import type { Halo } from '../../src/collective/halo/halo.js'
import type { HaloOptions } from '../../src/collective/halo/options.js'
import { Grid } from '../../src/collective/topology/grid.js'
import type { Cartesian, Communicator } from '../../src/communicator/communicator.js'
import { struct } from '../../src/layout/index.js'
import { MAX } from '../../src/op/op.js'
import { simulate } from '../../testing/simulate.js'

/** What each rank of a grid gets of a program; its error where it fails. */
function onGrid<T>(dims: number[], periodic: boolean[], program: (cart: Cartesian) => Observable<T>): (T | Error)[] {
  const results: (T | Error)[] = []
  simulate(new Grid(dims, periodic).size, { leaks: 'ignore' }, ({ comms, flush }) => {
    for (const comm of comms as readonly Communicator[]) {
      comm
        .icart({ dims, periodic })
        .pipe(mergeMap((cart) => program(cart!)))
        .subscribe({
          next: (value) => (results[comm.rank] = value),
          error: (error) => (results[comm.rank] = error)
        })
    }
    flush()
  })
  return results
}

/** Every cell of a box. */
function* cellsOf({ start, end }: Box): Generator<number[]> {
  const cell = [...start]
  if (start.some((first, d) => first >= end[d]!)) return
  for (;;) {
    yield [...cell]
    let d = cell.length - 1
    while (d >= 0 && ++cell[d]! === end[d]) cell[d] = start[d--]!
    if (d < 0) return
  }
}

/** The reference: what a cell of the whole array, or beyond its ends, holds. `undefined`: it is kept. */
function whole(sizes: number[], periodic: boolean[], boundary: HaloOptions['boundary'], cell: number[]): number | undefined {
  // The dimensions one after the other: the last that is beyond an end decides.
  let value: number | undefined
  const at = cell.map((c, d) => {
    const size = sizes[d]!
    if (c >= 0 && c < size) return c
    if (periodic[d]) return ((c % size) + size) % size
    if (boundary === 'nearest') return c < 0 ? 0 : size - 1
    return c < 0 ? -1 - c : 2 * size - 1 - c
  })
  const isBeyond = cell.map((c, d) => !periodic[d] && (c < 0 || c >= sizes[d]!))
  if (isBeyond.some(Boolean)) {
    if (boundary === 'keep' || boundary === undefined) return undefined
    if (typeof boundary === 'number') value = boundary
  }
  return value ?? at.reduce((sum, c, d) => sum * (sizes[d]! + 1) + c + 1, 0)
}

const cases = fc.integer({ min: 1, max: 3 }).chain((n) =>
  fc.record({
    parts: fc.array(fc.array(fc.integer({ min: 2, max: 4 }), { minLength: 1, maxLength: n === 3 ? 2 : 3 }), { minLength: n, maxLength: n }),
    periodic: fc.array(fc.boolean(), { minLength: n, maxLength: n }),
    width: fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { minLength: n, maxLength: n }),
    boundary: fc.constantFrom<HaloOptions['boundary'][]>('keep', 'nearest', 'reflect', -5),
    corners: fc.boolean(),
    cell: fc.constantFrom(1, 3)
  })
)

describe('the ghosts', () => {
  it('are what a single array has there, whatever the grid, the blocks, the widths and the ends', () => {
    fc.assert(
      fc.property(cases, ({ parts, periodic, width, boundary, corners, cell }) => {
        const dims = parts.map((list) => list.length)
        const sizes = parts.map((list) => list.reduce((a, b) => a + b))
        const check = (cart: Cartesian) => {
          const own = parts.map((list, d) => list[cart.coords[d]!]!)
          const first = parts.map((list, d) => list.slice(0, cart.coords[d]!).reduce((a, b) => a + b, 0))
          const halo = cart.halo({ sizes: own, width, boundary, corners, cell })
          const arrays = [halo.allocate(Float64Array), halo.allocate(Int16Array)] as const
          for (const array of arrays) {
            array.fill(-99)
            for (const at of cellsOf({ start: own.map(() => 0), end: own })) {
              const value = whole(
                sizes,
                periodic,
                boundary,
                at.map((c, d) => c + first[d]!)
              )!
              for (let k = 0; k < cell; k++) array[halo.index(...at) + k] = value
            }
          }
          return halo.iexchange(arrays).pipe(
            mergeMap(() => {
              const wrong: unknown[] = []
              const ghosts: Box = { start: width.map(([below]) => -below), end: own.map((size, d) => size + width[d]![1]) }
              for (const at of cellsOf(ghosts)) {
                const beyond = at.filter((c, d) => c < 0 || c >= own[d]!).length
                const expected =
                  !corners && beyond > 1
                    ? undefined
                    : whole(
                        sizes,
                        periodic,
                        boundary,
                        at.map((c, d) => c + first[d]!)
                      )
                // With 'keep' the ghosts beyond an end are those of the neighbour's, too.
                for (const array of arrays)
                  for (let k = 0; k < cell; k++) {
                    const got = array[halo.index(...at) + k]
                    if (got !== (expected ?? -99)) wrong.push([at, got, expected])
                  }
              }
              return [wrong]
            })
          )
        }
        for (const wrong of onGrid(dims, periodic, check)) expect(wrong).toEqual([])
      }),
      { numRuns: 150 }
    )
  })

  it('cost a message a neighbour, also with several arrays, edges and corners', () => {
    simulate(9, { leaks: 'ignore' }, ({ comms, flush, traffic }) => {
      const halos: Halo[] = []
      for (const comm of comms)
        comm.icart({ dims: [3, 3], periodic: true }).subscribe((cart) => (halos[comm.rank] = cart!.halo({ sizes: [4, 4] })))
      flush()
      const before = traffic().messages
      for (const halo of halos) halo.iexchange([halo.allocate(Float64Array), halo.allocate(Uint8Array)]).subscribe()
      flush()
      expect(traffic().messages - before).toBe(9 * 4)
    })
  })

  it('of records are theirs', () => {
    const Cell = struct({ id: 'u8', mass: 'f64' })
    const results = onGrid([2], [true], (cart) => {
      const halo = cart.halo({ sizes: [2], cell: Cell })
      const cells = Cell.allocate(halo.length)
      for (let i = 0; i < 2; i++) cells.set(halo.index(i), { id: 10 * cart.rank + i, mass: i + 0.5 })
      return halo.iexchange(cells)
    })
    expect((results[0] as ReturnType<typeof Cell.allocate>).toArray()).toEqual([
      { id: 11, mass: 1.5 },
      { id: 0, mass: 0.5 },
      { id: 1, mass: 1.5 },
      { id: 10, mass: 0.5 }
    ])
  })

  it('that go through the ring in several segments are whole', () => {
    const size = 30_000
    const results = onGrid([2, 1], [true, true], (cart) => {
      const halo = cart.halo({ sizes: [2, size] })
      const u = halo.allocate(Float64Array)
      for (let i = 0; i < 2; i++) for (let j = 0; j < size; j++) u[halo.index(i, j)] = cart.rank * 2e6 + i * 1e6 + j
      return halo.iexchange(u).pipe(mergeMap(() => [[u[halo.index(-1, size - 1)], u[halo.index(2, 5)], u[halo.index(-1, -1)]]]))
    })
    expect(results[0]).toEqual([3e6 + size - 1, 2e6 + 5, 3e6 + size - 1])
  })
})

/** A step of the heat equation. */
const heat =
  (halo: Halo) =>
  (from: Float64Array, to: Float64Array, { start, end }: Box) => {
    for (let i = start[0]!; i < end[0]!; i++)
      for (let j = start[1]!; j < end[1]!; j++) {
        const at = (a: number, b: number) => from[halo.index(a, b)]!
        to[halo.index(i, j)] = at(i, j) + 0.1 * (at(i - 1, j) + at(i + 1, j) + at(i, j - 1) + at(i, j + 1) - 4 * at(i, j))
      }
  }

describe('steps', () => {
  const STEPS = 7
  const run = (dims: number[], periodic: boolean[]): Map<string, number> => {
    const [ny, nx] = [12 / dims[0]!, 12 / dims[1]!]
    const cells = new Map<string, number>()
    onGrid(dims, periodic, (cart) => {
      const halo = cart.halo({ sizes: [ny, nx], corners: false, boundary: 'nearest' })
      const pair = [halo.allocate(Float64Array), halo.allocate(Float64Array)] as const
      const [y, x] = [cart.coords[0]! * ny, cart.coords[1]! * nx]
      for (let i = 0; i < ny; i++) for (let j = 0; j < nx; j++) pair[0][halo.index(i, j)] = Math.sin((y + i) * 12 + x + j)
      return halo.steps(pair, heat(halo)).pipe(
        take(STEPS),
        toArray(),
        mergeMap((all) => {
          const last = all.at(-1)!
          for (let i = 0; i < ny; i++) for (let j = 0; j < nx; j++) cells.set(`${y + i} ${x + j}`, last[halo.index(i, j)]!)
          return [all.length]
        })
      )
    })
    return cells
  }

  it.each([[[2, 2]], [[1, 4]], [[3, 2]], [[12, 1]]])('give what a single rank gives, bit for bit, on %p', (dims) => {
    for (const periodic of [
      [false, false],
      [true, false],
      [true, true]
    ]) {
      const [single, many] = [run([1, 1], periodic), run(dims, periodic)]
      expect(many.size).toBe(144)
      for (const [cell, value] of single) expect([cell, many.get(cell)]).toEqual([cell, value])
    }
  })

  it('stop everywhere at the same step, with a residual of all', () => {
    const results = onGrid([2, 2], [false, false], (cart) => {
      const halo = cart.halo({ sizes: [3, 3], boundary: 'nearest' })
      const pair = [halo.allocate(Float64Array), halo.allocate(Float64Array)] as const
      pair[0].fill(cart.rank)
      let steps = 0
      return halo.steps(pair, heat(halo)).pipe(
        mergeMap((to) => {
          const from = to === pair[1] ? pair[0] : pair[1]
          return [Math.max(...[0, 1, 2].map((i) => Math.abs(to[halo.index(i, i)]! - from[halo.index(i, i)]!)))]
        }),
        mpi.allreduce(cart, MAX, { window: 1 }),
        takeWhile((residual) => {
          steps++
          return residual > 1e-3
        }),
        toArray(),
        mergeMap((all) => [[all.length, steps]])
      )
    })
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1)
    expect((results[0] as number[])[0]).toBeGreaterThan(3)
  })

  it('fail everywhere where compute does, and may not return a promise', () => {
    const results = onGrid([3], [true], (cart) => {
      const halo = cart.halo({ sizes: [4] })
      let calls = 0
      return halo.steps([halo.allocate(Float64Array), halo.allocate(Float64Array)], () => {
        if (cart.rank === 1 && ++calls > 5) return Promise.resolve() as never
      })
    })
    expect(results.map((error) => (error as Error).name)).toEqual(['RemoteError', 'ArgumentError', 'RemoteError'])
  })

  it('take no promise of the order in which boxes lie: inside and edges are all owned cells, once', () => {
    fc.assert(
      fc.property(cases, ({ parts, width }) => {
        const sizes = parts.map(([size]) => size!)
        const [boxes] = onGrid(
          sizes.map(() => 1),
          sizes.map(() => false),
          (cart) => {
            const halo = cart.halo({ sizes, width })
            return [[halo.inside, ...halo.edges]] as unknown as Observable<Box[]>
          }
        ) as [Box[]]
        const cells = boxes.flatMap((box) => [...cellsOf(box)].map(String))
        expect(cells.length).toBe(sizes.reduce((a, b) => a * b, 1))
        expect(new Set(cells).size).toBe(cells.length)
      }),
      { numRuns: 60 }
    )
  })
})

describe('the operator', () => {
  it('fills the ghosts of each array, in order', () => {
    const results = onGrid([2], [true], (cart) => {
      const halo = cart.halo({ sizes: [1] })
      return mpi
        .halo<Int8Array>(halo)([1, 2, 3].map((k) => Int8Array.of(0, 10 * cart.rank + k, 0)))
        .pipe(toArray())
    })
    expect(results[0]).toEqual([Int8Array.of(11, 1, 11), Int8Array.of(12, 2, 12), Int8Array.of(13, 3, 13)])
  })
})

describe('what does not go together', () => {
  const failing: [string, (rank: number) => HaloOptions, string][] = [
    ['sizes', (rank) => ({ sizes: [3, 3 + rank] }), 'CollectiveMismatchError'],
    ['widths', (rank) => ({ sizes: [3, 3], width: 1 + rank }), 'CollectiveMismatchError'],
    ['too wide', () => ({ sizes: [3, 3], width: 4 }), 'CountError']
  ]

  it.each(failing)('is an error of all ranks: %s', (_, options, name) => {
    const results = onGrid([2, 1], [false, false], (cart) => {
      const halo = cart.halo(options(cart.rank))
      return halo.iexchange(halo.allocate(Float64Array))
    })
    for (const error of results) expect(error).toMatchObject({ name })
  })

  it('is found at the call, where it is one rank’s own', () => {
    const bad: [HaloOptions, string][] = [
      [{ sizes: [3] }, 'CountError'],
      [{ sizes: [0, 1] }, 'ArgumentError'],
      [{ sizes: [1, 1], width: [1] }, 'CountError'],
      [{ sizes: [1, 1], width: -1 }, 'ArgumentError'],
      [{ sizes: [1, 1], boundary: 'wrap' as never }, 'ArgumentError'],
      [{ sizes: [1, 1], cell: 0 }, 'ArgumentError'],
      [{ sizes: [1, 1], corners: 1 as never }, 'ArgumentError']
    ]
    const [names] = onGrid([1, 1], [false, false], (cart) => {
      const names = bad.map(([options]) => {
        try {
          cart.halo(options)
          return 'none'
        } catch (error) {
          return (error as Error).name
        }
      })
      return [names] as unknown as Observable<string[]>
    })
    expect(names).toEqual(bad.map(([, name]) => name))
    const lengths = onGrid([1], [true], (cart) => cart.halo({ sizes: [3] }).iexchange(new Float64Array(4)))
    expect(lengths[0]).toMatchObject({ name: 'CountError' })
    const kinds = onGrid([1], [true], (cart) => cart.halo({ sizes: [3] }).iexchange([1, 2] as never))
    expect(kinds[0]).toMatchObject({ name: 'DatatypeError' })
  })

  it('is found where steps are made: arrays of other lengths or kinds, and one that is read and written', () => {
    const [codes] = onGrid([1], [true], (cart) => {
      const halo = cart.halo({ sizes: [3] })
      const u = halo.allocate(Float64Array)
      const pairs = [undefined, [u], [u, u], [u, u.subarray(0)], [u, new Float64Array(4)], [u, new Float32Array(5)], [u, {}]]
      const codes = pairs.map((pair) => {
        try {
          halo.steps(pair as never, () => undefined)
          return 'none'
        } catch (error) {
          return (error as Error).name
        }
      })
      return [codes] as unknown as Observable<string[]>
    })
    expect(codes).toEqual(['ArgumentError', 'ArgumentError', 'AliasError', 'AliasError', 'CountError', 'DatatypeError', 'DatatypeError'])
  })

  it('a freed halo fails, and one that is not is named', () => {
    const [freed] = onGrid([1], [true], (cart) => {
      const halo = cart.halo({ sizes: [3] })
      halo.free()
      halo.free()
      return halo.iexchange(halo.allocate(Int8Array))
    })
    expect(freed).toMatchObject({ name: 'FreedError' })
    const leak = () => simulate(1, {}, ({ comms }) => comms[0]!.icart({ dims: [1] }).subscribe((cart) => void cart!.halo({ sizes: [2] })))
    expect(leak).toThrow("never freed halo 'world.cart(1).halo(1)'")
  })
})

describe('a thousand ranks', () => {
  it('exchange in the time of a few messages, and of a test', () => {
    const begun = process.cpuUsage()
    const results = onGrid([32, 32], [true, true], (cart) => {
      const halo = cart.halo({ sizes: [2, 2] })
      const u = halo.allocate(Float64Array).fill(cart.rank)
      return halo.iexchange(u).pipe(mergeMap(() => [[u[halo.index(-1, -1)], u[halo.index(2, 2)]]]))
    })
    const grid = new Grid([32, 32], [true, true])
    for (const [rank, got] of results.entries()) {
      const [y, x] = grid.coordsOf(rank) as [number, number]
      expect(got).toEqual([grid.rankOf([y - 1, x - 1]), grid.rankOf([y + 1, x + 1])])
    }
    // Some 3 s of a processor that nobody else uses. The bound is for what grows with the square of the ranks.
    expect(process.cpuUsage(begun).user / 1000).toBeLessThan(12_000)
  })
})
