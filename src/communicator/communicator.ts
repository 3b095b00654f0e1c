import { catchError, map, type Observable, ReplaySubject, throwError } from 'rxjs'
import { staysHere } from '../codec/refusal.js'
import { Halo } from '../collective/halo/halo.js'
import type { HaloOptions } from '../collective/halo/options.js'
import type { Grid } from '../collective/topology/grid.js'
import type { Neighborhood, Neighbors } from '../collective/topology/neighborhood.js'
import { CommunicatorCore } from '../core/communicator-core.js'
import { checkGroup, Group } from '../core/group.js'
import { checkOptions, checkSignal, checkTag, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { debug } from '../diagnostics/debug.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError, PortError, RankError } from '../errors.js'
import type { File } from '../file/file.js'
import type { FileMode } from '../file/modes.js'
import { type OpenOptions, openFile } from '../file/open.js'
import type { ArrayType } from '../layout/allocate.js'
import type { Viewed } from '../layout/view.js'
import type { TypedArray } from '../op/op.js'
import { JOINED } from '../progress/context-ids.js'
import type { Endpoint } from '../progress/endpoint.js'
import type { Joined } from '../progress/job-services.js'
import { abortError } from '../request/cancellation.js'
import { RefusedRequest } from '../request/refused-request.js'
import type { Request } from '../request/request.js'
import { type Channel, type ChannelOptions, OpenChannels } from '../stream/channel.js'
import { checked } from '../stream/options.js'
import { StreamRegistry } from '../stream/stream-registry.js'
import { type AllocateWindowOptions, allocateWindow, makeWindow, type WindowOptions } from '../window/create.js'
import type { Window } from '../window/window.js'
import { checkAllThere, checkColor, checkKey, checkName, colorOf, derive, ranksOf, type Setting } from './communicator-create.js'
import { FaultTolerant } from './fault-tolerance.js'
import { GroupCalls, GroupRequest } from './group-create.js'
import { type IntercommOptions, joinGroups } from './intercomm-create.js'
import { Intercommunicator, type MakeCommunicator } from './intercommunicator.js'
import { DERIVE, Makings } from './makings.js'
import { type ConnectOptions, checkListen, connecting, type ListenOptions, listening, Port } from './port.js'
import { type SpawnOptions, type SpawnPart, spawnRanks } from './spawn.js'
import { type CartOptions, checkKeep, type GraphOptions, gridOf, knownOf, makeGraph, makeGrid, makeSub } from './topology-create.js'

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

/** What messages and collectives go by: a communicator of one group or of two. MPI: MPI_Comm; mpi4py: MPI.Comm. */
export type AnyCommunicator = Communicator | Intercommunicator

const CREATE_GROUP: OptionNames<CreateGroupOptions> = { ...DERIVE, tag: true }

/** A group of ranks and contexts of its own for their messages. MPI: MPI_Comm, MPI 4.1 §7; point to point: §3; collectives: §6. */
export class Communicator extends FaultTolerant {
  /** It is of one group: `false`. MPI: MPI_Comm_test_inter; mpi4py: comm.is_inter. */
  readonly isInter = false
  readonly #open = new OpenChannels()
  #channels: StreamRegistry | undefined
  readonly #freeable: boolean
  /** @internal Where it was made, if that was recorded. */
  readonly site: CallSite | undefined
  #group: Group | undefined
  #groups: GroupCalls | undefined
  /** How many have connected to ports of this. */
  #accepted = 0
  readonly #makings = new Makings(this)

  /** @internal */
  constructor(
    endpoint: Endpoint,
    id: number,
    name: string,
    members: readonly number[],
    freeable = false,
    site?: CallSite,
    neighborhood?: (rank: number) => Neighborhood
  ) {
    super(new CommunicatorCore(endpoint, id, name, members, neighborhood))
    this.#freeable = freeable
    this.site = site
    if (freeable) endpoint.unfreed.add(this)
    this.core.join()
  }

  /** Its ranks. MPI: MPI_Comm_group, MPI 4.1 §7.3.2. */
  get group(): Group {
    this.#group ??= Group.of(this.core.members, this.core.memberOf(this.rank), this.core.endpoint.processes)
    return this.#group
  }

  /**
   * The same ranks with contexts of their own: what a library sends there meets nothing that its callers send. Called by all ranks.
   * Cost: a small allreduce. Errors: ArgumentError, RankFailedError, FreedError. MPI: MPI_Comm_dup, MPI 4.1 §7.4.2; mpi4py: comm.Dup.
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
    return this.#split('dup', () => 0, 0, options) as Request<Communicator>
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
   * using reversed = (await comm.split(0, -comm.rank))!
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
    return this.#split('split', checked, key, options)
  }

  /**
   * The ranks that share this host's memory. Called by all ranks. Errors: ArgumentError for another type than 'host', or a `key` that is no
   * number; RankFailedError. MPI: MPI_Comm_split_type, MPI 4.1 §7.4.2; mpi4py: comm.Split_type.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * using host = await comm.splitType('host')
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
    return this.#split('splitType', checked, key, options) as Request<Communicator>
  }

  /**
   * The ranks of a group, in its order; `undefined` on those that are not in it. Called by all ranks, which may give disjoint groups.
   * Errors: RankError when the group has others than ranks of this communicator. MPI: MPI_Comm_create, MPI 4.1 §7.4.2; mpi4py: comm.Create.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * using alone = await comm.create(comm.group.include([1]))
   * console.log(alone?.size) // [0] undefined [1] 1
   * ```
   */
  create(group: Group, options?: DeriveOptions): Promise<Communicator | undefined> {
    return this.icreate(group, options).wait()
  }

  /** As `create`, as a request. */
  icreate(group: Group, options?: DeriveOptions): Request<Communicator | undefined> {
    return this.#split('create', () => colorOf(this, group), group instanceof Group ? (group.rank ?? 0) : 0, options, group)
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
      checkOptions(options, CREATE_GROUP, '{ tag: 0 }')
      const { tag = 0, name, signal } = options
      checkTag(tag)
      checkName(name)
      checkGroup(group, 'group')
      const ranks = ranksOf(this, group)
      if (signal !== undefined) checkSignal(signal)
      if (signal?.aborted) throw abortError(signal)
      const make = (id: number, count: number): Communicator => this.make(id, name ?? `${this.name}.createGroup(${count})`, ranks, site)
      return new GroupRequest<Communicator>(this.groupCalls, 'createGroup', ranks, tag, site, make).begin(signal)
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

  /** As `free`: for `using`, which never waits for others. */
  [Symbol.dispose](): void {
    this.free()
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
   * The same ranks in a grid: with coordinates, neighbours and the calls that exchange with these. Those beyond the grid get `undefined`.
   * Called by all ranks.
   *
   * Errors: CountError for a grid that is larger than the communicator, or `periodic` of another length; ArgumentError;
   * CollectiveMismatchError where the ranks give different grids. Cost: a small allreduce.
   * MPI: MPI_Cart_create, MPI 4.1 §8.5.1; mpi4py: comm.Create_cart.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const ring = (await comm.cart({ dims: 1, periodic: true }))!
   * console.log(ring.name, ring.dims, ring.coords, ring.shift(0)) // [0] world.cart(1) [ 2 ] [ 0 ] { source: 1, dest: 1 } [1] world.cart(1) [ 2 ] [ 1 ] { source: 0, dest: 0 }
   * ring.free()
   * ```
   */
  cart(options: CartOptions): Promise<Cartesian | undefined> {
    return this.icart(options).wait()
  }

  /** As `cart`, as a request. */
  icart(options: CartOptions): Request<Cartesian | undefined> {
    return this.derive('cart', options, (setting) => {
      const grid = gridOf(this.core, options)
      return makeGrid(this, grid, options.reorder === true, setting).pipe(
        map(({ id, ranks }) => (name: string) => {
          if (ranks.includes(this.rank)) return this.leads(this.grid(id, name, ranks, setting.site, grid))
          this.core.endpoint.disuse(id)
          return undefined
        })
      )
    })
  }

  /**
   * The same ranks with neighbours of any kind: each rank tells whom it gets something from and whom it gives something to, or any rank any
   * edges, and those of all are joined. A rank may occur twice, or be its own neighbour. Called by all ranks.
   *
   * Errors: RankError for neighbours that there are not; CountError for weights of another length; ArgumentError; CollectiveMismatchError
   * where the two ends of an edge disagree. Cost: an allreduce of a list of all edges.
   * MPI: MPI_Dist_graph_create_adjacent, MPI_Dist_graph_create, MPI 4.1 §8.5.4; mpi4py: comm.Create_dist_graph_adjacent, Create_dist_graph.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const other = 1 - comm.rank
   * const pair = await comm.graph({ sources: [other], dests: [other] })
   * console.log(await pair.neighborAllgather(`from ${comm.rank}`)) // [0] [ 'from 1' ] [1] [ 'from 0' ]
   * const arrow = await comm.graph({ edges: comm.rank === 0 ? [[0, 1, 2.5]] : [] })
   * console.log(arrow.neighbors.sources, arrow.neighbors.weights?.dests) // [0] [] [ 2.5 ] [1] [ 0 ] []
   * for (const graph of [pair, arrow]) graph.free()
   * ```
   */
  graph(options: GraphOptions): Promise<Graph> {
    return this.igraph(options).wait()
  }

  /** As `graph`, as a request. */
  igraph(options: GraphOptions): Request<Graph> {
    return this.derive('graph', options, (setting) => {
      const known = knownOf(options, this.size)
      return makeGraph(this, known, options.reorder === true, setting).pipe(
        map(({ id, ranks, topology }) => (name: string) => {
          const members = this.membersAt(id, name, ranks)
          return this.leads(new Graph(this.core.endpoint, id, name, members, true, setting.site, topology))
        })
      )
    })
  }

  /** @internal */
  protected grid(id: number, name: string, ranks: readonly number[], site: CallSite | undefined, grid: Grid): Cartesian {
    return new Cartesian(this.core.endpoint, id, name, this.membersAt(id, name, ranks), true, site, grid)
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

  /**
   * A window over memory of each rank, which the others write to, read from and change: a typed array, DataView, buffer or records, of any
   * length and type; without memory a part of length 0. What is on a `SharedArrayBuffer` the ranks of its host act on by themselves, the
   * rest is served by its rank. Called by all ranks.
   *
   * Errors: ArgumentError; RankFailedError. Cost: an allgather, and a word between each two ranks of a host. MPI: MPI_Win_create,
   * MPI_Win_create_dynamic, MPI 4.1 §12.2; mpi4py: MPI.Win.Create.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * using win = await comm.window(new Float64Array(2))
   * await win.put(Float64Array.of(comm.rank + 0.5), { target: 1 - comm.rank, at: 1 })
   * await win.fence()
   * console.log(win.local.join()) // [0] 0,1.5 [1] 0,0.5
   * await win.close()
   * ```
   */
  window<M extends Viewed = Uint8Array>(memory?: M, options?: WindowOptions): Promise<Window<M>> {
    return this.iwindow(memory, options).wait()
  }

  /** As `window`, as a request. */
  iwindow<M extends Viewed = Uint8Array>(memory?: M, options?: WindowOptions): Request<Window<M>> {
    return makeWindow<M>(this, memory, options)
  }

  /**
   * A window over new memory, zeroed, which the ranks of a host share: `length` elements of this rank. With `contiguous` those of a host
   * lie
   * one behind the other, in the order of the ranks. Called by all ranks.
   *
   * Errors: CountError where there is no memory for so many; CollectiveMismatchError where only some want `contiguous`, or other types.
   * MPI: MPI_Win_allocate, MPI_Win_allocate_shared, MPI 4.1 §12.2; mpi4py: MPI.Win.Allocate.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, SUM } from 'rxmpi'
   *
   * using win = await comm.allocateWindow(Int32Array, comm.rank === 0 ? 1 : 0)
   * const ticket = await win.fetchAndOp(1, SUM, { target: 0 })
   * console.log((await comm.allgather(ticket)).sort().join()) // [0] 0,1 [1] 0,1
   * await win.close()
   * ```
   */
  allocateWindow<A extends TypedArray>(type: ArrayType<A>, length: number, options?: AllocateWindowOptions): Promise<Window<A>> {
    return this.iallocateWindow(type, length, options).wait()
  }

  /** As `allocateWindow`, as a request. */
  iallocateWindow<A extends TypedArray>(type: ArrayType<A>, length: number, options?: AllocateWindowOptions): Request<Window<A>> {
    return allocateWindow(this, type, length, options)
  }

  /** @internal A communicator made of this one, by all its ranks together. `begin` throws what is wrong with the call. */
  protected derive<C>(how: string, options: DeriveOptions, begin: (setting: Setting) => Observable<(name: string) => C>): Request<C> {
    return this.#makings.make(how, options, begin)
  }

  #split(
    how: string,
    colored: () => number | string | null,
    key: number,
    options: DeriveOptions | undefined,
    group?: Group
  ): Request<Communicator | undefined> {
    return this.derive(how, options ?? {}, (setting) => {
      if (group !== undefined || how === 'create') checkGroup(group, 'group')
      return derive(this, how, colored(), key, setting).pipe(
        map((found) => (name: string) => {
          if (found === undefined) return undefined
          if (group !== undefined) checkAllThere(this, group, found)
          return how === 'dup' ? this.copy(found.id, name, found.ranks, setting.site) : this.make(found.id, name, found.ranks, setting.site)
        })
      )
    })
  }

  /** @internal */
  protected make(id: number, name: string, ranks: readonly number[], site: CallSite | undefined): Communicator {
    return new Communicator(this.core.endpoint, id, name, this.membersAt(id, name, ranks), true, site)
  }

  /** @internal The same with all that belongs to it. */
  protected copy(id: number, name: string, ranks: readonly number[], site: CallSite | undefined): Communicator {
    return this.make(id, name, ranks, site)
  }

  /** @internal */
  protected membersAt(id: number, name: string, ranks: readonly number[]): readonly number[] {
    debug("rank %d of '%s': '%s' has %d ranks and the contexts from %d on", this.rank, this.name, name, ranks.length, id)
    // One list for all communicators of the same ranks: in a simulation a thread has thousands of them.
    if (ranks.length === this.size && ranks.every((rank, place) => rank === place)) return this.core.members
    return ranks.map((rank) => this.core.memberOf(rank))
  }

  /** @internal The communicators that some of its ranks make without the rest. */
  get groupCalls(): GroupCalls {
    this.#groups ??= new GroupCalls(this.core)
    return this.#groups
  }

  /**
   * Joins this group with another that has no rank in common with it: each gets an intercommunicator, in which `dest` and `source` are
   * ranks of the other. `bridge` is a communicator that both leaders are in, `remoteLeader` the rank there of the other group's; both are
   * read at the local leader. Called by all ranks of both groups.
   *
   * Errors: ArgumentError, RankError and TagError at the call; RankError on all ranks where the groups overlap; CollectiveMismatchError
   * where ranks of a group give different leaders; RankFailedError. Cost: in each group a small allreduce and a broadcast, between the
   * leaders a message each way. MPI: MPI_Intercomm_create, MPI 4.1 §7.6.2; mpi4py: comm.Create_intercomm.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const half = (await comm.split(comm.rank))!
   * const inter = await half.createIntercomm({ bridge: comm, remoteLeader: 1 - comm.rank })
   * console.log(inter.rank, inter.size, inter.remoteSize) // [0] 0 1 1 [1] 0 1 1
   * console.log(await inter.allgather(`from half ${comm.rank}`)) // [0] [ 'from half 1' ] [1] [ 'from half 0' ]
   * for (const one of [inter, half]) one.free()
   * ```
   */
  createIntercomm(options: IntercommOptions): Promise<Intercommunicator> {
    return this.icreateIntercomm(options).wait()
  }

  /** As `createIntercomm`, as a request. */
  icreateIntercomm(options: IntercommOptions): Request<Intercommunicator> {
    return this.derive('createIntercomm', options, (setting) => joinGroups(this, options, setting, makeOf))
  }

  /**
   * Starts more ranks, which are a `COMM_WORLD` of their own, and joins this group with them; they find this group as `COMM_PARENT`. What
   * to start is read at `root`: a program, or several with their numbers of ranks, which are one world. They are threads of the root's
   * host, unless `hosts` or `placement` say otherwise, and have started once they have imported rxmpi: all of them, or none. They belong to
   * the job, which ends when all its worlds have. Called by all ranks. A program that plain node runs is a job of its own from its first
   * call on. Aborting `signal` takes back what has not been done: either nothing has started, or the call resolves on all ranks.
   *
   * Errors: RankError at the call; SpawnError on all ranks, with the program, the rank and the end of its output; ArgumentError at the root
   * for what it gives, RemoteError elsewhere; CollectiveMismatchError where the ranks give different roots. Cost: a small allreduce and a
   * broadcast, and the start of the threads. MPI: MPI_Comm_spawn, MPI_Comm_spawn_multiple, MPI 4.1 §11.8; mpi4py: comm.Spawn.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, COMM_PARENT as parent } from 'rxmpi'
   *
   * if (parent === undefined) {
   *   const children = await comm.spawn(process.argv[1]!, { ranks: 2 })
   *   console.log(await children.allgather('do this')) // [0] [ 'done 0', 'done 1' ] [1] [ 'done 0', 'done 1' ]
   *   await children.close()
   * } else {
   *   await parent.allgather(`done ${comm.rank}`)
   *   await parent.close()
   * }
   * ```
   */
  spawn(program: URL | string | readonly SpawnPart[] | undefined, options?: SpawnOptions): Promise<Intercommunicator> {
    return this.ispawn(program, options).wait()
  }

  /** As `spawn`, as a request. */
  ispawn(program: URL | string | readonly SpawnPart[] | undefined, options: SpawnOptions = {}): Request<Intercommunicator> {
    return this.derive('spawn', options, (setting) =>
      spawnRanks(this, program, options, setting).pipe(map((joined) => (name: string) => joinedBy(joined, name, setting.site)))
    )
  }

  /**
   * A port, by which ranks of other communicators of this job can connect to this one, whatever world they are of. It opens with the
   * subscription, on all ranks, and emits an intercommunicator for each group that connects: on all ranks the same, in the same order.
   * Who connects while another is let in waits. `take(1)` lets one in; where `root` unsubscribes, the port is closed for all. A port that
   * is subscribed to keeps its rank alive.
   *
   *     others connect        ----a-------b--
   *     comm.listen('viewer') ----A-------B--
   *
   * Errors: ArgumentError, RankError at the call. Subscribers get a PortError where the name is in use, and CollectiveMismatchError where
   * the ranks give different ones. Cost: a small allreduce and a broadcast. MPI: MPI_Open_port, MPI_Publish_name, MPI_Comm_accept, MPI 4.1
   * §11.9; mpi4py: MPI.Open_port, MPI.Publish_name, comm.Accept.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   * import { firstValueFrom } from 'rxjs'
   *
   * const alone = (await comm.split(comm.rank))!
   * const other = await (comm.rank === 0 ? firstValueFrom(alone.listen('desk')) : alone.connect('desk', { timeout: 5000 }))
   * console.log(await other.allgather(`from ${comm.rank}`)) // [0] [ 'from 1' ] [1] [ 'from 0' ]
   * await other.close()
   * alone.free()
   * ```
   */
  listen(name: string, options: ListenOptions = {}): Port {
    const site = recordCallSite()
    try {
      checkListen(this, name, options)
    } catch (error) {
      throw this.core.inContext(error, captureCallSite())
    }
    const ticket = new ReplaySubject<string>(1)
    const none = throwError(() => new PortError(`port '${name}' has no ticket: it is open to this job only; give scope: 'network'`))
    const accepted = listening(this, name, options, { options: {}, site }, ticket).pipe(
      map((joined) => joinedBy(joined, `${this.name}.accept(${++this.#accepted})`, site)),
      catchError((error) => throwError(() => this.core.inContext(error, site)))
    )
    return new Port(name, accepted, options.scope === 'network' ? ticket : none)
  }

  /**
   * Connects this group to the one that listens at a port, by the name that it has in the job. Called by all ranks. Aborting `signal`
   * takes it back, unless those who listen have let it in: then the call resolves on all ranks, so that both sides have it, or neither.
   *
   * Errors: ArgumentError, RankError at the call; on all ranks PortError where nobody listens, when `timeout` is over, or where too many
   * wait there, and RankError where the groups have a rank in common; CollectiveMismatchError where the ranks give different names.
   * Cost: a small allreduce and a broadcast. MPI: MPI_Lookup_name, MPI_Comm_connect, MPI 4.1 §11.9; mpi4py: MPI.Lookup_name, comm.Connect.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, PortError } from 'rxmpi'
   *
   * const error = await comm.connect('nobody').catch((reason) => reason)
   * console.log(error instanceof PortError) // [0] true [1] true
   * ```
   */
  connect(port: string, options?: ConnectOptions): Promise<Intercommunicator> {
    return this.iconnect(port, options).wait()
  }

  /** As `connect`, as a request. MPI has no such call. */
  iconnect(port: string, options: ConnectOptions = {}): Request<Intercommunicator> {
    return this.derive('connect', options, (setting) =>
      connecting(this, port, options, setting).pipe(map((joined) => (name: string) => joinedBy(joined, name, setting.site)))
    )
  }

  /** @internal What was made of this is revoked with it. */
  protected leads<C extends Communicator>(made: C): C {
    this.core.leads(made.core)
    return made
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

staysHere(Communicator, 'a communicator')

/** @internal The intercommunicator of the two groups of a fabric. */
export function joinedBy(
  { endpoint, local, remote, isFirst }: Joined,
  name: string,
  site: CallSite | undefined,
  onFree?: () => void
): Intercommunicator {
  return new Intercommunicator(endpoint, JOINED, name, { local, remote, isFirst }, site, makeOf, onFree)
}

/** What an intercommunicator makes of its ranks. */
const makeOf: MakeCommunicator = (endpoint, id, name, members, site) => new Communicator(endpoint, id, name, members, true, site)

/** Ranks in a grid; `comm.cart` makes one. MPI: a communicator with a Cartesian topology, MPI 4.1 §8; mpi4py: MPI.Cartcomm. */
export class Cartesian extends Communicator {
  readonly #grid: Grid

  /** @internal */
  constructor(
    endpoint: Endpoint,
    id: number,
    name: string,
    members: readonly number[],
    freeable: boolean,
    site: CallSite | undefined,
    grid: Grid
  ) {
    super(endpoint, id, name, members, freeable, site, (rank) => grid.neighborhoodOf(rank))
    this.#grid = grid
  }

  /** Places of each dimension. MPI: MPI_Cart_get. */
  get dims(): readonly number[] {
    return this.#grid.dims
  }

  /** Of each dimension, whether its ends meet. */
  get periodic(): readonly boolean[] {
    return this.#grid.periodic
  }

  /** Where this rank is. */
  get coords(): number[] {
    return this.#grid.coordsOf(this.rank)
  }

  /** Where a rank is. Errors: RankError. MPI: MPI_Cart_coords; mpi4py: cart.Get_coords. */
  coordsOf(rank: number): number[] {
    return this.#here(() => {
      if (Number.isInteger(rank) && rank >= 0 && rank < this.size) return this.#grid.coordsOf(rank)
      throw new RankError(`rank: ${shown(rank)} is no rank of the grid; expected an integer from 0 to ${this.size - 1}`)
    })
  }

  /**
   * Who is there. Coordinates beyond an end come in at the other in a periodic dimension; in another nobody is there, PROC_NULL.
   * Errors: CountError for more or fewer coordinates than dimensions; ArgumentError. MPI: MPI_Cart_rank; mpi4py: cart.Get_cart_rank.
   */
  rankOf(coords: readonly number[]): number {
    return this.#here(() => {
      if (!Array.isArray(coords) || !coords.every(Number.isSafeInteger)) {
        throw new ArgumentError(`coords: expected an array of integers, got ${shown(coords)}`)
      }
      const count = this.dims.length
      if (coords.length !== count) throw new CountError(`coords: expected ${count} integers, one a dimension, got ${coords.length}`)
      return this.#grid.rankOf(coords)
    })
  }

  /**
   * Whom to receive from and send to, to move data so many places up a dimension, or down; PROC_NULL at an end that is not periodic.
   * Errors: ArgumentError. MPI: MPI_Cart_shift, MPI 4.1 §8.5.6; mpi4py: cart.Shift.
   */
  shift(dimension: number, displacement = 1): { source: number; dest: number } {
    return this.#here(() => {
      if (!Number.isInteger(dimension) || dimension < 0 || dimension >= this.dims.length) {
        throw new ArgumentError(`dimension: ${shown(dimension)} is none of the ${this.dims.length}, which count from 0`)
      }
      if (!Number.isSafeInteger(displacement)) throw new ArgumentError(`displacement: expected an integer, got ${shown(displacement)}`)
      return {
        source: this.#grid.beside(this.rank, dimension, -displacement),
        dest: this.#grid.beside(this.rank, dimension, displacement)
      }
    })
  }

  /** In each dimension the rank below, then the one above; PROC_NULL included. MPI: MPI_Neighbor_alltoall's order, MPI 4.1 §8.6. */
  get neighbors(): Neighbors {
    const { sources, dests } = this.core.neighborhood!
    return { sources: [...sources], dests: [...dests] }
  }

  /**
   * The grids of the dimensions that are kept: one for all ranks that have the others' coordinates in common. Called by all ranks.
   * Errors: CountError for more or fewer values than dimensions; ArgumentError; CollectiveMismatchError. Cost: a small allreduce.
   * MPI: MPI_Cart_sub, MPI 4.1 §8.5.7; mpi4py: cart.Sub.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const grid = (await comm.cart({ dims: [2, 1] }))!
   * const column = await grid.sub([true, false])
   * console.log(column.name, column.dims, column.rank) // [0] world.cart(1).sub(1) [ 2 ] 0 [1] world.cart(1).sub(1) [ 2 ] 1
   * for (const one of [grid, column]) one.free()
   * ```
   */
  sub(keep: readonly boolean[], options?: DeriveOptions): Promise<Cartesian> {
    return this.isub(keep, options).wait()
  }

  /** As `sub`, as a request. */
  isub(keep: readonly boolean[], options?: DeriveOptions): Request<Cartesian> {
    return this.derive('sub', options ?? {}, (setting) => {
      checkKeep(keep, this.dims.length)
      return makeSub(this, this.#grid, [...keep], setting).pipe(
        map(
          ({ id, ranks, topology }) =>
            (name: string) =>
              this.leads(this.grid(id, name, ranks, setting.site, topology))
        )
      )
    })
  }

  /**
   * Ghost cells around this rank's block of an array that is spread over the grid, and how they are filled from the neighbours. Called by
   * all ranks of the grid; whether their blocks go together is found out with the first exchange.
   *
   * Errors: CountError for more or fewer sizes than dimensions; ArgumentError. Of the exchanges: CollectiveMismatchError where neighbours
   * disagree, CountError where a block is smaller than the ghosts that stand for its cells. Cost: a small allreduce.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * using ring = (await comm.cart({ dims: [2], periodic: true }))!
   * const halo = ring.halo({ sizes: [2] })
   * const u = halo.allocate(Int32Array)
   * for (let i = 0; i < 2; i++) u[halo.index(i)] = 10 * ring.rank + i
   * await halo.exchange(u)
   * console.log(u.join()) // [0] 11,0,1,10 [1] 1,10,11,0
   * halo.free()
   * ```
   */
  halo(options: HaloOptions): Halo {
    const site = recordCallSite()
    return this.#here(() => new Halo(this, this.#grid, options, site))
  }

  /** The same grid with contexts of its own; as `dup` of a communicator. MPI: MPI_Comm_dup. */
  override dup(options?: DeriveOptions): Promise<Cartesian> {
    return this.idup(options).wait()
  }

  /** As `dup`, as a request. */
  override idup(options?: DeriveOptions): Request<Cartesian> {
    return super.idup(options) as Request<Cartesian>
  }

  /** @internal */
  protected override copy(id: number, name: string, ranks: readonly number[], site: CallSite | undefined): Cartesian {
    return this.leads(this.grid(id, name, ranks, site, this.#grid))
  }

  #here<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      throw this.core.inContext(error, captureCallSite())
    }
  }
}

