import { catchError, concat, concatMap, defer, EMPTY, ignoreElements, map, Observable, of, Subject, tap } from 'rxjs'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { Group } from '../core/group.js'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { type AnyNames, type OptionNames, SIGNAL } from '../diagnostics/option-names.js'
import { ArgumentError, CollectiveMismatchError, CountError, FreedError } from '../errors.js'
import type { Memory } from '../memory/copy.js'
import type { TypedArray } from '../op/op.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import type { Target } from '../request/options.js'
import type { Request } from '../request/request.js'
import { Status } from '../request/status.js'
import { CallRequest } from '../service/call-request.js'
import { called } from '../service/called.js'
import { type Counters, ServedCounters } from '../service/counters.js'
import type { Done } from '../service/done.js'
import { Lock } from '../service/lock.js'
import { agreed, gather, type OwnCaller } from '../service/rounds.js'
import { FREED, type Service } from '../service/service.js'
import type { FileAccess } from './access.js'
import { type Extent, interleaves, readTogether, writeTogether } from './collective-io.js'
import { planRead, planWrite, type ReadPlan } from './data-plan.js'
import type { FileSystem } from './file-system.js'
import { endBehind } from './frames.js'
import type { FileMode, ModeTraits } from './modes.js'
import type { Replacement } from './replacement.js'
import { readRuns, writeRuns } from './runs-io.js'
import { checkPosition, type FileView, View } from './view.js'

/** Where a call reads or writes. */
export interface FilePlace {
  /** At this element of the view; no pointer moves. */
  at?: number
  /** At the file's common pointer: in order of arrival, in collective calls in rank order. */
  shared?: boolean
  /** Aborting it fails the call with an AbortError; of a collective call, on the other ranks with a RemoteError. */
  signal?: AbortSignal
}

/** What is read, and where it goes. */
export interface ReadOptions extends FilePlace {
  /** Elements; default all that fit `into`, or all to the end. */
  count?: number
  /** Read in place, also into a view or records: the call resolves to this object, `status.count` tells how much of it is filled. */
  into?: Target
  /** Is filled in with what was read: `status: new Status()`. */
  status?: Status
}

/** What a call takes that has no other options. */
export interface FileCallOptions {
  /** Aborting it fails the call with an AbortError; of a collective call, on the other ranks with a RemoteError. */
  signal?: AbortSignal
}

const PLACE: OptionNames<FilePlace> = { at: true, shared: true, signal: true }
const READ: OptionNames<ReadOptions> = { ...PLACE, count: true, into: true, status: true }

/** From where an offset counts. */
export type SeekFrom = 'start' | 'current' | 'end'

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

