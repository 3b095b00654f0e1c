import { finalize, type MonoTypeOperatorFunction, map, Observable, Subject } from 'rxjs'
import { datatypeOf, RECORDS } from '../../codec/datatype.js'
import { PROC_NULL } from '../../constants.js'
import { Records } from '../../layout/records.js'
import type { Runs } from '../../memory/runs.js'
import { type Definition, Misfit } from '../definition.js'
import type { Links, Unit } from '../steps.js'
import { through } from '../through.js'
import { othersIn } from '../topology/neighborhood.js'
import type { HaloArray } from './arrays.js'
import type { Boundary } from './boundary.js'
import type { FaceMemory, Placed } from './face-memory.js'
import { type Box, type Face, isEmpty } from './geometry.js'
import { clear, isClear, writtenGhosts } from './unfilled-ghosts.js'
import type { Verdict } from './verdict.js'

const UINT8 = 2

/** One exchange: of which arrays, and what is computed meanwhile. */
export class Frame {
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

/** What an exchange is made of. */
export interface ExchangeParts {
  /** By place, as the faces. */
  readonly neighbors: readonly number[]
  /** Faces that go and come at the same time. */
  readonly stages: readonly (readonly Face[])[]
  /** What is computed while faces are under way, and what then. */
  readonly inside: Box
  readonly edges: readonly Box[]
  readonly memory: FaceMemory
  readonly boundary: Boundary
  readonly verdict: Verdict
  /** Whether it is looked who writes to ghosts meanwhile. */
  readonly watchesGhosts: boolean
}

/** How ghosts are filled, as a collective: stage by stage, each face from where the neighbour has it. */
export class Exchange {
  readonly #neighbors: readonly number[]
  readonly #stages: readonly (readonly Face[])[]
  readonly #memory: FaceMemory
  readonly #boundary: Boundary
  readonly #verdict: Verdict
  readonly #inside: Box
  readonly #edges: readonly Box[]
  readonly #watchesGhosts: boolean
  readonly #rounds = new Set<Round>()

  constructor({ neighbors, stages, inside, edges, memory, boundary, verdict, watchesGhosts }: ExchangeParts) {
    this.#neighbors = neighbors
    this.#stages = stages
    this.#memory = memory
    this.#boundary = boundary
    this.#verdict = verdict
    this.#inside = inside
    this.#edges = edges
    this.#watchesGhosts = watchesGhosts
  }

  /** `check`: throws what is wrong with the arrays of a frame. */
  definition(name: string, rank: number, check: (frame: Frame) => void): Definition<Frame, unknown> {
    const others = othersIn(this.#neighbors, rank)
    return {
      name,
      serial: true,
      neighbors: { sources: others, dests: others },
      check,
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

  /** What is under way fails. */
  fail(makeError: () => Error): void {
    for (const round of [...this.#rounds]) round.links.trouble.fail(makeError())
  }

  #begin(frame: Frame, links: Links): Round {
    const placed = frame.arrays.map((array) => this.#memory.placed(array))
    const round = new Round(frame, links, placed)
    if (this.#watchesGhosts) this.#clearGhosts(round)
    this.#rounds.add(round)
    return round
  }

  #end(round: Round): unknown {
    this.#rounds.delete(round)
    if (round.misfit !== undefined) return round.misfit
    if (round.spoilt !== undefined) return round.spoilt
    for (const box of this.#edges) round.frame.compute?.(box)
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
            this.#verdict.known.onSettled(() => {
              const { error } = this.#verdict
              if (error !== undefined) round.misfit = new Misfit(error)
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
      this.#boundary.fill(round.frame.arrays, faces)
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
        for (const { give, take } of round.placed) give[place]!.copyTo(take[place ^ 1]!)
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
              if (isFirst && round.misfit === undefined && !isEmpty(this.#inside)) round.frame.compute?.(this.#inside)
            } catch (error) {
              return links.trouble.fail(error as Error)
            }
            arrive(round)
          },
          error: (error) => subscriber.error(error)
        })
      })
  }
}

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
