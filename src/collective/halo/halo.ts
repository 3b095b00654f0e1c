import { map, type Observable } from 'rxjs'
import { staysHere } from '../../codec/refusal.js'
import { PROC_NULL } from '../../constants.js'
import { checkOptions, shown } from '../../diagnostics/arguments.js'
import { type CallSite, captureCallSite } from '../../diagnostics/call-site.js'
import { ArgumentError, FreedError } from '../../errors.js'
import { type ArrayType, checkType } from '../../layout/allocate.js'
import { isLayout } from '../../layout/layout.js'
import { SHARED, type Struct } from '../../layout/struct.js'
import { sharedBuffer } from '../../memory/shared-buffer.js'
import { watch } from '../../request/memory-use.js'
import type { Request } from '../../request/request.js'
import { pull } from '../../stream/pull.js'
import type { Caller, Make } from '../definition.js'
import { type CollectiveOperator, operator } from '../operator.js'
import { call } from '../request.js'
import type { Grid } from '../topology/grid.js'
import { checkArrays, checkPair, type HaloArray } from './arrays.js'
import { Blocks } from './blocks.js'
import { Boundary } from './boundary.js'
import { Exchange, Frame } from './exchange.js'
import { FaceMemory } from './face-memory.js'
import { type Box, type Face, Geometry } from './geometry.js'
import { checkBoundary, checkedOptions, checkSizes, HALO, type HaloOptions, widthsOf } from './options.js'
import { Verdict } from './verdict.js'

/** A communicator that is a grid. */
export interface GridCaller extends Caller {
  readonly name: string
}

const counts = new WeakMap<object, number>()

/**
 * Ghost cells around a rank's block of a grid, and how they are filled: by what the neighbours have there. `cart.halo` makes one.
 *
 * It is a plan: what goes where is worked out once. An exchange is a collective of the grid, in the order of its calls.
 */
export class Halo {
  /** Cells of an array with its ghosts, of each dimension. */
  readonly shape: readonly number[]
  /** Elements of an array with its ghosts; of records, records. */
  readonly length: number
  /** Owned cells that need no ghost. */
  readonly inside: Box
  /** The other owned cells, in boxes that do not overlap. */
  readonly edges: readonly Box[]
  /** 'world.cart(1).halo(1)' */
  readonly name: string
  /**
   * The element of an array where a cell begins: (0, 0) is the first owned cell, -1 a ghost. Nothing is checked.
   */
  readonly index: (...cell: number[]) => number
  /** @internal */
  readonly kind = 'halo'
  /** @internal */
  readonly site: CallSite | undefined
  readonly #comm: GridCaller
  readonly #neighbors: readonly number[]
  readonly #struct: Struct | undefined
  readonly #stages: readonly (readonly Face[])[]
  readonly #memory: FaceMemory
  readonly #make: Make<Frame, unknown>
  readonly #exchange: Exchange
  readonly #detach: () => void
  #freed = false

