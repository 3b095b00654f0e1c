import { catchError, concat, concatMap, defer, ignoreElements, map, Observable, of, tap } from 'rxjs'
import { staysHere } from '../codec/refusal.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { Group } from '../core/group.js'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { type AnyNames, SIGNAL } from '../diagnostics/option-names.js'
import { ArgumentError, FreedError } from '../errors.js'
import { copyRun, type Memory } from '../memory/copy.js'
import type { TypedArray } from '../op/op.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import { watch, watchInto } from '../request/memory-use.js'
import type { Target } from '../request/options.js'
import type { Request } from '../request/request.js'
import { Status } from '../request/status.js'
import { CallRequest } from '../service/call-request.js'
import { called } from '../service/called.js'
import { type Counters, ServedCounters } from '../service/counters.js'
import type { Done } from '../service/done.js'
import { Lock } from '../service/lock.js'
import type { OwnCaller } from '../service/rounds.js'
import { FREED, type Service } from '../service/service.js'
import type { FileAccess } from './access.js'
import { type Extent, interleaves, readTogether, writeTogether } from './collective-io.js'
import { planRead, planWrite, type ReadPlan } from './data-plan.js'
import type { FileSystem } from './file-system.js'
import { endBehind } from './frames.js'
import type { FileMode, ModeTraits } from './modes.js'
import { type FileCallOptions, type FilePlace, PLACE, READ, type ReadOptions, type SeekFrom } from './options.js'
import { Pointers, type Said, type Say, sayOf } from './pointers.js'
import type { Replacement } from './replacement.js'
import { readRuns, writeRuns } from './runs-io.js'
import { CollectiveCalls, type Ended, type Together } from './together.js'
import { checkPosition, type FileView, View } from './view.js'

/** @internal What `open` makes a file of. */
export interface FileParts {
  readonly caller: OwnCaller
  readonly worker: OwnCaller
  readonly service: Service
  readonly access: FileAccess
  readonly system: FileSystem
  readonly path: string
  readonly mode: FileMode
  readonly traits: ModeTraits
  readonly name: string
  readonly group: Group
  readonly parent: CommunicatorCore
  readonly leader: number
  readonly isThrough: boolean
  readonly buffering: 'auto' | 'always' | 'never'
  readonly deletes: boolean
  readonly replaces: boolean
  readonly replacement: Replacement | undefined
  readonly view: View
  readonly viewsAgree: boolean
  readonly size: number
  readonly site: CallSite | undefined
}

/**
 * A file that all ranks of a communicator have opened: what each reads and writes, where, and in which order. Offsets and counts are in
 * elements of the view. `comm.open` makes one. MPI: MPI_File, MPI 4.1 §14; mpi4py: MPI.File.
 */
export class File {
  /** The path, absolute on the rank that opened it first. */
  readonly path: string
  /** As it was opened. MPI: MPI_File_get_amode. */
  readonly mode: FileMode
  /** 'world.file(1)', or the one given. */
  readonly name: string
  /** The ranks that have opened it. MPI: MPI_File_get_group. */
  readonly group: Group
  /** @internal */
  readonly site: CallSite | undefined
  /** @internal For a report of what was not freed. */
  readonly kind = 'file'
  /** @internal */
  readonly parts: FileParts
  /** @internal */
  readonly counters: Counters
  /** @internal Who reads or writes alone. */
  readonly lock: Lock
  readonly #together: CollectiveCalls
  readonly #pointers: Pointers
  readonly #pending = new Set<CallRequest<unknown>>()
  #atomic = false
  /** Why nothing can be done with it any more. */
  #obstacle: Error | undefined
  readonly #streams = new Map<string, number>()

