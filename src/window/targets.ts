import { PROC_NULL } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkGroup, type Group } from '../core/group.js'
import { shown } from '../diagnostics/arguments.js'
import { ArgumentError, FreedError, RankError } from '../errors.js'
import type { Attachments } from './attachments.js'
import type { Remote } from './options.js'
import type { Part } from './part.js'

/** The ranks of a window as targets of calls: which there are, their parts, and why nothing comes of one any more. */
export class Targets {
  readonly parts: readonly Part[]
  readonly #core: CommunicatorCore
  readonly #window: string
  readonly #group: Group
  readonly #attachments: Attachments

  constructor(core: CommunicatorCore, window: string, group: Group, parts: readonly Part[], attachments: Attachments) {
    this.#core = core
    this.#window = window
    this.#group = group
    this.parts = parts
    this.#attachments = attachments
  }

  get everybody(): number[] {
    return Array.from(this.parts, (_, rank) => rank)
  }

  /** The part that a call is on: a rank's own, or what it has attached. */
  partOf(target: number | Remote): Part {
    if (typeof target === 'object' && target !== null) {
      const part = this.#attachments.known(target) ?? this.#attached(target)
      this.checkThere(part.rank)
      return part
    }
    this.checkRank(target)
    this.checkThere(target)
    return this.parts[target]!
  }

  #attached(remote: Remote): Part {
    if (remote.window !== this.#window || !Number.isInteger(remote.part)) {
      throw new ArgumentError(`target: expected a rank, or what attach has given on a rank of '${this.#window}', got ${shown(remote)}`)
    }
    this.checkRank(remote.rank)
    return this.#attachments.learn(remote)
  }

  /** The part of a rank as this rank can load from it and store to it; of `PROC_NULL` the first that is not empty. */
  shared(rank: number): unknown {
    if (rank === PROC_NULL)
      return this.parts.find(({ kind, value, length }) => kind === 'shared' && value !== undefined && length > 0)?.value
    this.checkRank(rank)
    const { kind, value } = this.parts[rank]!
    return kind === 'shared' ? value : undefined
  }

  /** The ranks of a group, by their numbers in the window. */
  ranksOf(group: Group): ReadonlySet<number> {
    checkGroup(group, 'group')
    const ranks = group.translateRanks([...Array(group.size).keys()], this.#group)
    if (!ranks.includes(undefined)) return new Set(ranks as number[])
    throw new RankError(`group: it has ranks that are not in window '${this.#window}'; give some of win.group`)
  }

  checkRank(rank: unknown): asserts rank is number {
    if (Number.isInteger(rank) && (rank as number) >= 0 && (rank as number) < this.parts.length) return
    throw new RankError(
      `target: ${shown(rank)} is no rank of window '${this.#window}'; expected an integer from 0 to ${this.parts.length - 1}, or PROC_NULL`
    )
  }

  checkThere(rank: number): void {
    const error = this.whyEnded(rank)
    if (error !== undefined) throw error
  }

  /** Why nothing comes of a rank any more. */
  whyEnded(rank: number): Error | undefined {
    if (!this.parts[rank]!.isEnded) return undefined
    const gone = this.#core.inVain(this.#core.memberOf(rank))
    return gone ?? new FreedError(`rank ${rank} has freed window '${this.#window}', and its part with that`)
  }
}
