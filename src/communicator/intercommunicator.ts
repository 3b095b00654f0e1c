import { map, tap } from 'rxjs'
import { CallRegistry } from '../collective/call-registry.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkGroup, Group } from '../core/group.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { type Groups, RemoteCore, WholeCore } from '../intercomm/cores.js'
import { dialectOf } from '../intercomm/dialect.js'
import type { Endpoint } from '../progress/endpoint.js'
import type { Request } from '../request/request.js'
import { type Channel, type ChannelOptions, OpenChannels } from '../stream/channel.js'
import { checked } from '../stream/options.js'
import { StreamRegistry } from '../stream/stream-registry.js'
import type { Communicator, DeriveOptions } from './communicator.js'
import { checkColor, checkKey, type Setting } from './communicator-create.js'
import { FaultTolerant } from './fault-tolerance.js'
import { closing } from './intercomm-close.js'
import { checkLocal, merge, ofColor, ofGroup, type Regrouped, regroup, type Whole } from './intercomm-derive.js'
import { Makings } from './makings.js'
import { refuseCalls } from './refusals.js'

/** Makes a communicator of one group. */
export type MakeCommunicator = (
  endpoint: Endpoint,
  id: number,
  name: string,
  members: readonly number[],
  site: CallSite | undefined
) => Communicator

/** What `merge` may be told. */
export interface MergeOptions extends DeriveOptions {
  /** Whether this group comes behind the other; the same on all its ranks, default no. */
  high?: boolean
}

/** What `close` may be told. */
export interface CloseOptions {
  /** Aborting it fails the call with an AbortError here and a RemoteError on the other ranks. */
  signal?: AbortSignal
}

/**
 * Two groups that talk to each other: `dest` and `source` are ranks of the remote group, and collectives go from one group to the other;
 * `comm.createIntercomm` makes one. Of a rooted collective the root's group says `root: { local: rank }`, the other `root: rank`.
 * MPI: an intercommunicator, MPI 4.1 §7.6; mpi4py: MPI.Intercomm.
 */
export class Intercommunicator extends FaultTolerant {
  /** It is one: `true`. MPI: MPI_Comm_test_inter; mpi4py: comm.is_inter. */
  readonly isInter = true
  /** How many ranks the remote group has. MPI: MPI_Comm_remote_size; mpi4py: comm.remote_size. */
  readonly remoteSize: number
  /** The ranks of this rank's group. MPI: MPI_Comm_group, MPI 4.1 §7.3.2. */
  readonly group: Group
  /** The ranks of the other. MPI: MPI_Comm_remote_group; mpi4py: comm.remote_group. */
  readonly remoteGroup: Group
  /** @internal Where it was made, if that was recorded. */
  readonly site: CallSite | undefined
  /** @internal It was there without the program's doing. */
  isGiven = false
  readonly #whole: WholeCore
  readonly #makeOf: MakeCommunicator
  readonly #onFree: (() => void) | undefined
  readonly #makings = new Makings(this)
  readonly #open = new OpenChannels()
  #registry: CallRegistry | undefined
  #channels: StreamRegistry | undefined

  /** @internal */
  constructor(
    endpoint: Endpoint,
    [messages, collectives]: readonly [number, number],
    name: string,
    groups: Groups,
    site: CallSite | undefined,
    makeOf: MakeCommunicator,
    onFree?: () => void
  ) {
    super(new RemoteCore(endpoint, messages, name, groups))
    const own = endpoint.transport.rank
    this.#makeOf = makeOf
    this.#onFree = onFree
    this.#whole = new WholeCore(endpoint, collectives, name, groups)
    this.site = site
    this.remoteSize = groups.remote.length
    this.group = Group.of(groups.local, own, endpoint.processes)
    this.remoteGroup = Group.of(groups.remote, own, endpoint.processes)
    this.#whole.leads(this.core)
    endpoint.unfreed.add(this)
    this.#whole.join()
  }

  /** @internal The collectives called so far. */
  override get calls(): CallRegistry {
    this.core.checkAlive()
    this.#registry ??= new CallRegistry(this.#whole, dialectOf(this.#whole))
    return this.#registry
  }