  /** @internal */
  constructor(comm: GridCaller, grid: Grid, options: HaloOptions, site: CallSite | undefined) {
    const { core } = comm
    checkOptions(options, HALO, '{ sizes: [64, 64] }')
    const { sizes, width = 1, corners = true, boundary = 'keep', cell = 1 } = options
    const dimensions = grid.dims.length
    checkSizes(sizes, dimensions)
    if (typeof corners !== 'boolean') throw new ArgumentError(`corners: expected true or false, got ${shown(corners)}`)
    const isStruct = isLayout(cell) && cell.kind === 'struct'
    checkBoundary(boundary, isStruct)
    if (!isStruct && !(Number.isSafeInteger(cell) && (cell as number) > 0)) {
      throw new ArgumentError(`cell: expected the number of elements of a cell, or a struct, got ${shown(cell)}`)
    }
    const widths = widthsOf(width, dimensions)
    const geometry = new Geometry(
      [...sizes],
      widths.map(([below]) => below),
      widths.map(([, above]) => above),
      corners
    )
    const count = (counts.get(core) ?? 0) + 1
    counts.set(core, count)
    this.#comm = comm
    this.site = site
    this.name = `${comm.name}.halo(${count})`
    this.#neighbors = grid.neighborsOf(core.rank)
    this.#struct = isStruct ? (cell as unknown as Struct) : undefined
    const perCell = isStruct ? 1 : (cell as number)
    this.#memory = new FaceMemory(geometry, perCell)
    this.shape = Object.freeze([...geometry.shape])
    this.length = geometry.cells * perCell
    this.inside = geometry.inside
    this.edges = geometry.edges
    this.index = indexOver(geometry, perCell)
    const dims = grid.dims.map((_, d) => geometry.faces(d))
    this.#stages = corners ? dims : [dims.flat()]
    const name = `halo(${count})`
    const cellSize = isStruct ? -(cell as Struct).extent : (cell as number)
    const blocks = new Blocks(grid, core.rank, geometry, cellSize)
    if (boundary === 'reflect') blocks.checkAlone()
    this.#exchange = new Exchange({
      neighbors: this.#neighbors,
      stages: this.#stages,
      inside: this.inside,
      edges: this.edges,
      memory: this.#memory,
      boundary: new Boundary(boundary, this.#neighbors, this.#memory),
      verdict: new Verdict(comm, name, blocks, site),
      watchesGhosts: core.endpoint.memoryInUse.isChecked
    })
    this.#make = () => this.#exchange.definition(name, core.rank, ({ arrays }) => this.#check(arrays))
    core.endpoint.unfreed.add(this)
    this.#detach = core.attach({ release: () => this.free() })
  }

  /** A new array of zeros, with its ghosts; where cells are records, of these. `shared`: on memory that threads can share. */
  allocate<A extends HaloArray>(type?: ArrayType<A>, options: { shared?: boolean } = {}): A {
    this.#here(() => checkOptions(options, SHARED, '{ shared: true }'))
    const { shared = false } = options
    if (this.#struct !== undefined) return this.#struct.allocate(this.length, { shared }) as unknown as A
    return this.#here(() => {
      checkType<A>(type)
      return shared ? new type(sharedBuffer(this.length * type.BYTES_PER_ELEMENT)) : new type(this.length)
    })
  }

  /**
   * Fills the ghosts of an array, or of several in one message a neighbour. Called by all ranks of the grid. Errors: DatatypeError,
   * CountError for an array that is not as `allocate` makes it; CollectiveMismatchError, RankFailedError, FreedError, AbortError.
   */
  exchange<T extends HaloArray | readonly HaloArray[]>(arrays: T, options?: { signal?: AbortSignal }): Promise<T> {
    return this.iexchange(arrays, options).wait()
  }

  /** As `exchange`, as a request: meanwhile `inside` can be computed, and the owned cells must not be written. */
  iexchange<T extends HaloArray | readonly HaloArray[]>(arrays: T, options: { signal?: AbortSignal } = {}): Request<T> {
    const frame = new Frame((Array.isArray(arrays) ? arrays : [arrays]) as HaloArray[], arrays)
    const request = call(this.#comm, this.#make as Make<Frame, T>, frame, options)
    if (this.#comm.core.endpoint.memoryInUse.isChecked && !request.settled) this.#watch(request, frame.arrays)
    return request.followed(this.#comm.core)
  }

  /**
   * A stream of time steps. In each the ghosts of `from` are filled and `compute(from, to, box)` called, for `inside` while the faces are
   * under way, then for each of `edges`; `to` is emitted, to be read until `next` has returned, and the two change places. The next step
   * begins when the subscriber has room for it. It ends and fails as the stream of a collective.
   */
  steps<A extends HaloArray>(
    arrays: readonly [A, A],
    compute: (from: A, to: A, box: Box) => void,
    options: { signal?: AbortSignal } = {}
  ): Observable<A> {
    if (typeof compute !== 'function') throw this.#located(new ArgumentError(`compute: expected a function, got ${shown(compute)}`))
    this.#here(() => checkPair(arrays, this.length, this.#struct))
    const [first, second] = arrays
    const frames = {
      *[Symbol.iterator](): Generator<Frame> {
        for (let step = 0; ; step++) {
          const [source, target] = step % 2 === 0 ? [first, second] : [second, first]
          yield new Frame([source], target, (box) => {
            const made: unknown = compute(source as A, target as A, box)
            if (typeof (made as PromiseLike<unknown> | undefined)?.then === 'function') {
              throw new ArgumentError('compute: it has returned a promise; it must have computed the box when it returns')
            }
          })
        }
      }
    }
    return operator(this.#comm, this.#make as Make<Frame, A>, checkedOptions(options))(frames)
  }

  /** @internal Each array, or list of arrays, of a stream. `mpi.halo` documents it. */
  operator<T extends HaloArray | readonly HaloArray[]>(options: { signal?: AbortSignal }): CollectiveOperator<T, T> {
    const exchange = operator(this.#comm, this.#make as Make<Frame, T>, checkedOptions(options))
    return (source) =>
      exchange(pull(source).pipe(map((arrays) => new Frame((Array.isArray(arrays) ? arrays : [arrays]) as HaloArray[], arrays))))
  }

  /** Gives it up, on this rank and at once: what is pending fails with a FreedError, and so does every later exchange. */
  free(): void {
    if (this.#freed) return
    this.#freed = true
    this.#detach()
    this.#comm.core.endpoint.unfreed.delete(this)
    this.#exchange.fail(() => this.#freedError())
  }

  /** As `free`: for `using`, which never waits for others. */
  [Symbol.dispose](): void {
    this.free()
  }

  #freedError(): Error {
    return new FreedError(`halo '${this.name}' was freed on this rank; make another, or free it later`)
  }

  #here<T>(check: () => T): T {
    try {
      return check()
    } catch (error) {
      throw this.#located(error as Error)
    }
  }

  #located(error: Error): Error {
    return this.#comm.core.inContext(error, captureCallSite())
  }

  #check(arrays: readonly HaloArray[]): void {
    if (this.#freed) throw this.#freedError()
    checkArrays(arrays, this.length, this.#struct)
  }

  /** Owned cells that neighbours get are to stay as they are: ghosts among what goes out are written by the exchange itself. */
  #watch(request: Request<unknown>, arrays: readonly HaloArray[]): void {
    const { owned } = this.#memory.geometry
    for (const array of arrays) {
      for (const { place, give } of this.#stages.flat()) {
        if (this.#neighbors[place] === PROC_NULL) continue
        const start = give.start.map((cell, d) => Math.max(cell, owned.start[d]!))
        const end = give.end.map((cell, d) => Math.min(cell, owned.end[d]!))
        if (start.every((cell, d) => cell < end[d]!))
          watch(this.#comm.core, request, this.#memory.runs(array, { start, end }), 'halo exchange')
      }
    }
  }
}

staysHere(Halo, 'a halo')

function indexOver({ below, strides }: Geometry, perCell: number): Halo['index'] {
  const steps = strides.map((stride) => stride * perCell)
  const origin = below.reduce((sum, width, d) => sum + width * steps[d]!, 0)
  const [a = 0, b = 0, c = 0] = steps
  if (steps.length <= 3) return (i = 0, j = 0, k = 0) => origin + i * a + j * b + k * c
  return (...cell) => cell.reduce((sum, at, d) => sum + at * steps[d]!, origin)
}
