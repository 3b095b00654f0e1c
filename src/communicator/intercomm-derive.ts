import { map, type Observable } from 'rxjs'
import type { Caller } from '../collective/definition.js'
import type { Group } from '../core/group.js'
import { shown } from '../diagnostics/arguments.js'
import { ArgumentError, CollectiveMismatchError, RankError } from '../errors.js'
import type { Groups, WholeCore } from '../intercomm/cores.js'
import { checkedId, gatherSays, newId, type Setting } from './communicator-create.js'

/** All ranks of an intercommunicator, as those who make another of it. */
export interface Whole extends Caller {
  readonly core: WholeCore
}

/** The groups of a new intercommunicator and its first contexts; `undefined` where this rank is in none. */
export type Regrouped = { readonly groups: Groups; readonly ids: readonly [number, number] } | undefined

/** The ranks that are in a new one, on each side, in their order; by their numbers among all. */
type Select<S> = (says: readonly S[], side: readonly number[]) => readonly number[]

/** What every rank says, and the contexts of what is made of it. */
export function gatherAll<S extends object>(whole: Whole, name: string, own: S, setting: Setting) {
  const say = { ...own, second: newId(whole) }
  return gatherSays(whole, name, say, setting).pipe(map(({ id, all }) => ({ ids: [id, checkedId(all[0]!.second, name)] as const, all })))
}

/** An intercommunicator of some ranks of each group. */
export function regroup<S extends object>(whole: Whole, name: string, own: S, select: Select<S>, setting: Setting): Observable<Regrouped> {
  const { core } = whole
  return gatherAll(whole, name, own, setting).pipe(
    map(({ ids, all }) => {
      const [local, remote] = [select(all, core.local), select(all, core.remote)]
      if (local.includes(core.rank) && remote.length > 0) {
        const membersOf = (ranks: readonly number[]): number[] => ranks.map((rank) => core.memberOf(rank))
        return { ids, groups: { local: membersOf(local), remote: membersOf(remote), isFirst: core.local[0] === 0 } }
      }
      for (const id of ids) core.endpoint.disuse(id)
      return undefined
    })
  )
}

/** Those of this rank's colour, by their keys. */
export const ofColor =
  (color: number | undefined): Select<{ readonly color: number | null; readonly key: number }> =>
  (says, side) =>
    side.filter((rank) => color !== undefined && says[rank]!.color === color).sort((a, b) => says[a]!.key - says[b]!.key || a - b)

/** The members of the group that all ranks of a side have given. Throws where they have given different ones. */
export const ofGroup =
  (core: WholeCore): Select<{ readonly members: readonly number[] }> =>
  (says, side) => {
    checkAlike(
      core,
      'create',
      side,
      (rank) => `a group of ${says[rank]!.members.length}`,
      (rank) => says[rank]!.members.join(' ')
    )
    return says[side[0]!]!.members.map((member) => core.rankOf(member))
  }

export function checkLocal(group: Group, local: Group, name: string): void {
  if (group.difference(local).size === 0) return
  throw new RankError(`group: it has ranks that are not in the local group of '${name}'; create takes a group of its members`)
}

/** Ranks of one communicator of all, in its order: the groups one behind the other. */
export function merge(
  whole: Whole,
  high: boolean,
  setting: Setting
): Observable<{ readonly id: number; readonly members: readonly number[] }> {
  const { core } = whole
  if (typeof high !== 'boolean') throw new ArgumentError(`high: expected true or false, got ${shown(high)}`)
  return gatherSays(whole, 'merge', { high }, setting).pipe(
    map(({ id, all }) => {
      const sides = core.local[0] === 0 ? [core.local, core.remote] : [core.remote, core.local]
      const highOf = (rank: number): string => `high: ${all[rank]!.high}`
      for (const side of sides) checkAlike(core, 'merge', side, highOf, highOf)
      const [first, second] = sides as [readonly number[], readonly number[]]
      const isTurned = all[first[0]!]!.high && !all[second[0]!]!.high
      const ranks = isTurned ? [...second, ...first] : [...first, ...second]
      return { id, members: ranks.map((rank) => core.memberOf(rank)) }
    })
  )
}

function checkAlike(
  core: WholeCore,
  call: string,
  side: readonly number[],
  wordOf: (rank: number) => string,
  keyOf: (rank: number) => string
): void {
  const [first] = side as [number]
  const other = side.find((rank) => keyOf(rank) !== keyOf(first))
  if (other === undefined) return
  throw new CollectiveMismatchError(
    `${call}: ${core.titleOf(first)} gives ${wordOf(first)} and ${core.titleOf(other)} ${wordOf(other)}` +
      `${wordOf(first) === wordOf(other) ? ' of others' : ''}; all ranks of a group must give the same`
  )
}