/** Ranks with neighbours of any kind; `comm.graph` makes one. MPI: a distributed graph, MPI 4.1 §8; mpi4py: MPI.Distgraphcomm. */
export class Graph extends Communicator {
  /** Whom this rank gets something from and whom it gives something to. MPI: MPI_Dist_graph_neighbors; mpi4py: graph.Get_dist_neighbors. */
  get neighbors(): Neighbors {
    const { sources, dests, weights } = this.core.neighborhood!
    const copied = weights && { sources: [...weights.sources], dests: [...weights.dests] }
    return { sources: [...sources], dests: [...dests], ...(copied && { weights: copied }) }
  }

  /** The same graph with contexts of its own; as `dup` of a communicator. MPI: MPI_Comm_dup. */
  override dup(options?: DeriveOptions): Promise<Graph> {
    return this.idup(options).wait()
  }

  /** As `dup`, as a request. */
  override idup(options?: DeriveOptions): Request<Graph> {
    return super.idup(options) as Request<Graph>
  }

  /** @internal */
  protected override copy(id: number, name: string, ranks: readonly number[], site: CallSite | undefined): Graph {
    const own = this.core.neighborhood!
    return this.leads(new Graph(this.core.endpoint, id, name, this.membersAt(id, name, ranks), true, site, () => own))
  }
}
