import { finalize, type MonoTypeOperatorFunction, map, Observable, Subject } from 'rxjs'
import { withArticle } from '../../codec/article.js'
import { datatypeOf, memoryOf, nameOf, RECORDS } from '../../codec/datatype.js'
import { staysHere } from '../../codec/refusal.js'
import { PROC_NULL } from '../../constants.js'
import { checkAttached, checkOptions, shown } from '../../diagnostics/arguments.js'
import { type CallSite, captureCallSite } from '../../diagnostics/call-site.js'
import { AliasError, ArgumentError, CountError, DatatypeError, FreedError } from '../../errors.js'
import { isLayout } from '../../layout/layout.js'
import { Records } from '../../layout/records.js'
import { SHARED, type Struct } from '../../layout/struct.js'
import { overlapping } from '../../memory/copy.js'
import { block, eachRun, type Form } from '../../memory/form.js'
import { Runs } from '../../memory/runs.js'
import { isTypedArray, MIN, type TypedArray } from '../../op/op.js'
import { watch } from '../../request/memory-use.js'
import type { Request } from '../../request/request.js'
import { pull } from '../../stream/pull.js'
import type { Caller, Definition, Make } from '../definition.js'
import { Misfit } from '../definition.js'
import { allreduceOf } from '../definitions/allreduce.js'
import { type CollectiveOperator, operator } from '../operator.js'
import { call } from '../request.js'
import type { Links, Unit } from '../steps.js'
import { through } from '../through.js'
import type { Grid } from '../topology/grid.js'
import { othersIn } from '../topology/neighborhood.js'
import { Blocks } from './blocks.js'
import { type Box, type Face, Geometry } from './geometry.js'
import { checkBoundary, checkedOptions, checkSizes, HALO, type HaloOptions, widthsOf } from './options.js'
import { clear, isClear, writtenGhosts } from './unfilled-ghosts.js'

/** What can be exchanged: a typed array, or of cells that are records, records. */
// biome-ignore lint/suspicious/noExplicitAny: records of whatever fields
export type HaloArray = TypedArray | Records<any>

/** A kind of typed array, such as `Float64Array`. */
export interface ArrayType<A> {
  /** An array of zeros. */
  new (length: number): A
  /** Of an element. */
  readonly BYTES_PER_ELEMENT: number
}

/** A communicator that is a grid. */
export interface GridCaller extends Caller {
  readonly name: string
}

const UINT8 = 2
const counts = new WeakMap<object, number>()

/** One exchange: of which arrays, and what is computed meanwhile. */
class Frame {
  readonly arrays: readonly HaloArray[]
  readonly result: unknown
  /** Computes the cells of a box. */
  readonly compute: ((box: Box) => void) | undefined

  constructor(arrays: readonly HaloArray[], result: unknown, compute?: (box: Box) => void) {
    this.arrays = arrays
    this.result = result
    this.compute = compute
  }
}

/** Where the faces of an array are. */
interface Placed {
  readonly give: readonly Runs[]
  readonly take: readonly Runs[]
}

class Round implements Unit {
  pending = 0
  readonly frame: Frame
  readonly links: Links
  readonly placed: readonly Placed[]
  /** Of what and how much a message is. */
  readonly kind: number
  misfit: Misfit | undefined
  /** Its ghosts are cleared, and looked at before they are filled; no other exchange of the same array is under way. */
  isWatched = false
  /** The program has written to ghosts meanwhile. */
  spoilt: Misfit | undefined

  constructor(frame: Frame, links: Links, placed: readonly Placed[]) {
    this.frame = frame
    this.links = links
    this.placed = placed
    this.kind = frame.arrays.reduce((hash, array) => (Math.imul(hash, 31) + kindOf(array)) & 0x3fffff, 1)
  }
}

