import { PROC_NULL } from '../constants.js'
import { shown } from '../diagnostics/arguments.js'
import { ArgumentError, RankError } from '../errors.js'
import type { Process } from '../progress/job-services.js'

/**
 * Ranks in an order: what a communicator is made of, without a context for messages. Groups never change; each call makes another.
 *
 * Cost: local, O(size) at most. Errors: RankError for a rank that is not in the group or is named twice; ArgumentError.
 * MPI: MPI_Group, MPI 4.1 §7.3; mpi4py: MPI.Group.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 *
 * const backwards = comm.group.range(comm.size - 1, 0, -1)
 * if (comm.rank === 0) console.log(backwards.rank, comm.group.translateRanks([0, 1], backwards)) // [0] 1 [ 1, 0 ]
 * const others = comm.group.exclude([0])
 * if (comm.rank === 1) console.log(others.size, others.rank, others.compare(backwards)) // [1] 1 0 unequal
 * ```
 */
export class Group {
  /** How many ranks it has. MPI: MPI_Group_size; mpi4py: group.size. */
  readonly size: number
  /** This rank's place in the group, `undefined` where it is not a member. MPI: MPI_Group_rank. */
  readonly rank: number | undefined
  /** Each member's rank at the endpoint. */
  readonly #members: readonly number[]
  /** This rank's own; nobody's in `GROUP_EMPTY`. */
  readonly #own: number | undefined
  /** Who each rank of the endpoint is, where that is not its number: groups of several endpoints are compared by that. */
  readonly #processes: readonly Process[] | undefined
  #places: ReadonlyMap<Process, number> | undefined

  private constructor(members: readonly number[], own: number | undefined, processes: readonly Process[] | undefined) {
    this.#members = members
    this.#own = own
    this.#processes = processes
    this.size = members.length
    const rank = own === undefined ? -1 : members.indexOf(own)
    this.rank = rank === -1 ? undefined : rank
  }

  /** The group of those ranks of the endpoint, seen by `own`; `members` is not copied. @internal */
  static of(members: readonly number[], own: number | undefined, processes?: readonly Process[]): Group {
    return new Group(members, own, processes)
  }

  /** Each member's rank at the endpoint. @internal */
  get members(): readonly number[] {
    return this.#members
  }

