import { fileURLToPath } from 'node:url'
import { concatMap, defer, map, mergeMap, Observable, of } from 'rxjs'
import type { Caller } from '../collective/definition.js'
import { CommunicatorCore } from '../core/communicator-core.js'
import type { Group } from '../core/group.js'
import { checkOptions, checkRoot, checkSignal, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CollectiveMismatchError, FileError, RxmpiError } from '../errors.js'
import { IDS_EXHAUSTED } from '../progress/context-ids.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import type { Request } from '../request/request.js'
import { CallRequest } from '../service/call-request.js'
import { called, settled } from '../service/called.js'
import { agreed, gather, OwnCaller } from '../service/rounds.js'
import { Service } from '../service/service.js'
import { type FileAccess, LocalAccess } from './access.js'
import { fileError } from './failure.js'
import { File } from './file.js'
import { type DiskFile, type FileStat, type FileSystem, fileSystemOf, type OpenFlags } from './file-system.js'
import { type FileMode, firstFlags, laterFlags, type ModeTraits, traitsOf } from './modes.js'
import { nodeFileSystem } from './node-file-system.js'
import { RemoteAccess, serveAccess } from './remote-access.js'
import { Replacement } from './replacement.js'
import { type FileView, View } from './view.js'

/** How a file is opened. All ranks give the same, but for `view`. */
export interface OpenOptions {
  /** With `'r+'`: makes the file where there is none, and keeps what is there. MPI: MPI_MODE_CREATE. */
  create?: boolean
  /** Removes the file when all have closed it. MPI: MPI_MODE_DELETE_ON_CLOSE. */
  deleteOnClose?: boolean
  /**
   * With `'w'`, `'w+'`: what is written takes the place of the old file when every rank has closed it well, all at once. Whatever happens
   * before that, the old file is whole.
   */
  replace?: boolean
  /** The rank by whose host all data goes: for files that the other hosts do not see. */
  through?: number
  /** As by `setView`. A rank's own. */
  view?: FileView
  /** Whether collective calls bring pieces together before they write; default `'auto'`, where they interleave and it is quicker. */
  buffering?: 'auto' | 'always' | 'never'
  /** The file's; by default after the communicator: 'world.file(1)'. */
  name?: string
  /** Aborting it fails the call with an AbortError here and a RemoteError on the other ranks. */
  signal?: AbortSignal
}

const OPEN: OptionNames<OpenOptions> = {
  create: true,
  deleteOnClose: true,
  replace: true,
  through: true,
  view: true,
  buffering: true,
  name: true,
  signal: true
}

/** A communicator, as a file that is opened on it knows it. */
export interface FileOpener extends Caller {
  readonly name: string
  readonly group: Group
}

/** What a rank says when it opens a file. */
interface Say {
  /** As it was given, and as it is from this rank's working directory. */
  readonly path: string
  readonly absolute: string
  /** Of what all must give alike. */
  readonly options: string
  /** What the file's contexts begin with: rank 0 gives them. */
  readonly ids: readonly (number | null)[] | null
  readonly view: string
}

/** Communicators that a file has: for its calls in their order, for what follows from them, and for what ranks ask of each other. */
const CONTEXT_SETS = 3

const opened = new WeakMap<CommunicatorCore, number>()

/** Opens a file on all ranks of a communicator. `comm.open` documents it. */
export function openFile(comm: FileOpener, path: string | URL, mode: FileMode = 'r', options: OpenOptions = {}): Request<File> {
  const site = recordCallSite()
  const { core } = comm
  try {
    core.checkAlive()
    checkOptions(options, OPEN, '{ create: true }')
    const plan = new Opening(comm, path, mode, options, site)
    const { signal } = options
    if (signal?.aborted) throw abortError(signal)
    const request = new CallRequest<File>(core, site)
    request.holds(core.endpoint.transport)
    if (signal !== undefined) abandonOn(signal, request, (error) => request.fail(error))
    plan.run(signal).subscribe({
      next: (file) => {
        // Who has given the call up has no use for it.
        if (request.settled) file.free()
        else request.settle(null, file)
      },
      error: (error) => request.settle(error)
    })
    return request
  } catch (error) {
    return new CallRequest<File>(core, captureCallSite()).refuse(error)
  }
}

class Opening {
  readonly #comm: FileOpener
  readonly #site: CallSite | undefined
  readonly #mode: FileMode
  readonly #traits: ModeTraits
  readonly #options: OpenOptions
  readonly #name: string
  readonly #path: string
  readonly #view: View
  readonly #system: FileSystem
  /** The rank that opens it first. */
  readonly #leader: number
  #isUsed = false