  /** @internal */
  constructor(parts: FileParts) {
    const { service, leader, caller, worker, parent } = parts
    this.parts = parts
    this.path = parts.path
    this.mode = parts.mode
    this.name = parts.name
    this.group = parts.group
    this.site = parts.site
    this.counters = new ServedCounters(service, leader, { frame: (before, bytes, base) => base + endBehind(before - base, bytes) })
    this.lock = new Lock(service, leader)
    this.#together = new CollectiveCalls(caller, worker, leader)
    this.#pointers = new Pointers(this.counters, worker, leader, () => parts.access.sizeNow, parts.view, parts.viewsAgree)
    if (parts.traits.appends) this.#pointers.toEnd(parts.size)
    service.serve<Ended>(
      FREED,
      (rank, ended) => {
        const error = new FreedError(`rank ${rank} has freed file '${this.name}', which this call needs all ranks for`)
        if (this.#obstacle === undefined) this.#together.breakOff(error, ended)
      },
      true
    )
    parent.attach({
      breakOff: () => {
        if (parent.revoked) for (const { core } of [caller, worker, service]) core.becomeRevoked()
      }
    })
    parent.endpoint.unfreed.add(this)
  }

  /** @internal */
  get core(): CommunicatorCore {
    return this.parts.caller.core
  }

  // Independent calls

  /**
   * Reads: at an offset, at this rank's own pointer, or at the one that all share. At the end of the file there is less, never an error: a
   * shorter array, or `into` with `status.count`. Independent of other ranks.
   *
   * Shape: an array of the view's type, or `into`. The own pointer moves at the call by what was asked for.
   * Errors: ArgumentError, CountError, DatatypeError at the call; FileError. MPI: MPI_File_read, _read_at, _read_shared, MPI 4.1 §14.4;
   * mpi4py: file.Read, Read_at, Read_shared.
   */
  read<B extends Target>(options: ReadOptions & { into: B }): Promise<B>
  read<A extends TypedArray = Uint8Array>(options?: ReadOptions): Promise<A>
  read(options?: ReadOptions): Promise<unknown> {
    return this.#read(options).wait()
  }

  /** As `read`, as a request. MPI: MPI_File_iread and kin. */
  iread<B extends Target>(options: ReadOptions & { into: B }): Request<B>
  iread<A extends TypedArray = Uint8Array>(options?: ReadOptions): Request<A>
  iread(options?: ReadOptions): Request<unknown> {
    return this.#read(options)
  }

  /**
   * Writes: at an offset, at this rank's own pointer, or at the one that all share. Behind the end it leaves zeros between. Independent of
   * other ranks. What it has written when it resolves is seen by the ranks of this host, and by others after `sync`.
   *
   * Errors: ArgumentError, CountError, DatatypeError at the call; FileError, which says how many bytes went.
   * MPI: MPI_File_write, _write_at, _write_shared, MPI 4.1 §14.4; mpi4py: file.Write, Write_at, Write_shared.
   */
  write(data: Target, options?: FilePlace): Promise<void> {
    return this.iwrite(data, options).wait()
  }

  /** As `write`, as a request. MPI: MPI_File_iwrite and kin. */
  iwrite(data: Target, options: FilePlace = {}): Request<void> {
    return this.#independent<void>(PLACE, options, undefined, (request) => {
      this.#checkWrites()
      const plan = planWrite(this.#pointers.view, data, options)
      watch(this.core, request, plan.memory, 'file.write')
      this.#pointers.place(options, plan.count, request, (start) => {
        const runs = this.#pointers.view.runs(start, plan.count)
        this.#guarded(request, (done: Done<number>) => writeRuns(this.parts.access, runs, plan.memory, () => request.settled, done))(
          (error) => request.settle(error)
        )
      })
    })
  }

  #read(options: ReadOptions = {}): Request<unknown> {
    const status = options?.status ?? new Status()
    return this.#independent<unknown>(READ, options, status, (request) => {
      this.#checkReads()
      const plan = this.#aside(planRead(this.#pointers.view, options), options.into, request, 'file.read')
      this.#counted(plan, options, request, (count) => {
        this.#pointers.place(options, count, request, (start) => {
          const view = this.#pointers.view
          this.#allocated(plan, view, start, count, request, (memory, length) => {
            const runs = view.runs(start, length)
            this.#guarded(request, (done: Done<number>) => readRuns(this.parts.access, runs, memory, () => request.settled, done))(
              (error, bytes) => {
                if (error !== null) request.settle(error)
                else request.settle(null, plan.finish(memory, bytes, status))
              }
            )
          })
        })
      })
    })
  }

  // Collective calls

  /**
   * Reads on all ranks together: a rank that wants nothing asks for `count: 0`. Pieces that lie between those of ranks of other hosts are
   * read in long runs by one rank a host. With `shared` in rank order. Collective.
   *
   * Errors: those of `read`; a failure on one rank is a FileError on all. MPI: MPI_File_read_all, _read_at_all, _read_ordered, MPI 4.1
   * §14.4; mpi4py: file.Read_all, Read_at_all, Read_ordered.
   */
  readAll<B extends Target>(options: ReadOptions & { into: B }): Promise<B>
  readAll<A extends TypedArray = Uint8Array>(options?: ReadOptions): Promise<A>
  readAll(options?: ReadOptions): Promise<unknown> {
    return this.#readAll(options).wait()
  }

  /** As `readAll`, as a request. MPI: MPI_File_iread_all and kin. */
  ireadAll<B extends Target>(options: ReadOptions & { into: B }): Request<B>
  ireadAll<A extends TypedArray = Uint8Array>(options?: ReadOptions): Request<A>
  ireadAll(options?: ReadOptions): Request<unknown> {
    return this.#readAll(options)
  }

  /**
   * Writes on all ranks together: a rank that has nothing gives an empty array. Pieces that lie between those of ranks of other hosts, or
   * are short, are handed to one rank a host, which writes long runs; the bytes are the same. With `shared` in rank order. Collective.
   *
   * Errors: those of `write`; a failure on one rank is a FileError on all. MPI: MPI_File_write_all, _write_at_all, _write_ordered, MPI 4.1
   * §14.4; mpi4py: file.Write_all, Write_at_all, Write_ordered.
   */
  writeAll(data: Target, options?: FilePlace): Promise<void> {
    return this.iwriteAll(data, options).wait()
  }

  /** As `writeAll`, as a request. MPI: MPI_File_iwrite_all and kin. */
  iwriteAll(data: Target, options: FilePlace = {}): Request<void> {
    const name = options?.shared === true ? 'writeAll({ shared })' : 'writeAll'
    return this.#collective(PLACE, name, options, undefined, (request) => {
      this.#checkWrites()
      const view = this.#pointers.view
      const { memory, count } = planWrite(view, data, options)
      watch(this.core, request, memory, `file.${name}`)
      return {
        say: this.#pointers.say(options, count),
        act: (all: readonly Said[]) => {
          const says = all.map(sayOf)
          return this.#pointers.locate(says, options, view, request.site).pipe(
            concatMap(({ start, extents }) => {
              const runs = view.runs(start, count)
              const plan = {
                name: `file.${name}`,
                caller: this.parts.worker,
                access: this.parts.access,
                runs,
                memory,
                extents,
                site: request.site
              }
              if (this.#isTwoPhase('write', says, extents)) return writeTogether({ ...plan, aggregators: this.#aggregators })
              const write = called<number>((done) =>
                this.#guarded(request, (next: Done<number>) => writeRuns(this.parts.access, runs, memory, () => false, next))(done)
              )
              return this.#together.outcome(`${plan.name} (end)`, write, request.site).pipe(map(() => undefined))
            })
          )
        }
      }
    })
  }

  #readAll(options: ReadOptions = {}): Request<unknown> {
    const name = options?.shared === true ? 'readAll({ shared })' : 'readAll'
    const status = options?.status ?? new Status()
    return this.#collective<unknown, Said>(READ, name, options, status, (request) => {
      this.#checkReads()
      const view = this.#pointers.view
      const plan = this.#aside(planRead(view, options), options.into, request, `file.${name}`)
      const from = options.at ?? (options.shared === true ? 0 : this.#pointers.position)
      const count = plan.count ?? Math.max(0, view.elementsIn(this.parts.access.sizeNow) - from)
      return {
        say: this.#pointers.say(options, count),
        act: (all: readonly Said[]) => {
          const says = all.map(sayOf)
          return this.#pointers.locate(says, options, view, request.site).pipe(
            concatMap(({ start, extents }) =>
              called<{ memory: Memory; length: number }>((done) =>
                this.#allocated(plan, view, start, count, request, (memory, length) => done(null, { memory, length }), done)
              ).pipe(
                concatMap(({ memory, length }) => {
                  const runs = view.runs(start, length)
                  const together = {
                    name: `file.${name}`,
                    caller: this.parts.worker,
                    access: this.parts.access,
                    runs,
                    memory,
                    extents,
                    site: request.site
                  }
                  if (this.#isTwoPhase('read', says, extents)) {
                    return readTogether({ ...together, aggregators: this.#aggregators }).pipe(map((bytes) => ({ memory, bytes })))
                  }
                  const read = called<number>((done) =>
                    this.#guarded(request, (next: Done<number>) => readRuns(this.parts.access, runs, memory, () => false, next))(done)
                  )
                  return this.#together.outcome(`${together.name} (end)`, read, request.site).pipe(map((bytes) => ({ memory, bytes })))
                })
              )
            ),
            map(({ memory, bytes }) => plan.finish(memory, bytes, status))
          )
        }
      }
    })
  }

  /**
   * Sets what this rank sees of the file: from which byte on, elements of which type, and which of them. All pointers go to 0. Collective;
   * the views of ranks may differ.
   *
   * Errors: ArgumentError, CountError, DatatypeError at the call. MPI: MPI_File_set_view, MPI 4.1 §14.3; mpi4py: file.Set_view.
   */
  setView(view: FileView, options?: FileCallOptions): Promise<void> {
    return this.isetView(view, options).wait()
  }

  /** As `setView`, as a request. */
  isetView(view: FileView, options: FileCallOptions = {}): Request<void> {
    return this.#collective(SIGNAL, 'setView', options, undefined, (request) => {
      const next = new View(view)
      return {
        say: next.signature,
        act: (says: readonly string[]) =>
          defer(() => {
            const agree = says.every((one) => one === says[0])
            return this.#together.outcome('file.setView (end)', this.#pointers.see(next, agree), request.site)
          })
      }
    })
  }

  /** What this rank sees of the file. MPI: MPI_File_get_view. */
  get view(): { at: number; type: FileView['type']; layout: FileView['layout']; format: 'native' | 'external32' } {
    const { at, type, layout, format } = this.#pointers.view
    return { at, type, layout, format }
  }

  /** This rank's pointer. MPI: MPI_File_get_position. */
  get position(): number {
    return this.#pointers.position
  }

  /**
   * Moves this rank's pointer. Local. Errors: CountError when it would be before the start or behind 2⁵³-1; ArgumentError. MPI:
   * MPI_File_seek; mpi4py: file.Seek.
   */
  seek(offset: number, from: SeekFrom = 'start'): void {
    try {
      this.#checkOpen()
      this.#pointers.seek(offset, from)
    } catch (error) {
      throw this.core.inContext(error, captureCallSite())
    }
  }

  /** The byte of the file where an element of the view begins. MPI: MPI_File_get_byte_offset. */
  byteOffset(offset: number): number {
    try {
      checkPosition('offset', offset)
      return this.#pointers.view.byteOffset(offset)
    } catch (error) {
      throw this.core.inContext(error, captureCallSite())
    }
  }

  /** The pointer that all ranks share. Errors: ArgumentError where the ranks' views differ. MPI: MPI_File_get_position_shared. */
  sharedPosition(options?: FileCallOptions): Promise<number> {
    return this.isharedPosition(options).wait()
  }

  /** As `sharedPosition`, as a request. */
  isharedPosition(options: FileCallOptions = {}): Request<number> {
    return this.#independent<number>(SIGNAL, options, undefined, (request) => {
      this.#pointers.checkShared()
      this.#pointers.sharedPosition((error, position) => request.settle(error, position), request.site)
    })
  }

  /**
   * Moves the pointer that all ranks share. Collective: all give the same. Errors: CollectiveMismatchError where they do not; CountError,
   * ArgumentError. MPI: MPI_File_seek_shared; mpi4py: file.Seek_shared.
   */
  seekShared(offset: number, from: SeekFrom = 'start', options?: FileCallOptions): Promise<void> {
    return this.iseekShared(offset, from, options).wait()
  }

  /** As `seekShared`, as a request. */
  iseekShared(offset: number, from: SeekFrom = 'start', options: FileCallOptions = {}): Request<void> {
    return this.#collective(SIGNAL, 'seekShared', options, undefined, (request) => {
      this.#pointers.checkShared()
      this.#pointers.sought(offset, from, Number.MAX_SAFE_INTEGER - Math.abs(offset))
      return {
        say: `${offset}, '${from}'`,
        act: (says: readonly string[]) =>
          this.#together.byLeader('seekShared', says, request.site, (done) => this.#pointers.seekShared(offset, from, done))
      }
    })
  }

  /**
   * How many bytes the file has: at least what has resolved of what this host writes. Independent. Units: bytes. Errors: FileError. MPI:
   * MPI_File_get_size.
   */
  size(options?: FileCallOptions): Promise<number> {
    return this.isize(options).wait()
  }

  /** As `size`, as a request. */
  isize(options: FileCallOptions = {}): Request<number> {
    return this.#independent<number>(SIGNAL, options, undefined, (request) =>
      this.parts.access.stat((error, stat) => request.settle(error, stat?.size))
    )
  }

  /**
   * Cuts the file off, or lengthens it with zeros; no pointer moves. Collective: all give the same. Errors: CollectiveMismatchError,
   * CountError, ArgumentError, FileError. MPI: MPI_File_set_size; mpi4py: file.Set_size.
   */
  truncate(bytes: number, options?: FileCallOptions): Promise<void> {
    return this.itruncate(bytes, options).wait()
  }

  /** As `truncate`, as a request. */
  itruncate(bytes: number, options: FileCallOptions = {}): Request<void> {
    return this.#collective(SIGNAL, 'truncate', options, undefined, (request) => {
      this.#checkWrites()
      checkPosition('bytes', bytes)
      return {
        say: `${bytes}`,
        act: (says: readonly string[]) =>
          this.#together.byLeader('truncate', says, request.site, (done) => this.parts.access.truncate(bytes, done))
      }
    })
  }

  /**
   * Makes the file at least so long, with zeros that take their place on the device. Collective: all give the same. Errors: those of
   * `truncate`. MPI: MPI_File_preallocate; mpi4py: file.Preallocate.
   */
  preallocate(bytes: number, options?: FileCallOptions): Promise<void> {
    return this.ipreallocate(bytes, options).wait()
  }

  /** As `preallocate`, as a request. */
  ipreallocate(bytes: number, options: FileCallOptions = {}): Request<void> {
    return this.#collective(SIGNAL, 'preallocate', options, undefined, (request) => {
      this.#checkWrites()
      checkPosition('bytes', bytes)
      return {
        say: `${bytes}`,
        act: (says: readonly string[]) =>
          this.#together.byLeader('preallocate', says, request.site, (done) => {
            const { access } = this.parts
            access.stat((error, stat) => {
              if (error !== null) return done(error)
              const zeros = new Uint8Array(Math.min(ZEROS, Math.max(0, bytes - stat.size)))
              const step = (from: number): void => {
                if (from >= bytes) return done(null)
                const part = zeros.subarray(0, Math.min(zeros.length, bytes - from))
                access.write(part, from, (failure, count) => (failure === null ? step(from + count) : done(failure)))
              }
              step(stat.size)
            })
          })
      }
    })
  }

  /**
   * All that has been written is on the device, and every rank sees it. Collective; needs no barrier beside it. Errors: FileError. MPI:
   * MPI_File_sync; mpi4py: file.Sync.
   */
  sync(options?: FileCallOptions): Promise<void> {
    return this.isync(options).wait()
  }

  /** As `sync`, as a request. */
  isync(options: FileCallOptions = {}): Request<void> {
    return this.#collective(SIGNAL, 'sync', options, undefined, (request) => ({
      say: null,
      act: () => this.#together.outcome('file.sync (end)', this.#flushed(), request.site)
    }))
  }

  /**
   * Whether reads and writes that overlap happen one after the other, among the ranks of this file. Collective: all give the same. Errors:
   * CollectiveMismatchError where they do not; ArgumentError. MPI: MPI_File_set_atomicity; mpi4py: file.Set_atomicity.
   */
  setAtomicity(on: boolean, options?: FileCallOptions): Promise<void> {
    return this.isetAtomicity(on, options).wait()
  }

  /** As `setAtomicity`, as a request. */
  isetAtomicity(on: boolean, options: FileCallOptions = {}): Request<void> {
    return this.#collective(SIGNAL, 'setAtomicity', options, undefined, (request) => {
      if (typeof on !== 'boolean') throw new ArgumentError(`on: expected true or false, got ${shown(on)}`)
      return {
        say: `${on}`,
        act: (says: readonly string[]) =>
          this.#together
            .byLeader('setAtomicity', says, request.site, (done) => done(null))
            .pipe(
              tap(() => {
                this.#atomic = on
              })
            )
      }
    })
  }

  /** As `setAtomicity` has set it; at first false. MPI: MPI_File_get_atomicity. */
  get atomicity(): boolean {
    return this.#atomic
  }

  /**
   * Closes the file on all ranks: waits for what is under way on any, puts a file that was to replace another in its place, and removes one
   * that was to go. Collective. Errors: FileError on all ranks where it fails on one. MPI: MPI_File_close; mpi4py: file.Close.
   */
  close(options?: FileCallOptions): Promise<void> {
    return this.iclose(options).wait()
  }

  /** As `close`, as a request. */
  iclose(options: FileCallOptions = {}): Request<void> {
    const waiting = [...this.#pending]
    return this.#collective(SIGNAL, 'close', options, undefined, (request) => ({
      say: null,
      act: () => {
        const { access, replacement, replaces, deletes, system, path } = this.parts
        const quiet = new Observable<void>((subscriber) => {
          let left = 1
          const one = (): void => {
            if (--left > 0) return
            subscriber.next()
            subscriber.complete()
          }
          for (const call of waiting) {
            left++
            call.onSettled(one)
          }
          one()
        })
        const leads = this.core.rank === this.parts.leader
        const last = defer((): Observable<unknown> => {
          if (replacement !== undefined) return replacement.finish()
          return deletes && leads ? called<void>((done) => system.remove(path, done)) : of(undefined)
        })
        const steps = [
          quiet,
          ...(replaces ? [defer(() => this.#flushed())] : []),
          called<void>((done) => (this.parts.isThrough && !leads ? done(null) : access.close(done))),
          last
        ]
        return concat(
          ...steps.map((step, k) => this.#together.outcome(`file.close (${k + 1})`, step, request.site).pipe(ignoreElements())),
          of(undefined)
        ).pipe(
          tap(() => this.#end(new FreedError(`file '${this.name}' was closed`), true)),
          catchError((error) => {
            // Nobody can do anything with it any more; what was to replace the old file goes.
            request.settle(error)
            this.#end(new FreedError(`file '${this.name}' was closed, and that has failed`), false)
            throw error
          })
        )
      }
    }))
  }

  /**
   * Gives the file up, on this rank and at once: what is pending fails with a FreedError, so do later calls, and those of other ranks that
   * need this one. A file that was to replace another is discarded. A second time does nothing. Local; MPI has no such call.
   */
  free(): void {
    if (this.#obstacle !== undefined) return
    this.#end(new FreedError(`file '${this.name}' was freed on this rank; open it again, or free it later`), false)
  }

  /** As `free`: for `using`, which never waits for others. */
  [Symbol.dispose](): void {
    this.free()
  }

  // For streams of records

  /** @internal The n-th of its kind on this rank meets the n-th on the others. */
  nextStream(kind: string): number {
    const number = this.#streams.get(kind) ?? 0
    this.#streams.set(kind, number + 1)
    return number
  }

  /** @internal */
  get currentView(): View {
    return this.#pointers.view
  }

  /** @internal Throws why records cannot be read or written now. */
  checkStream(how: 'reads' | 'writes'): void {
    this.#checkOpen()
    if (how === 'reads') this.#checkReads()
    else {
      this.#checkWrites()
      this.#pointers.checkShared()
    }
    if (!this.#pointers.view.isContiguous)
      throw new ArgumentError('view: records lie in a row; set a view without holes: without a layout, and of no struct with padding')
  }

  /** @internal A stream that all ranks take part in; returns what to call when it is over on this rank. */
  joinStream(name: string, fail: (error: Error) => void): () => void {
    return this.#together.join(name, fail)
  }

  /** @internal Something that closing waits for, and that freeing fails. */
  track(site: CallSite | undefined): CallRequest<void> {
    const request = new CallRequest<void>(this.core, site)
    request.look()
    this.#pending.add(request as CallRequest<unknown>)
    request.onSettled(() => this.#pending.delete(request as CallRequest<unknown>))
    return request
  }

  // Inside

  #checkOpen(): void {
    if (this.#obstacle !== undefined) throw this.#obstacle
    if (this.core.revoked) this.core.checkAlive()
  }

  #checkReads(): void {
    if (this.parts.traits.reads) return
    throw new ArgumentError(`mode: the file was opened with '${this.mode}', which only writes; open it with '${this.mode}+' to read, too`)
  }

  #checkWrites(): void {
    if (this.parts.traits.writes) return
    throw new ArgumentError(`mode: the file was opened with '${this.mode}', which only reads; open it with 'r+', 'w' or 'a' to write`)
  }

  #checkPlace({ at, shared, signal }: FilePlace): void {
    if (at !== undefined) checkPosition('at', at)
    if (shared !== undefined && typeof shared !== 'boolean') throw new ArgumentError(`shared: expected true or false, got ${shown(shared)}`)
    if (shared === true && at !== undefined) throw new ArgumentError('shared: the common pointer says where; leave out at, or shared')
    if (shared === true) this.#pointers.checkShared()
    if (signal?.aborted) throw abortError(signal)
  }

  #independent<T>(
    names: AnyNames,
    options: FilePlace,
    status: Status | undefined,
    start: (request: CallRequest<T>) => void
  ): CallRequest<T> {
    const request = new CallRequest<T>(this.core, recordCallSite(), status)
    try {
      this.#checkOpen()
      checkOptions(options, names, '{ at: 0 }')
      if (options.signal !== undefined) checkSignal(options.signal)
      this.#checkPlace(options)
      start(request)
    } catch (error) {
      request.leaveMemory()
      return new CallRequest<T>(this.core, captureCallSite()).refuse(error)
    }
    this.#follow(request, options.signal)
    return request
  }

  /** It is under way. */
  #follow(request: CallRequest<never> | CallRequest<unknown>, signal: AbortSignal | undefined): void {
    if (request.settled) return
    const one = request as CallRequest<unknown>
    this.#pending.add(one)
    one.holds(this.core.endpoint.transport)
    one.onSettled(() => this.#pending.delete(one))
    if (signal !== undefined) abandonOn(signal, one, (error) => one.fail(error))
  }

  /** A call of all ranks. */
  #collective<T, S>(
    names: AnyNames,
    name: string,
    options: FileCallOptions,
    status: Status | undefined,
    prepare: (request: CallRequest<T>) => Together<T, S>
  ): CallRequest<T> {
    const request = new CallRequest<T>(this.core, recordCallSite(), status)
    try {
      this.#checkOpen()
      checkOptions(options, names, '{ signal }')
      const { signal } = options
      if (signal !== undefined) checkSignal(signal)
      this.#checkPlace(options)
      this.#together.begin(name, request, signal, prepare(request))
    } catch (error) {
      request.leaveMemory()
      return new CallRequest<T>(this.core, captureCallSite()).refuse(error)
    }
    this.#follow(request, options.signal)
    return request
  }

  /** One rank of each host sees to it: the system flushes all that the host has written. */
  #flushed(): Observable<void> {
    const { isThrough, access } = this.parts
    const isFirst = isThrough ? this.core.rank === this.parts.leader : this.#hostLeaders.includes(this.core.rank)
    return isFirst && this.parts.traits.writes ? called<void>((done) => access.sync(done)) : of(undefined)
  }

  /** The first rank of each host. */
  get #hostLeaders(): number[] {
    const { members, endpoint } = this.core
    const { hosts } = endpoint.transport
    const seen = new Set<number>()
    return members.flatMap((member, rank) => {
      const host = hosts?.[member] ?? 0
      if (seen.has(host)) return []
      seen.add(host)
      return [rank]
    })
  }

  get #aggregators(): number[] {
    return this.parts.isThrough ? [this.parts.leader] : this.#hostLeaders
  }

  #isTwoPhase(how: 'read' | 'write', says: readonly Say[], extents: readonly Extent[]): boolean {
    const { buffering, isThrough } = this.parts
    if (this.#atomic || buffering === 'never') return false
    if (buffering === 'always') return true
    if (!interleaves(extents)) return false
    // Within one host the cache of the system brings pieces together, and what counts is the number of calls: a read needs few.
    if (isThrough || this.#hostLeaders.length > 1) return true
    return how === 'write' && says.some(({ pieceBytes }) => pieceBytes < SHORT_PIECE)
  }

  /** How many elements are asked for; without `count` and `into` all to the end. */
  #counted(plan: ReadPlan, { at, shared }: ReadOptions, request: CallRequest<unknown>, then: (count: number) => void): void {
    if (plan.count !== undefined) return then(plan.count)
    if (shared === true) throw new ArgumentError('count: a read at the common pointer says how much: give count, or into')
    const view = this.#pointers.view
    const rest = (size: number): number => Math.max(0, view.elementsIn(size) - (at ?? this.#pointers.position))
    if (!this.parts.isThrough) return then(rest(this.parts.access.sizeNow))
    this.parts.access.stat((error, stat) => {
      if (error !== null) request.settle(error)
      else if (!request.settled) then(rest(stat.size))
    })
  }

  /** The memory to read into: of its own no more than the file has. */
  #allocated(
    plan: ReadPlan,
    view: View,
    start: number,
    count: number,
    request: CallRequest<never> | CallRequest<unknown>,
    then: (memory: Memory, count: number) => void,
    fail: (error: Error, nothing: never) => void = (error) => (request as CallRequest<unknown>).settle(error)
  ): void {
    const { memory } = plan
    if (memory !== undefined) return then({ ...slice(memory, count * view.size) }, count)
    const allocate = (size: number): void => {
      const there = Math.max(0, Math.min(count, view.elementsIn(size) - start))
      const buffer = new ArrayBuffer(there * view.size)
      then({ buffer, byteOffset: 0, byteLength: buffer.byteLength }, there)
    }
    if (!this.parts.isThrough) return allocate(this.parts.access.sizeNow)
    this.parts.access.stat((error, stat) => (error === null ? allocate(stat.size) : fail(error, undefined as never)))
  }

  /** Where memory is checked, it reads to memory of its own first, so that what the program does to `into` meanwhile shows. */
  #aside(plan: ReadPlan, into: Target | undefined, request: CallRequest<never> | CallRequest<unknown>, name: string): ReadPlan {
    if (into === undefined || !this.core.endpoint.memoryInUse.isChecked) return plan
    watchInto(this.core, request, into, name)
    const finish: ReadPlan['finish'] = (memory, bytes, status) => {
      if (!request.leaveMemoryOrFail()) return undefined
      if (plan.memory === undefined) return plan.finish(memory, bytes, status)
      copyRun(memory, 0, plan.memory, 0, bytes)
      return plan.finish(plan.memory, bytes, status)
    }
    return { ...plan, finish, memory: plan.memory && new Uint8Array(plan.memory.byteLength) }
  }

  /** In atomic mode nobody else reads or writes meanwhile. */
  #guarded<T>(request: CallRequest<never> | CallRequest<unknown>, run: (done: Done<T>) => void): (done: Done<T>) => void {
    if (!this.#atomic) return run
    return (done) =>
      this.lock.acquire({ site: request.site }, (error, lock) => {
        if (error !== null) return done(error, undefined as never)
        run((failure, value) => {
          lock!.release()
          done(failure, value)
        })
      })
  }

  #end(obstacle: FreedError, isOrderly: boolean): void {
    if (this.#obstacle !== undefined) return
    this.#obstacle = obstacle
    const { caller, worker, service, access, replacement, parent } = this.parts
    parent.endpoint.unfreed.delete(this)
    if (!isOrderly) {
      const { ended } = this.#together
      for (const request of [...this.#pending]) request.fail(obstacle)
      for (let rank = 0; rank < this.core.size; rank++) if (rank !== this.core.rank) service.tell(rank, FREED, ended)
      access.close(() => undefined)
      replacement?.discard()
    }
    if (isOrderly) service.close()
    else service.retire(obstacle)
    for (const { core } of [caller, worker]) core.release()
  }
}

staysHere(File, 'a file')

/** Shorter pieces are quicker handed to another rank than written. */
const SHORT_PIECE = 256
/** Zeros that are written at once. */
const ZEROS = 2 ** 22

const slice = ({ buffer, byteOffset }: Memory, byteLength: number): Memory => ({ buffer, byteOffset, byteLength })
