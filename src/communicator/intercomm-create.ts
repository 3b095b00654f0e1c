import { catchError, concatMap, map, type Observable, of } from 'rxjs'
import { type Failure, failureOf, remoteError } from '../collective/control-messages.js'
import type { Make } from '../collective/definition.js'
import { bcastOf } from '../collective/definitions/bcast.js'
import { call } from '../collective/request.js'
import { checkObject, checkTag, shown } from '../diagnostics/arguments.js'
import { ArgumentError, RankError, RxmpiError } from '../errors.js'
import type { Groups } from '../intercomm/cores.js'
import { IDS_EXHAUSTED } from '../progress/context-ids.js'
import type { Request } from '../request/request.js'
import type { Communicator, DeriveOptions } from './communicator.js'
import type { Setting } from './communicator-create.js'
import { GroupRequest } from './group-create.js'
import { Intercommunicator, type MakeCommunicator } from './intercommunicator.js'
import { sayAlike } from './topology-create.js'

/** Which two groups an intercommunicator joins. */
export interface IntercommOptions extends DeriveOptions {
  /** A communicator that the leaders of both groups are in; read at the local leader. */
  bridge?: Communicator | undefined
  /** The rank in `bridge` of the other group's leader; read at the local leader. */
  remoteLeader?: number | undefined
  /** The rank of this group that speaks for it, the same on all its ranks; default 0. */
  localLeader?: number
  /** Keeps calls of the same two leaders apart that are under way at the same time; 0 … TAG_UB, default 0. Read at the local leader. */
  tag?: number
}

/** What a leader says of its group to the other's, and then of the other to its group. */
interface Word {
  readonly members: readonly number[]
  /** The first contexts of messages and of collectives. */
  readonly ids: readonly [messages: number | null, collectives: number | null]
}

/** What a leader tells its group: of the other, or why there will be none. */
type Verdict = Word | { readonly failure: Failure }

const NOTHING_MADE = [null, null] as const

/** The leaders meet over the bridge once all ranks of their groups have called, and tell these what they have heard. */
export function joinGroups(
  comm: Communicator,
  options: IntercommOptions,
  setting: Setting,
  makeOf: MakeCommunicator
): Observable<(name: string) => Intercommunicator> {
  const { core } = comm
  checkObject(options, '{ bridge, remoteLeader }')
  const { localLeader = 0, tag = 0 } = options
  checkMember(localLeader, core.size, 'localLeader', 'the communicator')
  checkTag(tag)
  const isLeader = core.rank === localLeader
  if (isLeader) checkBridge(comm, options)
  let reason: unknown
  const tell = (verdict: Verdict | undefined): Observable<Verdict> =>
    call(comm, verdictOf, verdict as Verdict, { ...setting.options, root: localLeader }, undefined, setting.site) as Request<Verdict>
  const hear = (): Observable<Verdict | undefined> => {
    if (!isLeader) return of(undefined)
    return meet(comm, options, setting).pipe(
      catchError((error: unknown) => {
        reason = error
        return of({ failure: failureOf(0, error) })
      })
    )
  }
  return sayAlike(comm, 'createIntercomm', shown({ localLeader }), setting).pipe(
    concatMap((unused) => {
      core.endpoint.disuse(unused)
      return hear()
    }),
    concatMap(tell),
    map((verdict) => {
      if ('failure' in verdict) throw isLeader ? reason : remoteError(core, localLeader, 'createIntercomm', verdict.failure)
      const groups = groupsOf(comm, verdict)
      return (name: string) => new Intercommunicator(core.endpoint, verdict.ids as [number, number], name, groups, setting.site, makeOf)
    })
  )
}

const verdictOf: Make<Verdict, Verdict> = (ranks, options) => ({ ...bcastOf<Verdict>(ranks, options), name: 'createIntercomm' })

/** What the other leader says. */
function meet(comm: Communicator, { bridge, remoteLeader, tag = 0 }: IntercommOptions, { options, site }: Setting): Observable<Word> {
  const { members, endpoint } = comm.core
  const { core } = bridge!
  const leader = core.memberOf(remoteLeader!)
  // The leader may be of this group by mistake: then there is nobody to meet, and all hear of it.
  if (members.includes(leader)) return of({ members: [leader], ids: NOTHING_MADE })
  const ranks = [core.rank, remoteLeader!].sort((a, b) => a - b)
  const own: Word = { members, ids: [null, core.rank === ranks[0] ? endpoint.ids.next() : null] }
  const made = (id: number, _count: number, words: ReadonlyMap<number, unknown>): Word => {
    const [, collectives] = (words.get(ranks[0]!) as Word).ids
    if (collectives === null) throw new RxmpiError(`createIntercomm: ${IDS_EXHAUSTED}`)
    return { members: (words.get(remoteLeader!) as Word).members, ids: [id, collectives] }
  }
  return new GroupRequest<Word>(bridge!.groupCalls, 'createIntercomm', ranks, tag, site, made, own).begin(options.signal)
}

function groupsOf(comm: Communicator, { members: remote, ids }: Word): Groups {
  const { members: local, endpoint } = comm.core
  const common = local.flatMap((member, rank) => (remote.includes(member) ? [rank] : []))
  if (common.length === 0) return { local, remote, isFirst: local[0]! < remote[0]! }
  for (const id of ids) if (id !== null) endpoint.disuse(id)
  throw new RankError(
    `createIntercomm: ranks ${common.join(', ')} of '${comm.name}' are in both groups; the groups of an intercommunicator have no rank in common`
  )
}

function checkBridge(comm: Communicator, { bridge, remoteLeader }: IntercommOptions): void {
  if (!(bridge?.core?.endpoint === comm.core.endpoint) || bridge.groupCalls === undefined) {
    throw new ArgumentError(`bridge: expected a communicator that both leaders are in, got ${shown(bridge)}`)
  }
  bridge.core.checkAlive()
  checkMember(remoteLeader, bridge.core.size, 'remoteLeader', 'the bridge')
}

function checkMember(leader: unknown, size: number, name: string, where: string): void {
  if (Number.isInteger(leader) && (leader as number) >= 0 && (leader as number) < size) return
  throw new RankError(`${name}: ${shown(leader)} is no rank of ${where}; expected an integer from 0 to ${size - 1}`)
}
