import type { Memory } from '../memory/copy.js'
import type { Done } from '../service/done.js'
import { fileError } from './failure.js'
import type { DiskFile, FileStat } from './file-system.js'

/** The bytes of an open file, wherever it is open: here, or on another rank. */
export interface FileAccess {
  /** As much as there is from a position on, up to the length of the memory; the number of bytes. */
  read(into: Memory, position: number, done: Done<number>): void
  /** All of the memory; with an error, the number of bytes that went before it. */
  write(from: Memory, position: number, done: Done<number>): void
  /** The same of a part of memory at once, where that is quick; else `undefined`, and it is to be asked for. */
  readNow?(into: Uint8Array, at: number, length: number, position: number): number | undefined
  writeNow?(from: Uint8Array, at: number, length: number, position: number): number | undefined
  truncate(size: number, done: Done<void>): void
  sync(done: Done<void>): void
  stat(done: Done<FileStat>): void
  /** Once nothing is under way any more. */
  close(done: Done<void>): void
  /** How long it is, as far as that can be told at once. */
  readonly sizeNow: number
}

/** One system call moves less than 2 GiB. */
const PIECE = 2 ** 30
const CLOSED = { code: 'EBADF', message: 'it was closed' }

/**
 * A file that is open on this rank. Its descriptor is closed when nothing uses it any more, for its number would be given to another file.
 */
export class LocalAccess implements FileAccess {
  readonly #path: string
  readonly #file: DiskFile
  #busy = 0
  #closing: Done<void> | undefined
  #closed = false

  constructor(path: string, file: DiskFile) {
    this.#path = path
    this.#file = file
  }

  get sizeNow(): number {
    return this.#closed ? 0 : this.#file.sizeNow
  }

  read(into: Memory, position: number, done: Done<number>): void {
    this.#move('read', into, position, done)
  }

  write(from: Memory, position: number, done: Done<number>): void {
    this.#move('write', from, position, done)
  }

  readNow(into: Uint8Array, at: number, length: number, position: number): number | undefined {
    return this.#closed ? undefined : this.#file.readNow?.(into, at, length, position)
  }

  writeNow(from: Uint8Array, at: number, length: number, position: number): number | undefined {
    return this.#closed ? undefined : this.#file.writeNow?.(from, at, length, position)
  }

  truncate(size: number, done: Done<void>): void {
    this.#use('cannot set the length of', (finished) => this.#file.truncate(size, finished), done)
  }

  sync(done: Done<void>): void {
    this.#use('cannot flush', (finished) => this.#file.sync(finished), done)
  }

  stat(done: Done<FileStat>): void {
    this.#use('cannot look at', (finished) => this.#file.stat(finished), done)
  }

  close(done: Done<void>): void {
    if (this.#closed) return done(null)
    this.#closed = true
    this.#closing = done
    if (this.#busy === 0) this.#close()
  }

  #close(): void {
    const done = this.#closing!
    this.#closing = undefined
    this.#file.close((error) => done(error && fileError('cannot close', this.#path, error)))
  }

  #use<T>(what: string, run: (finished: Done<T>) => void, done: Done<T>): void {
    if (this.#closed) return done(fileError(what, this.#path, CLOSED), undefined as T)
    this.#busy++
    run((error, value) => {
      done(error && fileError(what, this.#path, error), value)
      this.#release()
    })
  }

  #release(): void {
    if (--this.#busy === 0 && this.#closing !== undefined) this.#close()
  }

  /** Piece by piece, for a call may move less than all; nothing more once the file is closed. */
  #move(how: 'read' | 'write', memory: Memory, position: number, done: Done<number>): void {
    let moved = 0
    this.#busy++
    const end = (error: Error | null): void => {
      done(error, moved)
      this.#release()
    }
    const step = (): void => {
      const left = memory.byteLength - moved
      if (left === 0) return end(null)
      if (this.#closed) return end(fileError(`cannot ${how}`, this.#path, CLOSED))
      const piece = new Uint8Array(memory.buffer, memory.byteOffset + moved, Math.min(left, PIECE))
      this.#file[how](piece, position + moved, (error, count) => {
        if (error !== null) {
          const gone = how === 'read' || moved === 0 ? '' : ` after ${moved} of ${memory.byteLength} bytes`
          return end(fileError(`cannot ${how}${gone}${how === 'read' ? ' from' : ' to'}`, this.#path, error, position + moved))
        }
        moved += count
        if (count > 0) step()
        else if (how === 'read') end(null)
        else end(fileError('cannot write to', this.#path, { code: 'EIO', message: 'nothing was written' }, position + moved))
      })
    }
    step()
  }
}