const kindOf = (array: HaloArray): number => (array instanceof Records ? RECORDS : datatypeOf(array))

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
  readonly #geometry: Geometry
  readonly #neighbors: readonly number[]
  readonly #boundary: NonNullable<HaloOptions['boundary']>
  readonly #struct: Struct | undefined
  readonly #perCell: number
  readonly #stages: readonly (readonly Face[])[]
  readonly #known = new WeakMap<HaloArray, Placed>()
  readonly #rounds = new Set<Round>()
  readonly #make: Make<Frame, unknown>
  readonly #says: Request<Float64Array>
  #verdict: Error | null | undefined
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
    this.#geometry = geometry
    this.#neighbors = grid.neighborsOf(core.rank)
    this.#boundary = boundary
    this.#struct = isStruct ? (cell as unknown as Struct) : undefined
    this.#perCell = isStruct ? 1 : (cell as number)
    this.shape = Object.freeze([...geometry.shape])
    this.length = geometry.cells * this.#perCell
    this.inside = geometry.inside
    this.edges = geometry.edges
    this.index = indexOver(geometry, this.#perCell)
    const dims = grid.dims.map((_, d) => geometry.faces(d))
    this.#stages = corners ? dims : [dims.flat()]
    const name = `halo(${count})`
    this.#make = () => this.#definition(name)
    const cellSize = isStruct ? -(cell as Struct).extent : (cell as number)
    const blocks = new Blocks(grid, core.rank, geometry, cellSize)
    if (boundary === 'reflect') blocks.checkAlone()
    this.#says = call(comm, sayingOf(name), blocks.said, { into: blocks.said }, undefined, site)
    this.#says.look()
    this.#says.onSettled(() => {
      this.#verdict = this.#says.failure ?? blocks.verdict ?? null
    })
    core.endpoint.unfreed.add(this)
    core.attach({ release: () => this.free() })
  }

  /** A new array of zeros, with its ghosts; where cells are records, of these. `shared`: on memory that threads can share. */
  allocate<A extends HaloArray>(type?: ArrayType<A>, options: { shared?: boolean } = {}): A {
    this.#here(() => checkOptions(options, SHARED, '{ shared: true }'))
    const { shared = false } = options
    if (this.#struct !== undefined) return this.#struct.allocate(this.length, { shared }) as unknown as A
    if (typeof type !== 'function' || !Number.isInteger(type.BYTES_PER_ELEMENT)) {
      throw this.#located(new ArgumentError(`type: expected a kind of typed array such as Float64Array, got ${shown(type)}`))
    }
    if (!shared) return new type(this.length)
    return new (type as unknown as new (buffer: SharedArrayBuffer) => A)(new SharedArrayBuffer(this.length * type.BYTES_PER_ELEMENT))
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
    this.#here(() => this.#checkPair(arrays))
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
    this.#comm.core.endpoint.unfreed.delete(this)
    for (const round of [...this.#rounds]) round.links.trouble.fail(this.#freedError())
  }

  /** As `free`: for `using`, which never waits for others. */
  [Symbol.dispose](): void {
    this.free()
  }

  #freedError(): Error {
    return new FreedError(`halo '${this.name}' was freed on this rank; make another, or free it later`)
  }

  #here(check: () => void): void {
    try {
      check()
    } catch (error) {
      throw this.#located(error as Error)
    }
  }

  #located(error: Error): Error {
    return this.#comm.core.inContext(error, captureCallSite())
  }

  #definition(name: string): Definition<Frame, unknown> {
    const others = othersIn(this.#neighbors, this.#comm.core.rank)
    return {
      name,
      serial: true,
      neighbors: { sources: others, dests: others },
      check: ({ arrays }) => this.#check(arrays),
      build: (links) => (frames) => {
        const begun: Observable<Round> = frames.pipe(
          map((frame) => this.#begin(frame, links)),
          finalize(() => this.#forget(links)),
          this.#agreed()
        )
        const stages = this.#stages.map((faces, stage) => this.#stage(links, faces, stage === 0))
        return through(stages)(begun).pipe(
          links.settled(),
          map((round) => this.#end(round))
        )
      }
    }
  }

  #begin(frame: Frame, links: Links): Round {
    const placed = frame.arrays.map((array) => this.#placed(array))
    const round = new Round(frame, links, placed)
    if (this.#comm.core.endpoint.memoryInUse.isChecked) this.#clearGhosts(round)
    this.#rounds.add(round)
    return round
  }

  #end(round: Round): unknown {
    this.#rounds.delete(round)
    if (round.misfit !== undefined) return round.misfit
    if (round.spoilt !== undefined) return round.spoilt
    for (const box of this.edges) round.frame.compute?.(box)
    return round.frame.result
  }

  #clearGhosts(round: Round): void {
    const shared = [...this.#rounds].filter(({ frame }) => frame.arrays.some((array) => round.frame.arrays.includes(array)))
    for (const other of shared) other.isWatched = false
    round.isWatched = shared.length === 0
    for (const faces of this.#stages) this.#clearFaces(round, faces)
  }

  /** What neighbours fill. Ghosts that are copied here may have written to corners of a later stage: so each stage does it anew. */
  #clearFaces(round: Round, faces: readonly Face[]): void {
    if (!round.isWatched) return
    const { rank } = round.links.comm
    for (const { place, take: box } of faces) {
      const neighbor = this.#neighbors[place]
      if (neighbor !== rank && neighbor !== PROC_NULL && !isEmpty(box)) for (const face of take(round, place)) clear(face)
    }
  }

  /** What is broken off is not under way any more. */
  #forget(links: Links): void {
    for (const round of this.#rounds) if (round.links === links) this.#rounds.delete(round)
  }

  /** Waits until it is known whether the blocks of all ranks go together. */
  #agreed(): MonoTypeOperatorFunction<Round> {
    return (source) =>
      new Observable((subscriber) =>
        source.subscribe({
          next: (round) =>
            this.#says.onSettled(() => {
              if (this.#verdict) round.misfit = new Misfit(this.#verdict)
              subscriber.next(round)
            }),
          error: (error) => subscriber.error(error)
        })
      )
  }

  /** Faces that go and come at the same time; what can be computed meanwhile is, in the first stage. */
  #stage(links: Links, faces: readonly Face[], isFirst: boolean): MonoTypeOperatorFunction<Round> {
    const { rank } = links.comm
    const away = faces.filter(({ place }) => this.#neighbors[place] !== rank && this.#neighbors[place] !== PROC_NULL)
    const outgoing = away.filter(({ give }) => !isEmpty(give))
    // What goes out by place s comes in by s xor 1: of one rank on both sides the upper face comes first.
    const incoming = away.filter(({ take }) => !isEmpty(take)).sort((a, b) => (a.place ^ 1) - (b.place ^ 1))
    const send = (round: Round): void => {
      this.#fillBoundary(round, faces)
      for (const { place } of outgoing) {
        const given = give(round, place)
        const shape = shapeOf(round, given)
        const [face] = given
        // No later stage writes what goes out in this one, so it may be read where it is until the round is over.
        if (given.length === 1) links.send(round, this.#neighbors[place]!, UINT8, face!, shape, true, face)
        else links.send(round, this.#neighbors[place]!, UINT8, gathered(given), shape, true)
      }
      for (const { place } of faces) {
        if (this.#neighbors[place] !== rank) continue
        for (const { give, take } of round.placed) take[place ^ 1]!.scatter(0, give[place]!.byteLength, give[place]!.packed(), 0)
      }
      if (!isFirst) this.#clearFaces(round, faces)
    }
    const steps = incoming.map(({ place }) =>
      links.step<Round>({
        from: this.#neighbors[place]!,
        expects: ({ misfit }) => misfit === undefined,
        shape: (round) => shapeOf(round, take(round, place)),
        place: (round, message) => {
          if (round.isWatched && !take(round, place).every(isClear)) round.spoilt ??= new Misfit(writtenGhosts(links.call.site))
          message.pour((bytes, from, at, count) => scatter(round, place, bytes, from, at, count))
        }
      })
    )
    return (source) =>
      new Observable((subscriber) => {
        let left = 0
        const arrive = (round: Round): void => {
          if (--left === 0) subscriber.next(round)
        }
        const ways = steps.map((step) => {
          const way = new Subject<Round>()
          subscriber.add(way.pipe(step).subscribe({ next: arrive, error: (error) => subscriber.error(error) }))
          return way
        })
        return source.subscribe({
          next: (round) => {
            left = ways.length + 1
            try {
              if (round.misfit === undefined) send(round)
              for (const way of ways) way.next(round)
              if (isFirst && round.misfit === undefined && !isEmpty(this.inside)) round.frame.compute?.(this.inside)
            } catch (error) {
              return links.trouble.fail(error as Error)
            }
            arrive(round)
          },
          error: (error) => subscriber.error(error)
        })
      })
  }

  /** Two arrays of one kind, of which one is read while the other is written. */
  #checkPair(arrays: readonly HaloArray[]): void {
    if (!Array.isArray(arrays) || arrays.length !== 2) throw new ArgumentError(`arrays: expected [u, v], got ${shown(arrays)}`)
    this.#checkArrays(arrays)
    const [first, second] = arrays as [HaloArray, HaloArray]
    if (first.constructor !== second.constructor) {
      throw new DatatypeError(`arrays[1]: expected ${withArticle(first.constructor.name)} as the first is, got ${shown(second)}`)
    }
    if (overlapping(first, second)) {
      throw new AliasError('arrays[1]: it lies on the memory of the first, which is read while it is written; give memory apart from it')
    }
  }

  #check(arrays: readonly HaloArray[]): void {
    if (this.#freed) throw this.#freedError()
    this.#checkArrays(arrays)
  }

  #checkArrays(arrays: readonly HaloArray[]): void {
    const struct = this.#struct
    for (const array of arrays) {
      const isRight = struct === undefined ? isTypedArray(array) : array instanceof Records && array.struct.extent === struct.extent
      if (!isRight) {
        const expected = struct === undefined ? 'a typed array' : 'records of the struct that cells are'
        throw new DatatypeError(`array: expected ${expected}, got ${shown(array)}`)
      }
      if (!(array instanceof Records)) checkAttached(array, 'array')
      if (array.length !== this.length) {
        const what = array instanceof Records ? 'records' : nameOf(datatypeOf(array))
        throw new CountError(
          `array: ${array.length} elements of ${what}, but the halo has ${this.length}; halo.allocate makes such an array`
        )
      }
    }
  }

  /** Owned cells that neighbours get are to stay as they are: ghosts among what goes out are written by the exchange itself. */
  #watch(request: Request<unknown>, arrays: readonly HaloArray[]): void {
    const { owned } = this.#geometry
    for (const array of arrays) {
      for (const { place, give } of this.#stages.flat()) {
        if (this.#neighbors[place] === PROC_NULL) continue
        const start = give.start.map((cell, d) => Math.max(cell, owned.start[d]!))
        const end = give.end.map((cell, d) => Math.min(cell, owned.end[d]!))
        if (start.every((cell, d) => cell < end[d]!)) watch(this.#comm.core, request, this.#runs(array, { start, end }), 'halo exchange')
      }
    }
  }

  #placed(array: HaloArray): Placed {
    let placed = this.#known.get(array)
    if (placed === undefined) {
      const runs = (box: Box): Runs => this.#runs(array, box)
      const faces = this.shape.flatMap((_, d) => this.#geometry.faces(d))
      placed = { give: faces.map(({ give }) => runs(give)), take: faces.map(({ take }) => runs(take)) }
      this.#known.set(array, placed)
    }
    return placed
  }

  #runs(array: HaloArray, box: Box): Runs {
    const { memory, cell, cellBytes } = this.#memoryOf(array)
    return new Runs(memory, this.#geometry.formOf(box, cell, cellBytes))
  }

  #memoryOf(array: HaloArray): { memory: Pick<Records, 'buffer' | 'byteOffset' | 'byteLength'>; cell: Form; cellBytes: number } {
    if (array instanceof Records) {
      const { buffer, byteOffset, byteLength, unit } = array
      return { memory: { buffer, byteOffset, byteLength }, cell: unit.form, cellBytes: unit.bytes }
    }
    const cellBytes = this.#perCell * array.BYTES_PER_ELEMENT
    return { memory: memoryOf(array), cell: block(cellBytes), cellBytes }
  }

  /** The ghosts at the ends of the grid. */
  #fillBoundary({ frame }: Round, faces: readonly Face[]): void {
    const boundary = this.#boundary
    if (boundary === 'keep') return
    for (const { place, take } of faces) {
      if (this.#neighbors[place] !== PROC_NULL || isEmpty(take)) continue
      for (const array of frame.arrays) {
        if (typeof boundary === 'number') this.#write(array as TypedArray, take, boundary)
        else this.#mirror(array, place, boundary === 'nearest')
      }
    }
  }

  #write(array: TypedArray, box: Box, value: number): void {
    const size = array.BYTES_PER_ELEMENT
    const cellBytes = this.#perCell * size
    const written = (isBig(array) ? BigInt(value) : value) as never
    eachRun(this.#geometry.formOf(box, block(cellBytes), cellBytes), (offset, length) => {
      array.fill(written, offset / size, (offset + length) / size)
    })
  }

  #mirror(array: HaloArray, place: number, isNearest: boolean): void {
    const d = place >> 1
    const isUp = (place & 1) === 1
    const geometry = this.#geometry
    const [below, size] = [geometry.below[d]!, geometry.sizes[d]!]
    const last = isUp ? below + size - 1 : below
    for (let k = 0; k < (isUp ? geometry.above[d]! : below); k++) {
      const ghost = isUp ? last + 1 + k : last - 1 - k
      const owned = isNearest ? last : isUp ? last - k : last + k
      const [from, to] = [owned, ghost].map((at) => this.#runs(array, geometry.slab(d, at, at + 1)))
      to!.scatter(0, from!.byteLength, from!.packed(), 0)
    }
  }
}

