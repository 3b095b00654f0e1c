import { defer, finalize, map, type Observable } from 'rxjs'
import type { Caller, Make } from '../collective/definition.js'
import { allreduceOf } from '../collective/definitions/allreduce.js'
import { call } from '../collective/request.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { Group } from '../core/group.js'
import { shown } from '../diagnostics/arguments.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { ArgumentError, CollectiveMismatchError, RankError, RxmpiError } from '../errors.js'
import { createOp } from '../op/op.js'
import { IDS_EXHAUSTED } from '../progress/context-ids.js'
import { Request } from '../request/request.js'

/** The communicator that another one is made of. */
export interface Parent extends Caller {
  readonly group: Group
  readonly name: string
}

/** What a rank says of itself when a communicator is made of another. */
interface Say {
  /** Which of the new communicators it wants to be in; ranks that say `null` will be in none. */
  readonly color: number | string | null
  readonly key: number
}

/** The new communicator of this rank: its first context, and its members as ranks of the old one. */
export interface Derived {
  readonly id: number
  readonly ranks: readonly number[]
}

/** How ranks tell each other with whom they want to be: a collective of the call's own name. */
const making = (name: string): Make<unknown, unknown> => {
  let make = makings.get(name)
  if (make === undefined) {
    make = (ranks) => ({ ...allreduceOf(ranks, {}, together), name, op: undefined })
    makings.set(name, make)
  }
  return make
}

const makings = new Map<string, Make<unknown, unknown>>()

const together = createOp((a: unknown[], b: unknown[]) => [...a, ...b], { name: 'together' })

/**
 * Brings together who wants to be with whom. Rank 0 gives the contexts: one of its own ids, which it gives once, so that whatever else is
 * made at the same time, of this communicator or another, gets others. Those who part share an id, for none of them is in two of the new
 * communicators.
 */
export function derive(comm: Parent, name: string, color: Say['color'], key: number, setting: Setting): Observable<Derived | undefined> {
  return gatherSays(comm, name, { color, key }, setting).pipe(
    map(({ id, all }) => {
      if (color !== null) return { id, ranks: members(all, color) }
      comm.core.endpoint.disuse(id)
      return undefined
    })
  )
}

/** What a call is told beside its own arguments, and where it is. */
export interface Setting {
  readonly options: { readonly signal?: AbortSignal | undefined }
  readonly site: CallSite | undefined
}

/** What every rank says where a communicator is made, and the first of its contexts, which rank 0 gives. */
export function gatherSays<S extends object>(comm: Caller, name: string, own: S, setting: Setting): Observable<{ id: number; all: S[] }> {
  return defer(() => {
    const say = { ...own, id: newId(comm) }
    const says = call(comm, making(name), [say] as unknown, setting.options, undefined, setting.site) as Request<(S & Identified)[]>
    return says.pipe(map((all) => ({ id: checkedId(all[0]!.id, name), all })))
  })
}

interface Identified {
  /** The new communicators' first context: rank 0 gives it. */
  readonly id: number | null
}

export const newId = ({ core: { rank, endpoint } }: Caller): number | null => (rank === 0 ? endpoint.ids.next() : null)

export function checkedId(id: number | null, name: string): number {
  if (id === null) throw new RxmpiError(`${name}: ${IDS_EXHAUSTED}`)
  return id
}

/** While a communicator is being made, what others say on it already is kept. */
export function expecting<T>({ endpoint }: CommunicatorCore, made: Observable<T>): Observable<T> {
  return defer(() => made.pipe(finalize(endpoint.expectCommunicator())))
}

/** A communicator in the making. MPI: MPI_Comm_idup. */
export class Derivation<C> extends Request<C> {
  readonly status = undefined
  readonly #comm: CommunicatorCore

  constructor(comm: CommunicatorCore, site: CallSite | undefined, made: Observable<C>) {
    super(site)
    this.#comm = comm
    made.subscribe({ next: (derived) => this.complete(derived), error: (error) => this.fail(error) })
  }

  protected poll(): void {
    this.#comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#comm.inContext(error, site)
  }
}

function members(says: readonly Say[], color: Say['color']): number[] {
  const ranks = says.flatMap((say, rank) => (say.color === color ? [rank] : []))
  return ranks.sort((a, b) => says[a]!.key - says[b]!.key || a - b)
}

export function checkColor(color: unknown): void {
  if (color === undefined || (Number.isSafeInteger(color) && (color as number) >= 0)) return
  throw new ArgumentError(`color: expected an integer from 0 on, or undefined for no communicator, got ${shown(color)}`)
}

export function checkKey(key: unknown): void {
  if (typeof key === 'number' && !Number.isNaN(key)) return
  throw new ArgumentError(`key: expected a number to order the ranks by, got ${shown(key)}`)
}

export function checkName(name: unknown): void {
  if (name === undefined || typeof name === 'string') return
  throw new ArgumentError(`name: expected a string, got ${shown(name)}`)
}

/** Who gives the same group wants to be in the same communicator. Throws for members that are not in this one. */
export function colorOf(comm: Parent, group: Group): string | null {
  checkMembers(comm, group, 'create')
  return group.rank === undefined ? null : group.membersIn(comm.group).join(' ')
}

/** The ranks here of a group that this one is in. Throws for members that are not in the communicator. */
export function ranksOf(comm: Parent, group: Group): readonly number[] {
  checkMembers(comm, group, 'createGroup')
  const ranks = group.translateRanks([...Array(group.size).keys()], comm.group) as number[]
  if (ranks.includes(comm.core.rank)) return ranks
  throw new RankError(`group: this rank, ${comm.core.rank}, is not in it; createGroup is called by the ranks of the group alone`)
}

function checkMembers(comm: Parent, group: Group, call: string): void {
  const strangers = group.difference(comm.group)
  if (strangers.size > 0) {
    const ranks = group.translateRanks(
      group.translateRanks([...Array(group.size).keys()], comm.group).flatMap((rank, place) => (rank === undefined ? [place] : [])),
      group
    )
    throw new RankError(`group: its ranks ${ranks.join(', ')} are not in communicator '${comm.name}'; ${call} takes a group of its members`)
  }
}

/** All members of a group must have given it. */
export function checkAllThere(comm: Parent, group: Group, { ranks }: Derived): void {
  const wanted = group.translateRanks([...Array(group.size).keys()], comm.group) as number[]
  const missing = wanted.filter((rank) => !ranks.includes(rank))
  if (missing.length === 0) return
  throw new CollectiveMismatchError(
    `group: ranks ${missing.join(', ')} of '${comm.name}' are in it and have given another; all members must give the same`
  )
}