  /** Its members as the endpoint of another group that has them all knows them. @internal */
  membersIn(other: Group): readonly number[] {
    if (other.#processes === this.#processes) return this.#members
    return this.#members.map((member) => other.#members[other.#place(this.#processOf(member))!]!)
  }

  /** Those ranks, in the order of the list. MPI: MPI_Group_incl; mpi4py: group.Incl. */
  include(ranks: readonly number[]): Group {
    this.#check(ranks)
    return this.#with(ranks.map((rank) => this.#members[rank]))
  }

  /** All but those ranks, in the order that they have here. MPI: MPI_Group_excl; mpi4py: group.Excl. */
  exclude(ranks: readonly number[]): Group {
    this.#check(ranks)
    const excluded = new Set(ranks)
    return this.#with(this.#members.filter((_, rank) => !excluded.has(rank)))
  }

  /**
   * `first`, `first + step` … up to `last`, which is one of them if a step meets it. MPI: MPI_Group_range_incl with one range;
   * mpi4py: group.Range_incl.
   */
  range(first: number, last: number, step = 1): Group {
    for (const [name, rank] of Object.entries({ first, last })) if (!Number.isInteger(rank)) throw this.#stranger(name, rank)
    if (!Number.isInteger(step) || step === 0) throw new ArgumentError(`step: expected an integer that is not 0, got ${shown(step)}`)
    const steps = Math.floor((last - first) / step)
    if (steps < 0) throw new ArgumentError(`step: steps of ${step} do not lead from ${first} to ${last}; give one of ${-step}`)
    // Checked before the list is made, which a wrong argument could make endless.
    if (!this.#has(first)) throw this.#stranger('first', first)
    const end = first + steps * step
    if (!this.#has(end)) throw this.#stranger('last', last)
    return this.#with(Array.from({ length: steps + 1 }, (_, k) => this.#members[first + k * step]))
  }

  /**
   * The members of this group, then those of the other that are not in this one; ArgumentError where those are of another world.
   * MPI: MPI_Group_union.
   */
  union(other: Group): Group {
    checkGroup(other)
    if (this.size === 0) return other
    const more = other.#members.filter((member) => this.#place(other.#processOf(member)) === undefined)
    if (more.length > 0 && other.#processes !== this.#processes) {
      throw new ArgumentError('other: it has ranks of another world; take both groups of one communicator, such as merge() gives')
    }
    return this.#with([...this.#members, ...more], other)
  }

  /** The members of this group that are also in the other, in the order of this one. MPI: MPI_Group_intersection. */
  intersection(other: Group): Group {
    checkGroup(other)
    return this.#with(
      this.#members.filter((member) => other.#place(this.#processOf(member)) !== undefined),
      other
    )
  }

  /** The members of this group that are not in the other, in the order of this one. MPI: MPI_Group_difference. */
  difference(other: Group): Group {
    checkGroup(other)
    return this.#with(
      this.#members.filter((member) => other.#place(this.#processOf(member)) === undefined),
      other
    )
  }

  /**
   * The ranks that those ranks of this group have in the other: `undefined` for one that is no member of it, `PROC_NULL` for itself.
   * MPI: MPI_Group_translate_ranks; mpi4py: MPI.Group.Translate_ranks.
   */
  translateRanks(ranks: readonly number[], other: Group): (number | undefined)[] {
    checkList(ranks)
    checkGroup(other)
    return ranks.map((rank, k) => {
      if (rank === PROC_NULL) return PROC_NULL
      if (!this.#has(rank)) throw this.#stranger(`ranks[${k}]`, rank)
      return other.#place(this.#processOf(this.#members[rank]))
    })
  }

  /** Whether both have the same members, and in the same order. MPI: MPI_Group_compare: MPI_IDENT, MPI_SIMILAR, MPI_UNEQUAL. */
  compare(other: Group): 'identical' | 'similar' | 'unequal' {
    checkGroup(other)
    if (this.size !== other.size) return 'unequal'
    const places = this.#members.map((member) => other.#place(this.#processOf(member)))
    if (places.every((place, rank) => place === rank)) return 'identical'
    return places.includes(undefined) ? 'unequal' : 'similar'
  }

  #with(members: readonly number[], other: Group = this): Group {
    return members.length === 0 ? GROUP_EMPTY : new Group(members, this.#own ?? other.#own, this.#processes)
  }

  #processOf(member: number): Process {
    return this.#processes === undefined ? member : this.#processes[member]!
  }

  #place(process: Process): number | undefined {
    this.#places ??= new Map(this.#members.map((member, rank) => [this.#processOf(member), rank]))
    return this.#places.get(process)
  }

  #has(rank: number): boolean {
    return Number.isInteger(rank) && rank >= 0 && rank < this.size
  }

  #check(ranks: readonly number[]): void {
    checkList(ranks)
    const seen = new Map<number, number>()
    for (const [k, rank] of ranks.entries()) {
      if (!this.#has(rank)) throw this.#stranger(`ranks[${k}]`, rank)
      if (seen.has(rank))
        throw new RankError(`ranks[${k}]: ${rank} is named twice, before as ranks[${seen.get(rank)}]; name each rank once`)
      seen.set(rank, k)
    }
  }

  #stranger(name: string, rank: number): RankError {
    const expected = this.size === 0 ? 'it has none' : `expected an integer from 0 to ${this.size - 1}`
    return new RankError(`${name}: ${shown(rank)} is no rank of this group; ${expected}`)
  }
}

/** Without members. MPI: MPI_GROUP_EMPTY. */
export const GROUP_EMPTY: Group = Group.of([], undefined)

/** @internal */
export function checkGroup(group: unknown, name = 'other'): void {
  if (!(group instanceof Group)) throw new ArgumentError(`${name}: expected a Group such as comm.group, got ${shown(group)}`)
}

function checkList(ranks: unknown): void {
  if (!Array.isArray(ranks)) throw new ArgumentError(`ranks: expected an array of ranks, got ${shown(ranks)}`)
}
