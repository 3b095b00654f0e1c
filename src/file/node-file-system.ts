import fs from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Done } from '../service/done.js'
import type { DiskFile, FileStat, FileSystem, OpenFlags } from './file-system.js'

/**
 * Pieces up to here are moved in the call as long as the disk is as quick as a cache: asking another thread takes 50 µs, and it may find no
 * core. Longer ones would keep the rank from all else for too long.
 */
const IN_CALL = 1024 * 1024
/** What a cache takes at most for so many bytes: a copy of 1 GB/s. */
const cacheMs = (bytes: number): number => 0.2 + bytes / 1e6
/** For so long pieces are moved in the call, then one by another thread: meanwhile the event loop has its turn. */
const TURN_MS = 10

/** Temporary files of this thread, which go with it. */
const temporary = new Set<string>()

/** Who else is told of them, for a thread may be ended from outside. */
export const temporaryFiles: { tell: (path: string, isTemporary: boolean) => void } = { tell: () => undefined }

export const nodeFileSystem: FileSystem = {
  absolute: (path) => resolve(path),
  realPath: (path, done) => fs.realpath(path, done),
  open(path, flags, mode, done) {
    fs.open(path, flagsOf(flags), mode, (error, descriptor) => {
      if (error !== null) return done(error, undefined as never)
      fs.fstat(descriptor, (failure, stat) => done(failure, new NodeFile(descriptor, stat?.isFile() === true)))
    })
  },
  rename: (from, to, done) => fs.rename(from, to, (error) => done(error)),
  remove: (path, done) => fs.unlink(path, (error) => done(error)),
  list: (directory, done) => fs.readdir(directory, done),
  syncDirectory(directory, done) {
    fs.open(directory, 'r', (error, descriptor) => {
      if (error !== null) return done(error)
      fs.fsync(descriptor, (failure) => fs.close(descriptor, () => done(failure as Error | null)))
    })
  },
  get owner() {
    return `${hostname()}-${process.pid}`
  },
  isOrphaned(owner) {
    const [, host, id] = /^(.*)-(\d+)$/.exec(owner) ?? []
    if (host !== hostname()) return false
    try {
      process.kill(Number(id), 0)
      return false
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH'
    }
  },
  keepTemporary(path, isTemporary) {
    if (temporary.size === 0) process.once('exit', removeTemporary)
    if (isTemporary) temporary.add(path)
    else temporary.delete(path)
    if (temporary.size === 0) process.removeListener('exit', removeTemporary)
    temporaryFiles.tell(path, isTemporary)
  }
}

/** A file under its last name, or gone. */
export function removeQuietly(path: string): void {
  try {
    fs.unlinkSync(path)
  } catch {
    // Somebody else has done it.
  }
}

function removeTemporary(): void {
  for (const path of temporary) removeQuietly(path)
}

class NodeFile implements DiskFile {
  readonly #descriptor: number
  /** Others than plain files may take any time, and have no positions. */
  readonly #isPlain: boolean
  /** The last piece was moved as quickly as from or to a cache. */
  #isQuick = true
  /** Time spent in calls since the event loop had its turn. */
  #spentMs = 0

  constructor(descriptor: number, isPlain: boolean) {
    this.#descriptor = descriptor
    this.#isPlain = isPlain
  }

  read(into: Uint8Array, position: number, done: Done<number>): void {
    const [descriptor, length, at] = [this.#descriptor, into.byteLength, this.#isPlain ? position : null]
    if (this.#movesInCall(length)) this.#inCall(length, () => fs.readSync(descriptor, into, 0, length, at), done)
    else fs.read(descriptor, into, 0, length, at, this.#elsewhere(length, done))
  }

  write(from: Uint8Array, position: number, done: Done<number>): void {
    const [descriptor, length, at] = [this.#descriptor, from.byteLength, this.#isPlain ? position : null]
    if (this.#movesInCall(length)) this.#inCall(length, () => fs.writeSync(descriptor, from, 0, length, at), done)
    else fs.write(descriptor, from, 0, length, at, this.#elsewhere(length, done))
  }

  /** What goes wrong is told when it is asked for. */
  readNow(into: Uint8Array, at: number, length: number, position: number): number | undefined {
    if (!this.#movesInCall(length)) return undefined
    const start = performance.now()
    let count: number
    try {
      count = fs.readSync(this.#descriptor, into, at, length, position)
    } catch {
      return undefined
    }
    this.#took(length, performance.now() - start)
    return count
  }

  writeNow(from: Uint8Array, at: number, length: number, position: number): number | undefined {
    if (!this.#movesInCall(length)) return undefined
    const start = performance.now()
    let count: number
    try {
      count = fs.writeSync(this.#descriptor, from, at, length, position)
    } catch {
      return undefined
    }
    this.#took(length, performance.now() - start)
    return count
  }

  truncate(size: number, done: Done<void>): void {
    fs.ftruncate(this.#descriptor, size, (error) => done(error))
  }

  sync(done: Done<void>): void {
    fs.fsync(this.#descriptor, (error) => done(error))
  }

  stat(done: Done<FileStat>): void {
    fs.fstat(this.#descriptor, (error, stat) => done(error, { size: stat?.size, inode: stat?.ino, mode: stat?.mode & 0o777 }))
  }

  close(done: Done<void>): void {
    fs.close(this.#descriptor, (error) => done(error))
  }

  get sizeNow(): number {
    return fs.fstatSync(this.#descriptor).size
  }

  #movesInCall(bytes: number): boolean {
    return this.#isPlain && this.#isQuick && bytes <= IN_CALL && this.#spentMs < TURN_MS
  }

  #inCall(bytes: number, move: () => number, done: Done<number>): void {
    const start = performance.now()
    let count: number
    try {
      count = move()
    } catch (error) {
      return done(error as Error, 0)
    }
    this.#took(bytes, performance.now() - start)
    done(null, count)
  }

  #took(bytes: number, ms: number): void {
    this.#isQuick = ms < cacheMs(bytes)
    this.#spentMs += ms
  }

  /** For a piece that another thread moves, which takes some time more. */
  #elsewhere(bytes: number, done: Done<number>): (error: Error | null, count: number) => void {
    const start = performance.now()
    return (error, count) => {
      this.#isQuick = performance.now() - start < 2 * cacheMs(bytes)
      this.#spentMs = 0
      done(error, count)
    }
  }
}

function flagsOf({ read, write, create, exclusive, truncate }: OpenFlags): number {
  const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC } = fs.constants
  const access = !write ? O_RDONLY : read ? O_RDWR : O_WRONLY
  return access | (create ? O_CREAT : 0) | (exclusive ? O_EXCL : 0) | (truncate ? O_TRUNC : 0)
}
