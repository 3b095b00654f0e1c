import { staysHere } from '../codec/refusal.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { Group } from '../core/group.js'
import type { CallSite } from '../diagnostics/call-site.js'
import type { TypedArray } from '../op/op.js'
import type { Target } from '../request/options.js'
import type { Request } from '../request/request.js'
import type { CallRequest } from '../service/call-request.js'
import type { Counters } from '../service/counters.js'
import type { Lock } from '../service/lock.js'
import type { Consistency } from './consistency.js'
import type { DataAccess } from './data-access.js'
import { FileCore, type FileParts } from './file-core.js'
import type { FileRequests } from './file-requests.js'
import type { Manipulation } from './manipulation.js'
import type { FileMode } from './modes.js'
import type { FileCallOptions, FilePlace, ReadOptions, SeekFrom } from './options.js'
import type { Positioning } from './positioning.js'
import type { FileView, View } from './view.js'

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
  readonly #core: FileCore
  readonly #requests: FileRequests
  readonly #dataAccess: DataAccess
  readonly #positioning: Positioning
  readonly #manipulation: Manipulation
  readonly #consistency: Consistency
  readonly #streams = new Map<string, number>()

  /** @internal */
  constructor(parts: FileParts) {
    this.parts = parts
    this.path = parts.path
    this.mode = parts.mode
    this.name = parts.name
    this.group = parts.group
    this.site = parts.site
    const core = new FileCore(parts, this)
    this.#core = core
    this.counters = core.counters
    this.lock = core.lock
    this.#requests = core.requests
    this.#dataAccess = core.dataAccess
    this.#positioning = core.positioning
    this.#manipulation = core.manipulation
    this.#consistency = core.consistency
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
    return this.#dataAccess.read(options).wait()
  }

  /** As `read`, as a request. MPI: MPI_File_iread and kin. */
  iread<B extends Target>(options: ReadOptions & { into: B }): Request<B>
  iread<A extends TypedArray = Uint8Array>(options?: ReadOptions): Request<A>
  iread(options?: ReadOptions): Request<unknown> {
    return this.#dataAccess.read(options)
  }

  /**
   * Writes: at an offset, at this rank's own pointer, or at the one that all share. Behind the end it leaves zeros between. Independent of
   * other ranks. What it has written when it resolves is seen by the ranks of this host, and by others after `sync`.
   *
   * Errors: ArgumentError, CountError, DatatypeError at the call; FileError, which says how many bytes went.
   * MPI: MPI_File_write, _write_at, _write_shared, MPI 4.1 §14.4; mpi4py: file.Write, Write_at, Write_shared.
   */
  write(data: Target, options?: FilePlace): Promise<void> {
    return this.#dataAccess.write(data, options).wait()
  }

  /** As `write`, as a request. MPI: MPI_File_iwrite and kin. */
  iwrite(data: Target, options?: FilePlace): Request<void> {
    return this.#dataAccess.write(data, options)
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
    return this.#dataAccess.readAll(options).wait()
  }

  /** As `readAll`, as a request. MPI: MPI_File_iread_all and kin. */
  ireadAll<B extends Target>(options: ReadOptions & { into: B }): Request<B>
  ireadAll<A extends TypedArray = Uint8Array>(options?: ReadOptions): Request<A>
  ireadAll(options?: ReadOptions): Request<unknown> {
    return this.#dataAccess.readAll(options)
  }

  /**
   * Writes on all ranks together: a rank that has nothing gives an empty array. Pieces that lie between those of ranks of other hosts, or
   * are short, are handed to one rank a host, which writes long runs; the bytes are the same. With `shared` in rank order. Collective.
   *
   * Errors: those of `write`; a failure on one rank is a FileError on all. MPI: MPI_File_write_all, _write_at_all, _write_ordered, MPI 4.1
   * §14.4; mpi4py: file.Write_all, Write_at_all, Write_ordered.
   */
  writeAll(data: Target, options?: FilePlace): Promise<void> {
    return this.#dataAccess.writeAll(data, options).wait()
  }

  /** As `writeAll`, as a request. MPI: MPI_File_iwrite_all and kin. */
  iwriteAll(data: Target, options?: FilePlace): Request<void> {
    return this.#dataAccess.writeAll(data, options)
  }

  /**
   * Sets what this rank sees of the file: from which byte on, elements of which type, and which of them. All pointers go to 0. Collective;
   * the views of ranks may differ.
   *
   * Errors: ArgumentError, CountError, DatatypeError at the call. MPI: MPI_File_set_view, MPI 4.1 §14.3; mpi4py: file.Set_view.
   */
  setView(view: FileView, options?: FileCallOptions): Promise<void> {
    return this.#positioning.setView(view, options).wait()
  }

  /** As `setView`, as a request. */
  isetView(view: FileView, options?: FileCallOptions): Request<void> {
    return this.#positioning.setView(view, options)
  }

  /** What this rank sees of the file. MPI: MPI_File_get_view. */
  get view(): { at: number; type: FileView['type']; layout: FileView['layout']; format: 'native' | 'external32' } {
    const { at, type, layout, format } = this.currentView
    return { at, type, layout, format }
  }

  /** This rank's pointer. MPI: MPI_File_get_position. */
  get position(): number {
    return this.#core.pointers.position
  }

  /**
   * Moves this rank's pointer. Local. Errors: CountError when it would be before the start or behind 2⁵³-1; ArgumentError. MPI:
   * MPI_File_seek; mpi4py: file.Seek.
   */
  seek(offset: number, from: SeekFrom = 'start'): void {
    this.#positioning.seek(offset, from)
  }

  /** The byte of the file where an element of the view begins. MPI: MPI_File_get_byte_offset. */
  byteOffset(offset: number): number {
    return this.#positioning.byteOffset(offset)
  }

  /** The pointer that all ranks share. Errors: ArgumentError where the ranks' views differ. MPI: MPI_File_get_position_shared. */
  sharedPosition(options?: FileCallOptions): Promise<number> {
    return this.#positioning.sharedPosition(options).wait()
  }

  /** As `sharedPosition`, as a request. */
  isharedPosition(options?: FileCallOptions): Request<number> {
    return this.#positioning.sharedPosition(options)
  }

  /**
   * Moves the pointer that all ranks share. Collective: all give the same. Errors: CollectiveMismatchError where they do not; CountError,
   * ArgumentError. MPI: MPI_File_seek_shared; mpi4py: file.Seek_shared.
   */
  seekShared(offset: number, from: SeekFrom = 'start', options?: FileCallOptions): Promise<void> {
    return this.#positioning.seekShared(offset, from, options).wait()
  }

  /** As `seekShared`, as a request. */
  iseekShared(offset: number, from: SeekFrom = 'start', options?: FileCallOptions): Request<void> {
    return this.#positioning.seekShared(offset, from, options)
  }

  /**
   * How many bytes the file has: at least what has resolved of what this host writes. Independent. Units: bytes. Errors: FileError. MPI:
   * MPI_File_get_size.
   */
  size(options?: FileCallOptions): Promise<number> {
    return this.#manipulation.size(options).wait()
  }

  /** As `size`, as a request. */
  isize(options?: FileCallOptions): Request<number> {
    return this.#manipulation.size(options)
  }

  /**
   * Cuts the file off, or lengthens it with zeros; no pointer moves. Collective: all give the same. Errors: CollectiveMismatchError,
   * CountError, ArgumentError, FileError. MPI: MPI_File_set_size; mpi4py: file.Set_size.
   */
  truncate(bytes: number, options?: FileCallOptions): Promise<void> {
    return this.#manipulation.truncate(bytes, options).wait()
  }

  /** As `truncate`, as a request. */
  itruncate(bytes: number, options?: FileCallOptions): Request<void> {
    return this.#manipulation.truncate(bytes, options)
  }

  /**
   * Makes the file at least so long, with zeros that take their place on the device. Collective: all give the same. Errors: those of
   * `truncate`. MPI: MPI_File_preallocate; mpi4py: file.Preallocate.
   */
  preallocate(bytes: number, options?: FileCallOptions): Promise<void> {
    return this.#manipulation.preallocate(bytes, options).wait()
  }

  /** As `preallocate`, as a request. */
  ipreallocate(bytes: number, options?: FileCallOptions): Request<void> {
    return this.#manipulation.preallocate(bytes, options)
  }

  /**
   * All that has been written is on the device, and every rank sees it. Collective; needs no barrier beside it. Errors: FileError. MPI:
   * MPI_File_sync; mpi4py: file.Sync.
   */
  sync(options?: FileCallOptions): Promise<void> {
    return this.#consistency.sync(options).wait()
  }

  /** As `sync`, as a request. */
  isync(options?: FileCallOptions): Request<void> {
    return this.#consistency.sync(options)
  }

  /**
   * Whether reads and writes that overlap happen one after the other, among the ranks of this file. Collective: all give the same. Errors:
   * CollectiveMismatchError where they do not; ArgumentError. MPI: MPI_File_set_atomicity; mpi4py: file.Set_atomicity.
   */
  setAtomicity(on: boolean, options?: FileCallOptions): Promise<void> {
    return this.#consistency.setAtomicity(on, options).wait()
  }

  /** As `setAtomicity`, as a request. */
  isetAtomicity(on: boolean, options?: FileCallOptions): Request<void> {
    return this.#consistency.setAtomicity(on, options)
  }

  /** As `setAtomicity` has set it; at first false. MPI: MPI_File_get_atomicity. */
  get atomicity(): boolean {
    return this.#consistency.isAtomic
  }

  /**
   * Closes the file on all ranks: waits for what is under way on any, puts a file that was to replace another in its place, and removes one
   * that was to go. Collective. Errors: FileError on all ranks where it fails on one. MPI: MPI_File_close; mpi4py: file.Close.
   */
  close(options?: FileCallOptions): Promise<void> {
    return this.#core.close(options).wait()
  }

  /** As `close`, as a request. */
  iclose(options?: FileCallOptions): Request<void> {
    return this.#core.close(options)
  }

  /**
   * Gives the file up, on this rank and at once: what is pending fails with a FreedError, so do later calls, and those of other ranks that
   * need this one. A file that was to replace another is discarded. A second time does nothing. Local; MPI has no such call.
   */
  free(): void {
    this.#core.free()
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
    return this.#core.pointers.view
  }

  /** @internal Throws why records cannot be read or written now. */
  checkStream(how: 'reads' | 'writes'): void {
    this.#requests.checkStream(how)
  }

  /** @internal A stream that all ranks take part in; returns what to call when it is over on this rank. */
  joinStream(name: string, fail: (error: Error) => void): () => void {
    return this.#core.together.join(name, fail)
  }

  /** @internal Something that closing waits for, and that freeing fails. */
  track(site: CallSite | undefined): CallRequest<void> {
    return this.#requests.track(site)
  }
}

staysHere(File, 'a file')
