import { defer, map, type Observable } from 'rxjs'
import type { Make } from '../collective/definition.js'
import { allreduceOf } from '../collective/definitions/allreduce.js'
import { call } from '../collective/request.js'
import { checkEnds, type Edge, isMutual, type Known, neighborhoodIn } from '../collective/topology/graph.js'
import { Grid } from '../collective/topology/grid.js'
import type { Neighborhood } from '../collective/topology/neighborhood.js'
import { best, boxes, grown, type Placement } from '../collective/topology/placement.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { shown } from '../diagnostics/arguments.js'
import { ArgumentError, CollectiveMismatchError, CountError, RankError } from '../errors.js'
import { createOp } from '../op/op.js'
import type { Request } from '../request/request.js'
import type { DeriveOptions } from './communicator.js'
import { checkedId, gatherSays, newId, type Parent, type Setting } from './communicator-create.js'
import { dimsOf } from './compute-dims.js'

/** What grid is made. All ranks give the same. */
export interface CartOptions extends DeriveOptions {
  /** Places of each dimension; a number of dimensions leaves them to `computeDims`. The ranks beyond the grid get `undefined`. */
  dims: number | readonly number[]
  /** Of each dimension, or of all, whether its ends meet; default no. */
  periodic?: boolean | readonly boolean[]
  /** Whether ranks may change their numbers, so that neighbours are on one host where the hosts have several ranks; default no. */
  reorder?: boolean
}

/** What a rank knows of its own neighbours. */
export interface OwnEdges extends DeriveOptions {
  /** The ranks that it gets something from, an edge each. */
  sources: readonly number[]
  /** The ranks that it gives something to, an edge each. */
  dests: readonly number[]
  /** What the edges weigh; shown in `neighbors`. */
  weights?: { readonly sources: readonly number[]; readonly dests: readonly number[] }
  /** Whether ranks may change their numbers, so that neighbours are on one host where the hosts have several ranks; default no. */
  reorder?: boolean
}

/** Any edges, which a rank knows of; those of all ranks are joined. */
export interface AnyEdges extends DeriveOptions {
  /** From which rank to which, and what it weighs. */
  edges: readonly (readonly [from: number, to: number, weight?: number])[]
  /** Whether ranks may change their numbers, so that neighbours are on one host where the hosts have several ranks; default no. */
  reorder?: boolean
}

/** What graph is made: of each rank's own edges, or of any that ranks know of. */
export type GraphOptions = OwnEdges | AnyEdges

/** The ranks that become part of a topology, by their new ranks. */
export interface Made<T> {
  readonly id: number
  readonly ranks: readonly number[]
  readonly topology: T
}

/** What a rank says of what all ranks must say alike; how two that differ do. */
interface Word {
  readonly id: number | null
  readonly rank: number
  readonly what: string
  readonly other: { readonly rank: number; readonly what: string } | null
}

const alike = createOp(
  (a: Word, b: Word): Word => ({
    ...a,
    id: a.id ?? b.id,
    other: a.other ?? b.other ?? (a.what === b.what ? null : { rank: b.rank, what: b.what })
  }),
  { name: 'alike' }
)

const alikes = new Map<string, Make<unknown, unknown>>()

function alikeOf(name: string): Make<unknown, unknown> {
  let make = alikes.get(name)
  if (make === undefined) {
    make = (ranks) => ({ ...allreduceOf(ranks, {}, alike), name, op: undefined })
    alikes.set(name, make)
  }
  return make
}

/** All ranks say the same; rank 0 gives the id of the new communicator. Its cost does not grow with what there is to say of each rank. */
export function sayAlike(comm: Parent, name: string, what: string, setting: Setting): Observable<number> {
  return defer(() => {
    const word: Word = { id: newId(comm), rank: comm.core.rank, what, other: null }
    const words = call(comm, alikeOf(name), word as unknown, setting.options, undefined, setting.site) as Request<Word>
    return words.pipe(
      map(({ id, other, rank, what: said }) => {
        if (other === null) return checkedId(id, name)
        throw new CollectiveMismatchError(
          `${name}: rank ${rank} gives ${said} and rank ${other.rank} gives ${other.what}; all ranks must give the same`
        )
      })
    )
  })
}

// Grids

