import fs from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Done } from '../service/done.js'
import type { DiskFile, FileStat, FileSystem, OpenFlags } from './file-system.js'

/** Pieces up to here are moved in the call, which takes less time than asking another thread to, as long as the disk is quick. */
const SMALL = 64 * 1024
/** A call that took longer was no copy from or to a cache. */
const SLOW_MS = 0.2

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
  /** The last small piece was moved quickly. Others than plain files may take any time. */
  #isQuick: boolean
  readonly #isPlain: boolean

  constructor(descriptor: number, isPlain: boolean) {
    this.#descriptor = descriptor
    this.#isPlain = isPlain
    this.#isQuick = isPlain
  }

  read(into: Uint8Array, position: number, done: Done<number>): void {
    const at = this.#isPlain ? position : null
    if (!this.#isQuick || into.byteLength > SMALL) {
      const start = performance.now()
      fs.read(this.#descriptor, into, 0, into.byteLength, at, (error, count) => {
        this.#learn(into.byteLength, start)
        done(error, count)
      })
    } else this.#inCall(() => fs.readSync(this.#descriptor, into, 0, into.byteLength, at), done)
  }

  write(from: Uint8Array, position: number, done: Done<number>): void {
    const at = this.#isPlain ? position : null
    if (!this.#isQuick || from.byteLength > SMALL) {
      const start = performance.now()
      fs.write(this.#descriptor, from, 0, from.byteLength, at, (error, count) => {
        this.#learn(from.byteLength, start)
        done(error, count)
      })
    } else this.#inCall(() => fs.writeSync(this.#descriptor, from, 0, from.byteLength, at), done)
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

  #inCall(move: () => number, done: Done<number>): void {
    const start = performance.now()
    let count: number
    try {
      count = move()
    } catch (error) {
      return done(error as Error, 0)
    }
    this.#isQuick = performance.now() - start < SLOW_MS
    done(null, count)
  }

  /** A small piece that another thread has moved in as little time as that takes from a cache. */
  #learn(bytes: number, start: number): void {
    if (this.#isPlain && bytes <= SMALL) this.#isQuick = performance.now() - start < 2 * SLOW_MS
  }
}

function flagsOf({ read, write, create, exclusive, truncate }: OpenFlags): number {
  const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC } = fs.constants
  const access = !write ? O_RDONLY : read ? O_RDWR : O_WRONLY
  return access | (create ? O_CREAT : 0) | (exclusive ? O_EXCL : 0) | (truncate ? O_TRUNC : 0)
}
