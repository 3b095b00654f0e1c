import { map, throwError } from 'rxjs'
import { CommunicatorCore } from '../core/communicator-core.js'
import { checkGroup, Group } from '../core/group.js'
import { checkOptions, checkSignal, checkTag, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { debug } from '../diagnostics/debug.js'
import { ArgumentError } from '../errors.js'
import type { File } from '../file/file.js'
import type { FileMode } from '../file/modes.js'
import { type OpenOptions, openFile } from '../file/open.js'
import type { Endpoint } from '../progress/endpoint.js'
import { abortError } from '../request/cancellation.js'
import { RefusedRequest } from '../request/refused-request.js'
import type { Request } from '../request/request.js'
import { type Channel, type ChannelOptions, OpenChannels } from '../stream/channel.js'
import { checked } from '../stream/options.js'
import { StreamRegistry } from '../stream/stream-registry.js'
import {
  checkAllThere,
  checkColor,
  checkKey,
  checkName,
  colorOf,
  Derivation,
  type Derived,
  derive,
  ranksOf
} from './communicator-create.js'
import { FaultTolerant } from './fault-tolerance.js'
import { GroupCalls, GroupRequest } from './group-create.js'

export * from '../progress/context-ids.js'

/** What the calls that make a communicator of another may be told. */
export interface DeriveOptions {
  /** The new communicator's; by default after this one: 'world.split(1)'. */
  name?: string
  /** Aborting it fails the call with an AbortError here and a RemoteError on the other ranks. */
  signal?: AbortSignal
}

/** What `createGroup` may be told. */
export interface CreateGroupOptions extends DeriveOptions {
  /** Keeps calls of one group apart that are under way at the same time; 0 … TAG_UB, default 0. */
  tag?: number
}

/** A group of ranks and contexts of its own for their messages. MPI: MPI_Comm, MPI 4.1 §7; point to point: §3; collectives: §6. */
export class Communicator extends FaultTolerant {
  readonly #open = new OpenChannels()
  #channels: StreamRegistry | undefined
  readonly #freeable: boolean
  /** @internal Where it was made, if that was recorded. */
  readonly site: CallSite | undefined
  #group: Group | undefined
  #groups: GroupCalls | undefined
  /** How many communicators were made of this one, by how. */
  readonly #named = new Map<string, number>()

  /** @internal */
  constructor(endpoint: Endpoint, id: number, name: string, members: readonly number[], freeable = false, site?: CallSite) {
    super(new CommunicatorCore(endpoint, id, name, members))
    this.#freeable = freeable
    this.site = site
    if (freeable) endpoint.unfreed.add(this)
    this.core.join()
  }

  /** Its ranks. MPI: MPI_Comm_group, MPI 4.1 §7.3.2. */
  get group(): Group {
    this.#group ??= Group.of(this.core.members, this.core.memberOf(this.rank))
    return this.#group
  }

  /**
   * The same ranks with contexts of their own: what a library sends there meets nothing that its callers send. Called by all ranks.
   * Cost: a small allreduce. MPI: MPI_Comm_dup, MPI 4.1 §7.4.2; mpi4py: comm.Dup.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const mine = await comm.dup()
   * console.log(mine.name, mine.compare(comm)) // [0] world.dup(1) congruent [1] world.dup(1) congruent
   * mine.free()
   * ```
   */
  dup(options?: DeriveOptions): Promise<Communicator> {
    return this.idup(options).wait()
  }

  /** As `dup`, as a request. MPI: MPI_Comm_idup; mpi4py: comm.Idup. */
  idup(options?: DeriveOptions): Request<Communicator> {
    return this.#derive('dup', () => 0, 0, options) as Request<Communicator>
  }

  /**
   * One communicator for each colour, its ranks ordered by `key`, ties as they are here; `undefined` as colour is no member. Called by all
   * ranks.
   * Errors: ArgumentError when `color` is no integer from 0 on, or `key` no number. Cost: an allreduce of a list of all colours.
   * MPI: MPI_Comm_split, MPI 4.1 §7.4.2; mpi4py: comm.Split.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const reversed = (await comm.split(0, -comm.rank))!
   * console.log(comm.rank, 'is', reversed.rank, 'of', reversed.name) // [0] 0 is 1 of world.split(1) [1] 1 is 0 of world.split(1)
   * ```
   */
  split(color: number | undefined, key?: number, options?: DeriveOptions): Promise<Communicator | undefined> {
    return this.isplit(color, key, options).wait()
  }

  /** As `split`, as a request. */
  isplit(color: number | undefined, key = 0, options?: DeriveOptions): Request<Communicator | undefined> {
    const checked = (): number | null => {
      checkColor(color)
      checkKey(key)
      return color ?? null
    }
    return this.#derive('split', checked, key, options)
  }

  /**
   * The ranks that share this host's memory. Called by all ranks. MPI: MPI_Comm_split_type, MPI 4.1 §7.4.2; mpi4py: comm.Split_type.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const host = await comm.splitType('host')
   * console.log(host.name, host.size) // [0] world.splitType(1) 2 [1] world.splitType(1) 2
   * ```
   */
  splitType(type: 'host', key?: number, options?: DeriveOptions): Promise<Communicator> {
    return this.isplitType(type, key, options).wait()
  }

  /** As `splitType`, as a request. */
  isplitType(type: 'host', key = 0, options?: DeriveOptions): Request<Communicator> {
    const checked = (): number => {
      if (type !== 'host') throw new ArgumentError(`type: expected 'host', got ${shown(type)}`)
      checkKey(key)
      return this.core.endpoint.transport.hosts?.[this.core.memberOf(this.rank)] ?? 0
    }
    return this.#derive('splitType', checked, key, options) as Request<Communicator>
  }

  /**
   * The ranks of a group, in its order; `undefined` on those that are not in it. Called by all ranks, which may give disjoint groups.
   * Errors: RankError when the group has others than ranks of this communicator. MPI: MPI_Comm_create, MPI 4.1 §7.4.2; mpi4py: comm.Create.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const alone = await comm.create(comm.group.include([1]))
   * console.log(alone?.size) // [0] undefined [1] 1
   * ```
   */
  create(group: Group, options?: DeriveOptions): Promise<Communicator | undefined> {
    return this.icreate(group, options).wait()
  }

  /** As `create`, as a request. */
  icreate(group: Group, options?: DeriveOptions): Request<Communicator | undefined> {
    return this.#derive('create', () => colorOf(this, group), group instanceof Group ? (group.rank ?? 0) : 0, options, group)
  }

  /**
   * The ranks of a group, in its order, called by these alone: what the others do meanwhile does not matter. Calls of one group at the same
   * time have tags of their own, or are made in one order on all its ranks.
   * Errors: RankError when the group has others than ranks of this communicator, or not this one; TagError, ArgumentError. Cost: a small
   * reduction and a broadcast among the group. MPI: MPI_Comm_create_group, MPI 4.1 §7.4.2; mpi4py: comm.Create_group.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * if (comm.rank === 1) {
   *   const alone = await comm.createGroup(comm.group.include([1]))
   *   console.log(alone.name, alone.size) // [1] world.createGroup(1) 1
   *   alone.free()
   * }
   * ```
   */
  createGroup(group: Group, options?: CreateGroupOptions): Promise<Communicator> {
    return this.icreateGroup(group, options).wait()
  }

  /** As `createGroup`, as a request. */
  icreateGroup(group: Group, options: CreateGroupOptions = {}): Request<Communicator> {
    const site = recordCallSite()
    try {
      this.core.checkAlive()
      checkOptions(options, '{ tag: 0 }')
      const { tag = 0, name, signal } = options
      checkTag(tag)
      checkName(name)
      checkGroup(group, 'group')
      const ranks = ranksOf(this, group)
      if (signal !== undefined) checkSignal(signal)
      if (signal?.aborted) throw abortError(signal)
      this.#groups ??= new GroupCalls(this.core)
      const make = (id: number, count: number): Communicator => this.make(id, name ?? `${this.name}.createGroup(${count})`, ranks, site)
      return new GroupRequest<Communicator>(this.#groups, ranks, tag, site, make).begin(signal)
    } catch (error) {
      return new RefusedRequest<Communicator>(this.core, error)
    }
  }

  /**
   * Gives the communicator up, on this rank and at once: what is pending fails with a FreedError, and so does every later call. A second
   * time does nothing.
   * Errors: ArgumentError for `COMM_WORLD` and `COMM_SELF`. MPI: MPI_Comm_free, MPI 4.1 §7.4.3; mpi4py: comm.Free.
   */
  free(): void {
    if (!this.#freeable) {
      const error = new ArgumentError(`communicator: '${this.name}' cannot be freed; free those that were made of it`)
      throw this.core.inContext(error, captureCallSite())
    }
    if (!this.core.alive) return
    this.core.release()
    this.core.endpoint.unfreed.delete(this)
  }

  /**
   * 'identical' the same, 'congruent' the same ranks in the same order, 'similar' the same ranks, else 'unequal'.
   * MPI: MPI_Comm_compare, MPI 4.1 §7.4.1; mpi4py: MPI.Comm.Compare.
   */
  compare(other: Communicator): 'identical' | 'congruent' | 'similar' | 'unequal' {
    if (!(other instanceof Communicator)) {
      throw this.core.inContext(new ArgumentError(`other: expected a communicator, got ${shown(other)}`), captureCallSite())
    }
    if (other.core.endpoint === this.core.endpoint && other.core.id === this.core.id) return 'identical'
    const groups = this.group.compare(other.group)
    return groups === 'identical' ? 'congruent' : groups
  }

  /**
   * Opens a file on all ranks, in any of C's modes: `'r'`, `'r+'`, `'w'` (empties or makes), `'wx'` (makes, where there is none), `'a'`
   * (all pointers begin at the end), and with `'+'` for reading, too. A relative path is taken from rank 0's working directory.
   * Called by all ranks.
   *
   * Errors: ArgumentError, RankError at the call; CollectiveMismatchError where the ranks do not give the same; FileError on all ranks when
   * one of them cannot open it. Cost: five small rounds. MPI: MPI_File_open, MPI 4.1 §14.2; mpi4py: MPI.File.Open.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * using file = await comm.open('/tmp/rxmpi-example-open.bin', 'w+', { deleteOnClose: true, view: { type: 'f64' } })
   * await file.write(Float64Array.of(comm.rank, 0.5), { at: 2 * comm.rank })
   * await file.sync()
   * console.log((await file.read({ at: 0, count: 4 })).join()) // [0] 0,0.5,1,0.5 [1] 0,0.5,1,0.5
   * await file.close()
   * ```
   */
  open(path: string | URL, mode?: FileMode, options?: OpenOptions): Promise<File> {
    return this.iopen(path, mode, options).wait()
  }

  /** As `open`, as a request. */
  iopen(path: string | URL, mode?: FileMode, options?: OpenOptions): Request<File> {
    return openFile(this, path, mode, options)
  }

  #derive(
    how: string,
    colored: () => number | string | null,
    key: number,
    options: DeriveOptions = {},
    group?: Group
  ): Request<Communicator | undefined> {
    const site = recordCallSite()
    try {
      this.core.checkAlive()
      checkOptions(options, "{ name: 'workers' }")
      const { name, signal } = options
      checkName(name)
      if (group !== undefined || how === 'create') checkGroup(group, 'group')
      const color = colored()
      if (signal !== undefined) checkSignal(signal)
      if (signal?.aborted) throw abortError(signal)
      const count = (this.#named.get(how) ?? 0) + 1
      this.#named.set(how, count)
      const derived = derive(this, how, color, key, options, site)
      return new Derivation(
        this,
        site,
        derived.pipe(map((found) => found && this.#derived(found, name ?? `${this.name}.${how}(${count})`, group, site)))
      )
    } catch (error) {
      return new Derivation<undefined>(
        this,
        captureCallSite(),
        throwError(() => error)
      )
    }
  }

  /** @internal */
  protected make(id: number, name: string, ranks: readonly number[], site: CallSite | undefined): this {
    const members = ranks.map((rank) => this.core.memberOf(rank))
    debug("rank %d of '%s': '%s' has %d ranks and the contexts from %d on", this.rank, this.name, name, ranks.length, id)
    return new Communicator(this.core.endpoint, id, name, members, true, site) as this
  }

  #derived(derived: Derived, name: string, group: Group | undefined, site: CallSite | undefined): Communicator {
    if (group !== undefined) checkAllThere(this, group, derived)
    return this.make(derived.id, name, derived.ranks, site)
  }

  /** @internal Its streams. */
  get channels(): StreamRegistry {
    this.#channels ??= new StreamRegistry(this.core)
    return this.#channels
  }

  /**
   * A Subject that spans this rank and another: what one gives to `next`, `error` and `complete` the other's subscribers get; unsubscribing
   * there unsubscribes from what feeds the channel here. Both ranks call it; the n-th for a peer and tag meets the n-th there, and there is
   * one at a time.
   *
   *     rank 0   next         a--b--c--|
   *     rank 1   subscribed   --a--b--c--|
   *
   * Shape: any data. Cost: one message a value, and one of credit for every quarter of the window.
   * Errors: RankError, TagError, ArgumentError at the call, also while there is an open channel with that peer and tag. Subscribers get
   * RemoteError (the peer's `error`), RankFailedError when the peer ends with the channel open; `next` throws DataCloneError,
   * OverflowError, RankFailedError. MPI has no such call; `WebSocketSubject` is RxJS's for a socket.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   * import { map, take, timer } from 'rxjs'
   *
   * const channel = comm.channel<number>({ peer: 1 - comm.rank })
   * if (comm.rank === 0) {
   *   timer(0, 1).subscribe(channel) // until rank 1 has enough
   *   channel.subscribe(console.log) // [0] 0 [0] 1 [0] 4
   * }
   * if (comm.rank === 1) channel.pipe(take(3), map((n) => n * n)).subscribe(channel)
   * ```
   */
  channel<T = unknown>(options: ChannelOptions): Channel<T> {
    return checked(this.core, () => this.#open.open<T>(this.channels, options))
  }
}