/** The grid that is asked for. */
export function gridOf(core: CommunicatorCore, { dims, periodic = false, reorder }: CartOptions): Grid {
  const list = typeof dims === 'number' ? dimsOf(core.size, dims) : dims
  if (!Array.isArray(list) || !list.every((dim) => Number.isSafeInteger(dim) && dim > 0)) {
    throw new ArgumentError(
      `dims: expected integers from 1 on, or the number of dimensions, got ${shown(dims)}; computeDims fills in zeros`
    )
  }
  const ends = typeof periodic === 'boolean' ? list.map(() => periodic) : periodic
  if (!Array.isArray(ends) || !ends.every((end) => typeof end === 'boolean')) {
    throw new ArgumentError(`periodic: expected true, false or an array of these, got ${shown(periodic)}`)
  }
  if (ends.length !== list.length) {
    throw new CountError(`periodic: expected ${list.length} values, one a dimension, got ${ends.length}: ${shown(periodic)}`)
  }
  checkReorder(reorder)
  const grid = new Grid(list, ends)
  if (grid.size > core.size) {
    throw new CountError(`dims: ${shown(list)} has ${grid.size} places, the communicator only ${core.size} ranks; give a smaller grid`)
  }
  return grid
}

function checkReorder(reorder: unknown): void {
  if (reorder === undefined || typeof reorder === 'boolean') return
  throw new ArgumentError(`reorder: expected true or false, got ${shown(reorder)}`)
}

/** All ranks agree on a grid. */
export function makeGrid(comm: Parent, grid: Grid, reorder: boolean, setting: Setting): Observable<Made<Grid | undefined>> {
  const { core } = comm
  const what = shown({ dims: grid.dims.join(' × '), periodic: grid.periodic.join(), reorder })
  return sayAlike(comm, 'cart', what, setting).pipe(
    map((id) => ({
      id,
      ranks: reorder ? placedOnGrid(core, grid) : first(grid.size),
      topology: core.rank < grid.size ? grid : undefined
    }))
  )
}

let firsts: readonly number[] = []

/** The ranks below `count`. */
function first(count: number): readonly number[] {
  if (firsts.length !== count) firsts = Array.from({ length: count }, (_, rank) => rank)
  return firsts
}

function placedOnGrid(core: CommunicatorCore, grid: Grid): Placement {
  const { groups, hostOf } = hostsIn(core, grid.size)
  if (groups.length < 2) return first(grid.size)
  return best([first(grid.size), groups.flat(), ...boxes(grid, groups)], (place) => grid.neighborsOf(place), hostOf)
}

/** The first ranks of a communicator by host, those of a host together. */
function hostsIn({ hosts }: CommunicatorCore, size: number) {
  const groups = (hosts?.groups ?? []).map((group) => group.filter((rank) => rank < size)).filter(({ length }) => length > 0)
  const numbers = new Map(groups.flatMap((group, host) => group.map((rank) => [rank, host] as const)))
  return { groups, hostOf: (rank: number) => numbers.get(rank)! }
}

/** The dimensions that are kept, of the rank's own line, plane and so on: whose coordinates in the others are the same. */
export function makeSub(comm: Parent, grid: Grid, keep: readonly boolean[], setting: Setting): Observable<Made<Grid>> {
  const own = grid.coordsOf(comm.core.rank)
  const ranks = first(grid.size).filter((rank) => grid.coordsOf(rank).every((coord, d) => keep[d] || coord === own[d]))
  return sayAlike(comm, 'sub', shown(keep), setting).pipe(map((id) => ({ id, ranks, topology: grid.sub(keep) })))
}

export function checkKeep(keep: unknown, dimensions: number): void {
  if (!Array.isArray(keep) || !keep.every((one) => typeof one === 'boolean')) {
    throw new ArgumentError(`keep: expected true or false for each dimension, got ${shown(keep)}`)
  }
  if (keep.length !== dimensions)
    throw new CountError(`keep: expected ${dimensions} values, one a dimension, got ${keep.length}: ${shown(keep)}`)
}

// Graphs