const POINTER = 'pointer'

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
  readonly #lock: Lock
  /** What collective calls do once all ranks have called, one after the other, for their order is the same everywhere. */
  readonly #turns = new Subject<Observable<unknown>>()
  readonly #pending = new Set<CallRequest<unknown>>()
  /** Those of them that need all ranks. */
  readonly #together = new Set<CallRequest<unknown>>()
  #view: View
  #viewsAgree: boolean
  #position = 0
  #atomic = false
  /** Why nothing can be done with it any more. */
  #obstacle: Error | undefined
  /** Why its ranks can do nothing together any more. */
  #rift: Error | undefined
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
    this.#view = parts.view
    this.#viewsAgree = parts.viewsAgree
    this.counters = new ServedCounters(service, leader, { frame: (before, bytes, base) => base + endBehind(before - base, bytes) })
    this.#lock = new Lock(service, leader)
    if (parts.traits.appends) {
      this.#position = this.#view.elementsIn(parts.size)
      if (caller.core.rank === leader) this.counters.set(POINTER, this.#position, () => undefined)
    }
    service.serve(
      FREED,
      (rank) => this.#part(new FreedError(`rank ${rank} has freed file '${this.name}', which this call needs all ranks for`)),
      true
    )
    this.#turns.pipe(concatMap((turn) => turn)).subscribe()
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
      const plan = planWrite(this.#view, data, options)
      this.#place(options, plan.count, request, (start) => {
        const runs = this.#view.runs(start, plan.count)
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
      const plan = planRead(this.#view, options)
      this.#counted(plan, options, request, (count) => {
        this.#place(options, count, request, (start) => {
          const view = this.#view
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
   * Reads on all ranks together: a rank that wants nothing asks for `count: 0`. Pieces that lie between those of other ranks are read in
   * long runs by one rank a host. With `shared` in rank order. Collective.
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
   * Writes on all ranks together: a rank that has nothing gives an empty array. Pieces that lie between those of other ranks are handed to
   * one rank a host, which writes long runs; the bytes are the same. With `shared` in rank order. Collective.
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
      const view = this.#view
      const { memory, count } = planWrite(view, data, options)
      return {
        say: this.#extentSay(options, count, view),
        act: (says: readonly Say[]) =>
          this.#located(says, options, view).pipe(
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
              if (this.#isTwoPhase(extents)) return writeTogether({ ...plan, aggregators: this.#aggregators })
              const write = called<number>((done) =>
                this.#guarded(request, (next: Done<number>) => writeRuns(this.parts.access, runs, memory, () => false, next))(done)
              )
              return this.#outcome(`${plan.name} (end)`, write, request.site).pipe(map(() => undefined))
            })
          )
      }
    })
  }

  #readAll(options: ReadOptions = {}): Request<unknown> {
    const name = options?.shared === true ? 'readAll({ shared })' : 'readAll'
    const status = options?.status ?? new Status()
    return this.#collective<unknown, Say>(READ, name, options, status, (request) => {
      this.#checkReads()
      const view = this.#view
      const plan = planRead(view, options)
      const from = options.at ?? (options.shared === true ? 0 : this.#position)
      const count = plan.count ?? Math.max(0, view.elementsIn(this.parts.access.sizeNow) - from)
      return {
        say: this.#extentSay(options, count, view),
        act: (says: readonly Say[]) =>
          this.#located(says, options, view).pipe(
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
                  if (this.#isTwoPhase(extents)) {
                    return readTogether({ ...together, aggregators: this.#aggregators }).pipe(map((bytes) => ({ memory, bytes })))
                  }
                  const read = called<number>((done) =>
                    this.#guarded(request, (next: Done<number>) => readRuns(this.parts.access, runs, memory, () => false, next))(done)
                  )
                  return this.#outcome(`${together.name} (end)`, read, request.site).pipe(map((bytes) => ({ memory, bytes })))
                })
              )
            ),
            map(({ memory, bytes }) => plan.finish(memory, bytes, status))
          )
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
            this.#view = next
            this.#viewsAgree = says.every((one) => one === says[0])
            this.#position = 0
            const reset = this.core.rank === this.parts.leader ? called<void>((done) => this.counters.set(POINTER, 0, done)) : of(undefined)
            return this.#outcome('file.setView (end)', reset, request.site)
          })
      }
    })
  }

  /** What this rank sees of the file. MPI: MPI_File_get_view. */
  get view(): { at: number; type: FileView['type']; layout: FileView['layout']; format: 'native' | 'external32' } {
    const { at, type, layout, format } = this.#view
    return { at, type, layout, format }
  }

  /** This rank's pointer. MPI: MPI_File_get_position. */
  get position(): number {
    return this.#position
  }

  /**
   * Moves this rank's pointer. Local. Errors: CountError when it would be before the start or behind 2⁵³-1; ArgumentError. MPI:
   * MPI_File_seek; mpi4py: file.Seek.
   */
  seek(offset: number, from: SeekFrom = 'start'): void {
    try {
      this.#checkOpen()
      const next = this.#sought(offset, from, this.#position)
      this.#view.byteOffset(next)
      this.#position = next
    } catch (error) {
      throw this.core.inContext(error, captureCallSite())
    }
  }

  /** The byte of the file where an element of the view begins. MPI: MPI_File_get_byte_offset. */
  byteOffset(offset: number): number {
    try {
      checkPosition('offset', offset)
      return this.#view.byteOffset(offset)
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
      this.#checkShared()
      this.counters.get(POINTER, (error, position) => request.settle(error, position), request.site)
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
      this.#checkShared()
      this.#sought(offset, from, Number.MAX_SAFE_INTEGER - Math.abs(offset))
      return {
        say: `${offset}, '${from}'`,
        act: (says: readonly string[]) =>
          this.#byLeader('seekShared', says, request.site, (done) =>
            this.counters.get(POINTER, (_, now) => {
              let next: number
              try {
                next = this.#sought(offset, from, now)
              } catch (error) {
                return done(error as Error)
              }
              this.counters.set(POINTER, next, done)
            })
          )
      }
    })
  }

  /** How many bytes the file has: at least what has resolved of what this host writes. Independent. MPI: MPI_File_get_size. */
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
        act: (says: readonly string[]) => this.#byLeader('truncate', says, request.site, (done) => this.parts.access.truncate(bytes, done))
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
          this.#byLeader('preallocate', says, request.site, (done) => {
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
      act: () => this.#outcome('file.sync (end)', this.#flushed(), request.site)
    }))
  }

  /**
   * Whether reads and writes that overlap happen one after the other, among the ranks of this file. Collective: all give the same. MPI:
   * MPI_File_set_atomicity; mpi4py: file.Set_atomicity.
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
          this.#byLeader('setAtomicity', says, request.site, (done) => done(null)).pipe(
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
          ...steps.map((step, k) => this.#outcome(`file.close (${k + 1})`, step, request.site).pipe(ignoreElements())),
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
    return this.#view
  }

  /** @internal Throws why records cannot be read or written now. */
  checkStream(how: 'reads' | 'writes'): void {
    this.#checkOpen()
    if (how === 'reads') this.#checkReads()
    else {
      this.#checkWrites()
      this.#checkShared()
    }
    if (!this.#view.isContiguous)
      throw new ArgumentError('view: records lie in a row; set a view without holes: without a layout, and of no struct with padding')
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

  #checkShared(): void {
    if (this.#viewsAgree) return
    throw new ArgumentError('shared: the views of the ranks differ, so a pointer cannot be the same for all; set the same view everywhere')
  }

  #checkPlace({ at, shared, signal }: FilePlace): void {
    if (at !== undefined) checkPosition('at', at)
    if (shared !== undefined && typeof shared !== 'boolean') throw new ArgumentError(`shared: expected true or false, got ${shown(shared)}`)
    if (shared === true && at !== undefined) throw new ArgumentError('shared: the common pointer says where; leave out at, or shared')
    if (shared === true) this.#checkShared()
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

  /** A call of all ranks: what each says of it goes to all at once, and the rest when it is its turn. */
  #collective<T, S>(
    names: AnyNames,
    name: string,
    options: FileCallOptions,
    status: Status | undefined,
    prepare: (request: CallRequest<T>) => { say: S; act: (says: readonly S[]) => Observable<T> }
  ): CallRequest<T> {
    const request = new CallRequest<T>(this.core, recordCallSite(), status)
    let says: Request<S[]>
    let act: (says: readonly S[]) => Observable<T>
    try {
      this.#checkOpen()
      checkOptions(options, names, '{ signal }')
      const { signal } = options
      if (signal !== undefined) checkSignal(signal)
      this.#checkPlace(options)
      const prepared = prepare(request)
      if (this.#rift !== undefined) throw this.#rift
      act = prepared.act
      says = gather(this.parts.caller, `file.${name}`, prepared.say, request.site, { signal })
      says.look()
    } catch (error) {
      return new CallRequest<T>(this.core, captureCallSite()).refuse(error)
    }
    this.#follow(request, options.signal)
    this.#together.add(request as CallRequest<unknown>)
    request.onSettled(() => this.#together.delete(request as CallRequest<unknown>))
    const turn = says.pipe(
      concatMap(act),
      tap({ next: (value) => request.settle(null, value), error: (error) => request.settle(error) }),
      catchError(() => EMPTY)
    )
    this.#turns.next(turn)
    return request
  }

  /** How this rank has fared, told to all: where one has failed, all fail. */
  #outcome<T>(name: string, work: Observable<T>, site: CallSite | undefined): Observable<T> {
    const fared = work.pipe(
      map((value) => ({ error: null as unknown, value: value as T | undefined })),
      catchError((error) => of({ error: error as unknown, value: undefined }))
    )
    return fared.pipe(concatMap(({ error, value }) => agreed(this.parts.worker, name, error, site).pipe(map(() => value as T))))
  }

  /** What one rank does for all, who must want the same. */
  #byLeader(name: string, says: readonly string[], site: CallSite | undefined, act: (done: Done<void>) => void): Observable<void> {
    return defer(() => {
      if (says.some((say) => say !== says[0])) {
        const lines = says.map((say, rank) => `  rank ${rank}: ${name}(${say})`)
        throw new CollectiveMismatchError(`${name}: the ranks want different things:\n${lines.join('\n')}\nall ranks must give the same`)
      }
      const work = this.core.rank === this.parts.leader ? called<void>(act) : of(undefined)
      return this.#outcome(`file.${name} (end)`, work, site)
    })
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

  #isTwoPhase(extents: readonly Extent[]): boolean {
    const { buffering } = this.parts
    if (this.#atomic || buffering === 'never') return false
    return buffering === 'always' || interleaves(extents)
  }

  /** How many elements are asked for; without `count` and `into` all to the end. */
  #counted(plan: ReadPlan, { at, shared }: ReadOptions, request: CallRequest<unknown>, then: (count: number) => void): void {
    if (plan.count !== undefined) return then(plan.count)
    if (shared === true) throw new ArgumentError('count: a read at the common pointer says how much: give count, or into')
    const view = this.#view
    const rest = (size: number): number => Math.max(0, view.elementsIn(size) - (at ?? this.#position))
    if (!this.parts.isThrough) return then(rest(this.parts.access.sizeNow))
    this.parts.access.stat((error, stat) => {
      if (error !== null) request.settle(error)
      else if (!request.settled) then(rest(stat.size))
    })
  }

  /** The element where a call begins; its pointer moves on. */
  #place(
    { at, shared }: FilePlace,
    count: number,
    request: CallRequest<never> | CallRequest<unknown>,
    then: (start: number) => void
  ): void {
    const one = request as CallRequest<unknown>
    if (shared === true) {
      this.counters.add(
        POINTER,
        count,
        (error, start) => {
          if (error !== null) one.settle(error)
          else if (!one.settled) attempt(one, () => then(start))
        },
        one.site
      )
      return
    }
    const start = at ?? this.#position
    if (at === undefined) {
      if (count > 0) this.#view.runs(start, count)
      this.#position += count
    }
    then(start)
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

  /** In atomic mode nobody else reads or writes meanwhile. */
  #guarded<T>(request: CallRequest<never> | CallRequest<unknown>, run: (done: Done<T>) => void): (done: Done<T>) => void {
    if (!this.#atomic) return run
    return (done) =>
      this.#lock.acquire({ site: request.site }, (error, lock) => {
        if (error !== null) return done(error, undefined as never)
        run((failure, value) => {
          lock!.release()
          done(failure, value)
        })
      })
  }

  #extentSay({ at, shared }: FilePlace, count: number, view: View): Say {
    if (shared === true) return { count, first: 0, end: 0 }
    const start = at ?? this.#position
    const runs = boundsOf(view, start, count)
    if (at === undefined) this.#position += count
    return { count, first: runs.first, end: runs.end, start }
  }

  /** Where this rank begins, and what each touches. */
  #located(says: readonly Say[], { shared }: FilePlace, view: View): Observable<{ start: number; extents: readonly Extent[] }> {
    const { rank } = this.core
    if (shared !== true) return of({ start: says[rank]!.start!, extents: says })
    const total = says.reduce((sum, { count }) => sum + count, 0)
    const isLeader = rank === this.parts.leader
    const base = isLeader ? called<number>((done) => this.counters.add(POINTER, total, done)) : of(0)
    return base.pipe(
      concatMap((mine) => gather(this.parts.worker, 'file (shared pointer)', mine, this.site)),
      map((bases) => {
        let start = bases[this.parts.leader]!
        const starts = says.map(({ count }) => {
          const own = start
          start += count
          return own
        })
        return { start: starts[rank]!, extents: says.map(({ count }, k) => boundsOf(view, starts[k]!, count)) }
      })
    )
  }

  #sought(offset: number, from: SeekFrom, current: number): number {
    if (!Number.isSafeInteger(offset)) throw new CountError(`offset: expected an integer, got ${shown(offset)}`)
    if (from !== 'start' && from !== 'current' && from !== 'end') {
      throw new ArgumentError(`from: expected 'start', 'current' or 'end', got ${shown(from)}`)
    }
    const base = from === 'start' ? 0 : from === 'current' ? current : this.#view.elementsIn(this.parts.access.sizeNow)
    if (base + offset < 0) throw new CountError(`offset: ${offset} from the ${from} (${base}) is before the start of the view`)
    if (!Number.isSafeInteger(base + offset)) throw new CountError(`offset: ${offset} from the ${from} (${base}) is behind 2⁵³-1`)
    return base + offset
  }

  /** Another rank has given the file up: what needs all ranks is in vain. */
  #part(error: Error): void {
    if (this.#rift !== undefined || this.#obstacle !== undefined) return
    this.#rift = error
    const { caller, worker } = this.parts
    for (const request of [...this.#together]) request.fail(error)
    for (const { core } of [caller, worker]) core.release()
  }

  #end(obstacle: FreedError, isOrderly: boolean): void {
    if (this.#obstacle !== undefined) return
    this.#obstacle = obstacle
    const { caller, worker, service, access, replacement, parent } = this.parts
    parent.endpoint.unfreed.delete(this)
    for (const request of [...this.#pending]) if (!isOrderly) request.fail(obstacle)
    if (!isOrderly) {
      for (let rank = 0; rank < this.core.size; rank++) if (rank !== this.core.rank) service.tell(rank, FREED, [])
      access.close(() => undefined)
      replacement?.discard()
    }
    if (isOrderly) service.close()
    else service.retire(obstacle)
    for (const { core } of [caller, worker]) core.release()
  }
}

/** Zeros that are written at once. */
const ZEROS = 2 ** 22

/** What a rank says of a collective read or write: how many elements, and where, unless the common pointer says. */
interface Say extends Extent {
  readonly count: number
  readonly start?: number
}

const slice = ({ buffer, byteOffset }: Memory, byteLength: number): Memory => ({ buffer, byteOffset, byteLength })

/** From the first byte of some elements to the end of the last. */
function boundsOf(view: View, start: number, count: number): Extent {
  if (count === 0) return { first: 0, end: 0 }
  const first = view.byteOffset(start)
  return { first, end: view.byteOffset(start + count - 1) + view.size }
}

/** What goes wrong later than the call is the request's failure. */
function attempt(request: CallRequest<unknown>, run: () => void): void {
  try {
    run()
  } catch (error) {
    request.settle(error)
  }
}