  constructor(comm: FileOpener, path: string | URL, mode: FileMode, options: OpenOptions, site: CallSite | undefined) {
    const { core } = comm
    this.#comm = comm
    this.#site = site
    this.#mode = mode
    this.#options = options
    this.#path = pathOf(path)
    this.#traits = traitsOf(mode, checkFlag('create', options.create))
    const { replace, through, view, buffering = 'auto', name, signal } = options
    const deletes = checkFlag('deleteOnClose', options.deleteOnClose)
    if (checkFlag('replace', replace)) {
      if (mode !== 'w' && mode !== 'w+')
        throw new ArgumentError(`replace: goes with mode 'w' or 'w+', which write all of a file, not with '${mode}'`)
      if (deletes) throw new ArgumentError('deleteOnClose: with replace: true the file would take the place of another only to be removed')
    }
    if (through !== undefined) checkRoot(through, core.size)
    if (!['auto', 'always', 'never'].includes(buffering)) {
      throw new ArgumentError(`buffering: expected 'auto', 'always' or 'never', got ${shown(buffering)}`)
    }
    if (name !== undefined && typeof name !== 'string') throw new ArgumentError(`name: expected a string, got ${shown(name)}`)
    if (signal !== undefined) checkSignal(signal)
    this.#view = new View(view)
    this.#leader = through ?? 0
    this.#system = fileSystemOf(core.endpoint) ?? nodeFileSystem
    const count = (opened.get(core) ?? 0) + 1
    opened.set(core, count)
    this.#name = name ?? `${comm.name}.file(${count})`
  }