staysHere(Halo, 'a halo')

const isBig = (array: TypedArray): boolean => array instanceof BigInt64Array || array instanceof BigUint64Array
const isEmpty = ({ start, end }: Box): boolean => start.some((first, d) => first >= end[d]!)

const bytesOf = (runs: readonly Runs[]): number => runs.reduce((bytes, { byteLength }) => bytes + byteLength, 0)
const give = ({ placed }: Round, place: number): Runs[] => placed.map((one) => one.give[place]!)
const take = ({ placed }: Round, place: number): Runs[] => placed.map((one) => one.take[place]!)

/** What a message says of itself: of which kinds and on how many bytes it is. */
const shapeOf = ({ kind }: Round, runs: readonly Runs[]): number => (Math.imul(kind, 0x9e3779b1) ^ bytesOf(runs)) & 0x7fffffff

/** The faces of all arrays for one neighbour, one behind the other. */
function gathered(faces: readonly Runs[]): Uint8Array {
  const bytes = new Uint8Array(bytesOf(faces))
  let at = 0
  for (const face of faces) {
    face.gather(0, face.byteLength, bytes, at)
    at += face.byteLength
  }
  return bytes
}

/** Some bytes of the faces of all arrays, from `at` on, to where they belong. */
function scatter(round: Round, place: number, bytes: Uint8Array, from: number, at: number, count: number): void {
  let begin = 0
  for (const face of take(round, place)) {
    const [first, last] = [Math.max(at, begin), Math.min(at + count, begin + face.byteLength)]
    if (first < last) face.scatter(first - begin, last - first, bytes, from + first - at)
    begin += face.byteLength
  }
}

function indexOver({ below, strides }: Geometry, perCell: number): Halo['index'] {
  const steps = strides.map((stride) => stride * perCell)
  const origin = below.reduce((sum, width, d) => sum + width * steps[d]!, 0)
  const [a = 0, b = 0, c = 0] = steps
  if (steps.length <= 3) return (i = 0, j = 0, k = 0) => origin + i * a + j * b + k * c
  return (...cell) => cell.reduce((sum, at, d) => sum + at * steps[d]!, origin)
}

/** What every rank says of its block, under the name of the halo. */
const sayingOf = (name: string): Make<Float64Array, Float64Array> =>
  ((ranks) => ({ ...allreduceOf(ranks, {}, MIN), name, op: undefined })) as Make<never, unknown> as Make<Float64Array, Float64Array>