  /**
   * One communicator of the ranks of both groups: the group that says `high: false` first; where both say the same, the one that has
   * spawned or accepted the other, else the one whose first rank has the lower number in the world. Called by all ranks of both groups.
   *
   * Errors: ArgumentError; CollectiveMismatchError where ranks of a group give different `high`. Cost: a small allreduce.
   * MPI: MPI_Intercomm_merge, MPI 4.1 §7.6.2; mpi4py: comm.Merge.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const half = (await comm.split(comm.rank))!
   * const inter = await half.createIntercomm({ bridge: comm, remoteLeader: 1 - comm.rank })
   * const both = await inter.merge({ high: comm.rank === 0 })
   * console.log(both.rank, 'of', both.size) // [0] 1 of 2 [1] 0 of 2
   * for (const one of [both, inter, half]) one.free()
   * ```
   */
  merge(options?: MergeOptions): Promise<Communicator> {
    return this.imerge(options).wait()
  }

  /** As `merge`, as a request. */
  imerge(options: MergeOptions = {}): Request<Communicator> {
    return this.#makings.make('merge', options, (setting) =>
      merge(this.#all, options.high ?? false, setting).pipe(
        map(
          ({ id, members }) =>
            (name: string) =>
              this.#makeOf(this.core.endpoint, id, name, members, setting.site)
        )
      )
    )
  }

  /**
   * The same groups with contexts of their own. Called by all ranks of both. Errors: ArgumentError, RankFailedError, FreedError. MPI:
   * MPI_Comm_dup, MPI 4.1 §7.4.2; mpi4py: comm.Dup.
   */
  dup(options?: DeriveOptions): Promise<Intercommunicator> {
    return this.idup(options).wait()
  }

  /** As `dup`, as a request. MPI: MPI_Comm_idup; mpi4py: comm.Idup. */
  idup(options?: DeriveOptions): Request<Intercommunicator> {
    return this.#makings.make('dup', options ?? {}, (setting) =>
      regroup(this.#all, 'dup', {}, (_, side) => side, setting).pipe(
        map((found) => this.#from(found, setting) as (name: string) => Intercommunicator)
      )
    )
  }

  /**
   * One intercommunicator for each colour that ranks of both groups have, in each group ordered by `key`; `undefined` where a colour has
   * none in the other group, or is `undefined`. Called by all ranks of both groups.
   * Errors: ArgumentError when `color` is no integer from 0 on, or `key` no number.
   * MPI: MPI_Comm_split, MPI 4.1 §7.4.2; mpi4py: comm.Split.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const half = (await comm.split(comm.rank))!
   * const inter = await half.createIntercomm({ bridge: comm, remoteLeader: 1 - comm.rank })
   * const same = (await inter.split(7))!
   * console.log(same.remoteSize, await inter.split(comm.rank)) // [0] 1 undefined [1] 1 undefined
   * for (const one of [same, inter, half]) one.free()
   * ```
   */
  split(color: number | undefined, key?: number, options?: DeriveOptions): Promise<Intercommunicator | undefined> {
    return this.isplit(color, key, options).wait()
  }

  /** As `split`, as a request. */
  isplit(color: number | undefined, key = 0, options?: DeriveOptions): Request<Intercommunicator | undefined> {
    return this.#makings.make('split', options ?? {}, (setting) => {
      checkColor(color)
      checkKey(key)
      const made = regroup(this.#all, 'split', { color: color ?? null, key }, ofColor(color), setting)
      return made.pipe(map((found) => this.#from(found, setting)))
    })
  }

  /**
   * An intercommunicator of a group of each side, which all ranks of the side give: some ranks of the local group, in any order.
   * `undefined` on the others, and where one of the two is empty. Called by all ranks of both groups.
   * Errors: RankError when the group has others than ranks of the local group; CollectiveMismatchError where ranks of one side give
   * different groups. MPI: MPI_Comm_create, MPI 4.1 §7.4.2; mpi4py: comm.Create.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, GROUP_EMPTY } from 'rxmpi'
   *
   * const half = (await comm.split(comm.rank))!
   * const inter = await half.createIntercomm({ bridge: comm, remoteLeader: 1 - comm.rank })
   * const same = (await inter.create(inter.group))!
   * const none = await inter.create(comm.rank === 0 ? inter.group : GROUP_EMPTY)
   * console.log(same.remoteSize, none) // [0] 1 undefined [1] 1 undefined
   * for (const one of [same, inter, half]) one.free()
   * ```
   */
  create(group: Group, options?: DeriveOptions): Promise<Intercommunicator | undefined> {
    return this.icreate(group, options).wait()
  }

  /** As `create`, as a request. */
  icreate(group: Group, options?: DeriveOptions): Request<Intercommunicator | undefined> {
    return this.#makings.make('create', options ?? {}, (setting) => {
      checkGroup(group, 'group')
      checkLocal(group, this.group, this.name)
      const made = regroup(this.#all, 'create', { members: group.membersIn(this.group) }, ofGroup(this.#whole), setting)
      return made.pipe(map((found) => this.#from(found, setting)))
    })
  }

  /**
   * Gives it up, on this rank and at once: what is pending fails with a FreedError, and so does every later call. A second time does
   * nothing. MPI: MPI_Comm_free, MPI 4.1 §7.4.3; mpi4py: comm.Free.
   */
  free(): void {
    if (!this.core.alive) return
    this.core.release()
    this.#whole.release()
    this.core.endpoint.unfreed.delete(this)
    this.#onFree?.()
  }

  /** As `free`: for `using`, which never waits for others. */
  [Symbol.dispose](): void {
    this.free()
  }

  /**
   * The orderly end: waits until all ranks of both groups have called it and all that they have sent each other is received, then frees.
   * Where nothing else joins two worlds, neither's failure is the other's from then on.
   * Errors: RankFailedError, FreedError, AbortError. Cost: a word to every rank of the other group, and a barrier.
   * MPI: MPI_Comm_disconnect, MPI 4.1 §11.10.4; mpi4py: comm.Disconnect.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const half = (await comm.split(comm.rank))!
   * const inter = await half.createIntercomm({ bridge: comm, remoteLeader: 1 - comm.rank })
   * inter.isend('the last word', { dest: 0 })
   * const last = inter.recv()
   * await inter.close()
   * console.log(await last) // [0] the last word [1] the last word
   * half.free()
   * ```
   */
  close(options?: CloseOptions): Promise<void> {
    return this.iclose(options).wait()
  }

  /** As `close`, as a request. */
  iclose(options: CloseOptions = {}): Request<void> {
    return this.#makings.make('close', options, (setting) => {
      const freed = closing(this.core, this.#all, setting).pipe(
        tap(() => {
          this.free()
          this.core.endpoint.closed()
        })
      )
      return freed.pipe(map(() => () => undefined))
    })
  }

  /** @internal Its streams. */
  get channels(): StreamRegistry {
    this.#channels ??= new StreamRegistry(this.core)
    return this.#channels
  }

  /** A Subject that spans this rank and one of the remote group, as `comm.channel`. */
  channel<T = unknown>(options: ChannelOptions): Channel<T> {
    return checked(this.core, () => this.#open.open<T>(this.channels, options))
  }

  protected override get whole(): CommunicatorCore {
    return this.#whole
  }

  protected make(id: number, name: string, ranks: readonly number[], site: CallSite | undefined): Communicator {
    const members = ranks.map((rank) => this.#whole.memberOf(rank))
    return this.#makeOf(this.core.endpoint, id, name, members, site)
  }

  get #all(): Whole {
    return { core: this.#whole, calls: this.calls }
  }

  #from(found: Regrouped, { site }: Setting): (name: string) => Intercommunicator | undefined {
    return (name) => found && new Intercommunicator(this.core.endpoint, found.ids, name, found.groups, site, this.#makeOf)
  }
}

refuseCalls(Intercommunicator.prototype)