  run(signal: AbortSignal | undefined): Observable<File> {
    const { core } = this.#comm
    const { endpoint, rank } = core
    const { create, deleteOnClose, replace, through, buffering } = this.#options
    const made = endpoint.expectCommunicator()
    const say: Say = {
      path: this.#path,
      absolute: this.#system.absolute(this.#path),
      options: shown({ mode: this.#mode, create, deleteOnClose, replace, through, buffering }),
      ids: rank === 0 ? Array.from({ length: CONTEXT_SETS }, () => endpoint.ids.next()) : null,
      view: this.#view.signature
    }
    const says = gather(this.#comm, 'open', say, this.#site, { signal })
    return says.pipe(
      mergeMap((all) => {
        let cores: CommunicatorCore[]
        try {
          checkAlike(all)
          cores = this.#cores(all[0]!.ids!)
        } finally {
          made()
        }
        const open = this.#open(cores, all)
        return new Observable<File>((subscriber) => {
          subscriber.add(() => {
            if (!this.#isUsed) for (const one of cores) one.release()
          })
          subscriber.add(open.subscribe(subscriber))
        })
      })
    )
  }

  #cores(ids: readonly (number | null)[]): CommunicatorCore[] {
    const { core } = this.#comm
    return ids.map((id) => {
      if (id === null) throw new RxmpiError(`open: ${IDS_EXHAUSTED}`)
      const made = new CommunicatorCore(core.endpoint, id, this.#name, core.members)
      made.join()
      return made
    })
  }

  #open([calls, work, service]: CommunicatorCore[], says: readonly Say[]): Observable<File> {
    const caller = new OwnCaller(calls!)
    const worker = new OwnCaller(work!)
    const services = new Service(service!, 'file')
    const path = says[this.#leader]!.absolute
    const isLeader = calls!.rank === this.#leader
    const { through } = this.#options
    let replacement: Replacement | undefined
    const held: FileAccess[] = []
    /** All ranks go on, or none does. */
    const together = <T>(what: string, result: Observable<T>): Observable<T> =>
      settled(result).pipe(concatMap(({ error, value }) => agreed(worker, `open (${what})`, error, this.#site).pipe(map(() => value as T))))
    const first = defer(() => {
      if (!isLeader) return of(undefined)
      if (this.#options.replace !== true) return this.#openHere(held, path, firstFlags(this.#traits))
      return Replacement.begin(this.#system, path).pipe(
        mergeMap((begun) => {
          replacement = begun
          return this.#openHere(held, begun.temporary, { ...firstFlags(this.#traits), exclusive: true, truncate: false }, begun.mode)
        })
      )
    })
    return together('the first rank', first).pipe(
      concatMap((access) =>
        gather(worker, 'open (path)', replacement?.temporary ?? path, this.#site).pipe(map((paths) => [access, paths] as const))
      ),
      concatMap(([access, paths]) => {
        const rest = defer((): Observable<FileAccess> => {
          if (access !== undefined) return of(access)
          if (through !== undefined) return of(new RemoteAccess(services, through, this.#site))
          return this.#openHere(held, paths[this.#leader]!, laterFlags(this.#traits))
        })
        return together('the others', rest)
      }),
      concatMap((access) => {
        if (through !== undefined && isLeader) serveAccess(services, access)
        services.open()
        return this.#checkSame(worker, path, access).pipe(
          map((size) => {
            this.#isUsed = true
            return new File({
              caller,
              worker,
              service: services,
              access,
              system: this.#system,
              path,
              mode: this.#mode,
              traits: this.#traits,
              name: this.#name,
              group: this.#comm.group,
              parent: this.#comm.core,
              leader: this.#leader,
              isThrough: through !== undefined,
              buffering: this.#options.buffering ?? 'auto',
              deletes: this.#options.deleteOnClose === true,
              replacement,
              replaces: this.#options.replace === true,
              view: this.#view,
              viewsAgree: says.every(({ view }) => view === says[0]!.view),
              size,
              site: this.#site
            })
          })
        )
      }),
      failing(() => {
        for (const access of held) access.close(() => undefined)
        replacement?.discard()
      })
    )
  }

  #openHere(held: FileAccess[], path: string, flags: OpenFlags, mode?: number): Observable<LocalAccess> {
    const open = (how: OpenFlags): Observable<DiskFile> => called((done) => this.#system.open(path, how, mode, done))
    return new Observable<LocalAccess>((subscriber) => {
      const succeed = (file: DiskFile): void => {
        const access = new LocalAccess(path, file)
        held.push(access)
        subscriber.next(access)
        subscriber.complete()
      }
      const fail = (error: unknown): void => subscriber.error(fileError('cannot open', path, error))
      open(flags).subscribe({
        next: succeed,
        error: (error) => {
          // One that is only to grow is looked into where that is allowed.
          if (error.code !== 'EACCES' || !this.#traits.appends || this.#traits.reads) return fail(error)
          open({ ...flags, read: false }).subscribe({ next: succeed, error: fail })
        }
      })
    })
  }

  /** Several hosts must see the same file; its size. */
  #checkSame(worker: Caller, path: string, access: FileAccess): Observable<number> {
    const { hosts, hostNames } = this.#comm.core.endpoint.transport
    return settled(called<FileStat>((done) => access.stat(done))).pipe(
      concatMap(({ error, value }) => {
        const says = gather(worker, 'open (same file)', error === undefined ? [value!.inode, value!.size] : null, this.#site)
        return says.pipe(
          map((all) => {
            const [inode, size] = (all.find((one) => one !== null) ?? [0, 0]) as [number, number]
            if (error !== undefined) throw error
            if (hosts === undefined || this.#options.through !== undefined) return value!.size
            const others = all.flatMap((one, rank) => (one === null || (one[0] === inode && one[1] === size) ? [] : [rank]))
            if (others.length === 0) return value!.size
            const names = [...new Set(others.map((rank) => hosts[this.#comm.core.memberOf(rank)]!))].map(
              (host) => hostNames?.[host] ?? `host ${host}`
            )
            throw new FileError(
              `'${path}' is another file on ${names.join(', ')} (ranks ${others.join(', ')}) than on rank 0's host; ` +
                'open one that all hosts see, on a shared file system, or go by one rank with { through: 0 }',
              { path, reason: 'EXDEV' }
            )
          })
        )
      })
    )
  }
}

function pathOf(path: unknown): string {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path)
  throw new ArgumentError(`path: expected a path or a file: URL, got ${shown(path instanceof URL ? path.href : path)}`)
}

function checkFlag(name: string, flag: unknown): boolean {
  if (flag === undefined || typeof flag === 'boolean') return flag === true
  throw new ArgumentError(`${name}: expected true or false, got ${shown(flag)}`)
}

function checkAlike(says: readonly Say[]): void {
  const [first] = says as [Say]
  const other = says.findIndex(
    ({ path, absolute, options }) => options !== first.options || (path !== first.path && absolute !== first.absolute)
  )
  if (other < 0) return
  const lines = says.map(({ path, options }, rank) => `  rank ${rank}: open('${path}', ${options})`)
  throw new CollectiveMismatchError(
    `open: the ranks open different files, or the same in different ways:\n${lines.join('\n')}\nall ranks must give the same`
  )
}

/** Does something where the source fails, before that is told. */
const failing =
  <T>(undo: () => void) =>
  (source: Observable<T>): Observable<T> =>
    new Observable((subscriber) =>
      source.subscribe({
        next: (value) => subscriber.next(value),
        error: (error) => {
          undo()
          subscriber.error(error)
        },
        complete: () => subscriber.complete()
      })
    )