/** What this rank knows of the graph; throws what is wrong with it. */
export function knownOf(options: GraphOptions, size: number): Known {
  checkReorder(options.reorder)
  const { sources, dests, weights, edges } = options as Partial<OwnEdges & AnyEdges>
  if (edges !== undefined) {
    if (sources !== undefined || dests !== undefined || weights !== undefined) {
      throw new ArgumentError('edges: goes without sources, dests and weights; an edge is [from, to, weight]')
    }
    if (!Array.isArray(edges) || !edges.every((edge) => Array.isArray(edge) && (edge.length === 2 || edge.length === 3))) {
      throw new ArgumentError(`edges: expected an array of [from, to] or [from, to, weight], got ${shown(edges)}`)
    }
    for (const [place, [from, to, weight]] of (edges as Edge[]).entries()) {
      for (const rank of [from, to]) checkMember(rank, size, `edges[${place}]`)
      if (weight !== undefined) checkWeight(weight, `edges[${place}]`)
    }
    return { edges: edges.map((edge) => [...edge] as unknown as Edge) }
  }
  const lists = { sources, dests }
  for (const [name, list] of Object.entries(lists)) {
    if (!Array.isArray(list)) throw new ArgumentError(`${name}: expected an array of ranks, got ${shown(list)}`)
    for (const [place, rank] of list.entries()) checkMember(rank, size, `${name}[${place}]`)
  }
  if (weights !== undefined) {
    for (const [name, list] of Object.entries(lists)) {
      const given: unknown = (weights as unknown as Record<string, unknown> | null)?.[name]
      if (!Array.isArray(given)) throw new ArgumentError(`weights.${name}: expected an array of numbers, got ${shown(given)}`)
      if (given.length !== list!.length) {
        throw new CountError(`weights.${name}: expected ${list!.length} weights, one an edge, got ${given.length}`)
      }
      for (const [place, weight] of given.entries()) checkWeight(weight, `weights.${name}[${place}]`)
    }
  }
  return { sources: [...sources!], dests: [...dests!], weights }
}

function checkMember(rank: unknown, size: number, name: string): void {
  if (Number.isInteger(rank) && (rank as number) >= 0 && (rank as number) < size) return
  throw new RankError(`${name}: ${shown(rank)} is no rank of the communicator; expected an integer from 0 to ${size - 1}`)
}

function checkWeight(weight: unknown, name: string): void {
  if (typeof weight === 'number' && weight >= 0) return
  throw new ArgumentError(`${name}: a weight is a number from 0 on, got ${shown(weight)}`)
}

/** All ranks join what they know of a graph. */
export function makeGraph(
  comm: Parent,
  known: Known,
  reorder: boolean,
  setting: Setting
): Observable<Made<(rank: number) => Neighborhood>> {
  return gatherSays(comm, 'graph', { ...known, reorder } satisfies Said, setting).pipe(
    map(({ id, all }) => {
      checkForms(all)
      const wrong = known.edges === undefined ? checkEnds(all) : undefined
      if (wrong !== undefined) {
        const { from, to, sent, received } = wrong
        throw new CollectiveMismatchError(
          `graph: rank ${from} has ${times(sent)} among its dests ${to}, but rank ${to} has ${times(received)} among its sources ${from}; ` +
            'both ends must name every edge'
        )
      }
      const ranks = reorder ? placedOnGraph(comm.core, all) : first(all.length)
      const mutual = isMutual(all)
      const topology = (rank: number): Neighborhood => {
        if (known.edges !== undefined) return neighborhoodIn(all, rank, mutual)
        const { sources, dests, weights } = all[rank]!
        return { sources: sources!, dests: dests!, weights, order: sources!.map((_, place) => place), mutual }
      }
      return { id, ranks, topology }
    })
  )
}

const times = (count: number): string => (count === 0 ? 'not' : count === 1 ? 'once' : `${count} times`)

interface Said extends Known {
  readonly reorder: boolean
}

function checkForms(all: readonly Said[]): void {
  const form = ({ edges, reorder }: Said): string => `${edges === undefined ? 'sources and dests' : 'edges'}${reorder ? ', reorder' : ''}`
  const other = all.findIndex((said) => form(said) !== form(all[0]!))
  if (other < 0) return
  throw new CollectiveMismatchError(
    `graph: rank 0 gives ${form(all[0]!)} and rank ${other} ${form(all[other]!)}; all ranks must call it in the same form`
  )
}

function placedOnGraph(core: CommunicatorCore, all: readonly Known[]): Placement {
  const { groups, hostOf } = hostsIn(core, all.length)
  if (groups.length < 2) return first(all.length)
  const neighbors = all.map((_, rank) => {
    const { sources = [], dests = [] } = all[0]!.edges === undefined ? all[rank]! : neighborhoodIn(all, rank, false)
    return [...sources, ...dests]
  })
  return best([first(all.length), grown(neighbors, groups)], (place) => neighbors[place]!, hostOf)
}
