import { posix } from 'node:path'
import type { SchedulerLike } from 'rxjs'
import type { DiskFile, FileStat, FileSystem, OpenFlags } from '../../src/file/file-system.js'
import type { Done } from '../../src/service/done.js'

/** What a disk is asked to do. */
export interface DiskOperation {
  /** 'open', 'read', 'write', 'truncate', 'sync', 'stat', 'close', 'rename', 'remove', 'list', 'syncDirectory' */
  readonly name: string
  /** The file's. */
  readonly path: string
  /** Whose call it is. */
  readonly rank: number
  /** The byte in the file, of reads and writes. */
  readonly at?: number
  /** How many bytes, of reads and writes. */
  readonly bytes?: number
}

/** The disk that the ranks of a simulation share. */
export interface DiskModel {
  /** Milliseconds that everything takes; default 0. */
  latency?: number
  /** What it moves in a millisecond; default any amount. */
  bytesPerMs?: number
  /** The error that an operation fails with, such as 'ENOSPC'; by default none does. */
  fail?: (operation: DiskOperation) => string | undefined
}

interface Node {
  readonly inode: number
  bytes: Uint8Array
  mode: number
}

/** Files in memory, in virtual time. */
export class VirtualDisk {
  readonly #nodes = new Map<string, Node>()
  readonly #scheduler: SchedulerLike
  readonly #model: DiskModel
  /** Ranks that are no more: what they have asked for is not done. */
  readonly #dead = new Set<number>()
  #inodes = 0

  constructor(scheduler: SchedulerLike, files: Readonly<Record<string, Uint8Array | string>> = {}, model: DiskModel = {}) {
    this.#scheduler = scheduler
    this.#model = model
    for (const [path, bytes] of Object.entries(files)) this.#make(posix.normalize(path), Uint8Array.from(Buffer.from(bytes)))
  }

  /** What there is, by path. */
  files(): Record<string, Uint8Array> {
    return Object.fromEntries(Array.from(this.#nodes, ([path, { bytes }]) => [path, bytes.slice()]))
  }

  /** A rank dies: nothing that it does from now on has any effect, and its temporary files go. */
  fail(rank: number): void {
    this.#dead.add(rank)
    for (const path of this.#temporary.get(rank) ?? []) this.#nodes.delete(path)
  }

  readonly #temporary = new Map<number, Set<string>>()

  /** The disk as a rank sees it. */
  of(rank: number): FileSystem {
    const act = <T>(operation: Omit<DiskOperation, 'rank'>, done: Done<T>, run: () => T): void =>
      this.#act({ ...operation, rank }, done, run)
    return {
      absolute: (path) => posix.normalize(path),
      realPath: (path, done) => act({ name: 'stat', path }, done, () => path),
      open: (path, flags, mode, done) => act({ name: 'open', path }, done, () => this.#open(path, flags, mode, act)),
      rename: (from, to, done) =>
        act({ name: 'rename', path: from }, done, () => {
          const node = this.#find(from)
          this.#nodes.delete(from)
          this.#nodes.set(to, node)
        }),
      remove: (path, done) =>
        act({ name: 'remove', path }, done, () => {
          this.#find(path)
          this.#nodes.delete(path)
        }),
      list: (path, done) =>
        act({ name: 'list', path }, done, () =>
          [...this.#nodes.keys()].filter((name) => posix.dirname(name) === path).map((name) => posix.basename(name))
        ),
      syncDirectory: (path, done) => act({ name: 'syncDirectory', path }, done, () => undefined),
      owner: `simulated-${rank}`,
      isOrphaned: (owner) => this.#dead.has(Number(owner.split('-')[1])),
      keepTemporary: (path, isTemporary) => {
        const paths = this.#temporary.get(rank) ?? new Set()
        this.#temporary.set(rank, paths)
        if (isTemporary) paths.add(path)
        else paths.delete(path)
      }
    }
  }

  #act<T>(operation: DiskOperation, done: Done<T>, run: () => T): void {
    const { latency = 0, bytesPerMs = Number.POSITIVE_INFINITY, fail } = this.#model
    const delay = latency + (operation.bytes ?? 0) / bytesPerMs
    this.#scheduler.schedule(() => {
      if (this.#dead.has(operation.rank)) return
      let result: T
      try {
        const code = fail?.(operation)
        if (code !== undefined) throw Object.assign(new Error(`${code}: as the test has it, ${operation.name}`), { code })
        result = run()
      } catch (error) {
        return done(error as Error, undefined as never)
      }
      done(null, result)
    }, delay)
  }

  #find(path: string): Node {
    const node = this.#nodes.get(path)
    if (node === undefined) throw Object.assign(new Error(`ENOENT: no such file, '${path}'`), { code: 'ENOENT' })
    return node
  }

  #make(path: string, bytes: Uint8Array, mode = 0o666): Node {
    const node = { inode: ++this.#inodes, bytes, mode }
    this.#nodes.set(path, node)
    return node
  }

  #open(
    path: string,
    { create, exclusive, truncate }: OpenFlags,
    mode: number | undefined,
    act: <T>(operation: Omit<DiskOperation, 'rank'>, done: Done<T>, run: () => T) => void
  ): DiskFile {
    if (exclusive && this.#nodes.has(path)) throw Object.assign(new Error(`EEXIST: '${path}'`), { code: 'EEXIST' })
    const node = create && !this.#nodes.has(path) ? this.#make(path, new Uint8Array(0), mode) : this.#find(path)
    if (truncate) node.bytes = new Uint8Array(0)
    const resize = (size: number): void => {
      const bytes = new Uint8Array(size)
      bytes.set(node.bytes.subarray(0, size))
      node.bytes = bytes
    }
    return {
      read: (into, at, done) =>
        act({ name: 'read', path, at, bytes: into.byteLength }, done, () => {
          const found = node.bytes.subarray(at, at + into.byteLength)
          into.set(found)
          return found.length
        }),
      write: (from, at, done) => {
        act({ name: 'write', path, at, bytes: from.byteLength }, done, () => {
          if (at + from.byteLength > node.bytes.length) resize(at + from.byteLength)
          node.bytes.set(from, at)
          return from.byteLength
        })
      },
      truncate: (size, done) => act({ name: 'truncate', path }, done, () => resize(size)),
      sync: (done) => act({ name: 'sync', path }, done, () => undefined),
      stat: (done) => act({ name: 'stat', path }, done, (): FileStat => ({ size: node.bytes.length, inode: node.inode, mode: node.mode })),
      close: (done) => act({ name: 'close', path }, done, () => undefined),
      get sizeNow() {
        return node.bytes.length
      }
    }
  }
}
