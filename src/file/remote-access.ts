import type { CallSite } from '../diagnostics/call-site.js'
import { copyAll, duplicate, type Memory } from '../memory/copy.js'
import { receive } from '../request/receive-request.js'
import { send } from '../request/send-request.js'
import type { Done } from '../service/done.js'
import type { Service } from '../service/service.js'
import type { FileAccess } from './access.js'
import type { FileStat } from './file-system.js'

/** A message of data moves this much of a file. */
const PIECE = 2 ** 22
/** Tags of data go round. */
const TAGS = 2 ** 29

/** A file that is open on another rank, which reads and writes for this one. */
export class RemoteAccess implements FileAccess {
  readonly #service: Service
  readonly #rank: number
  readonly #site: CallSite | undefined
  #tags = 0
  #closed = false
  /** As of the last answer. */
  sizeNow = 0

  constructor(service: Service, rank: number, site: CallSite | undefined) {
    this.#service = service
    this.#rank = rank
    this.#site = site
  }

  read(into: Memory, position: number, done: Done<number>): void {
    this.#pieces(into, done, (part, moved, next) => {
      const tag = this.#tag()
      const { core } = this.#service
      // Posted first, so that the data goes straight to its place.
      const data = receive<Uint8Array>(core, { source: this.#rank, tag })
      let bytes: Uint8Array | undefined
      let count: number | undefined
      const end = (): void => {
        if (bytes === undefined || count === undefined) return
        copyAll(bytes, part)
        next(null, count)
      }
      data.subscribe({
        next: (received) => {
          bytes = received
          end()
        },
        error: () => undefined
      })
      this.#ask<number>('read', [position + moved, part.byteLength, tag], (error, answer) => {
        if (error !== null) {
          data.cancel()
          return next(error, 0)
        }
        count = answer
        end()
      })
    })
  }

  write(from: Memory, position: number, done: Done<number>): void {
    this.#pieces(from, done, (part, moved, next) => {
      const tag = this.#tag()
      // What was given may not change under way, and may lie in shared memory.
      const bytes = new Uint8Array(duplicate(part).buffer as ArrayBuffer)
      this.#ask<number>('write', [position + moved, part.byteLength, tag], (error, count) => {
        this.sizeNow = Math.max(this.sizeNow, position + moved + (error === null ? count : 0))
        next(error, error === null ? count : 0)
      })
      send(this.#service.core, bytes, { dest: this.#rank, tag }, false)?.subscribe({ error: () => undefined })
    })
  }

  truncate(size: number, done: Done<void>): void {
    this.#ask('truncate', [size], done)
  }

  sync(done: Done<void>): void {
    this.#ask('sync', [], done)
  }

  stat(done: Done<FileStat>): void {
    this.#ask<FileStat>('stat', [], (error, stat) => {
      if (error === null) this.sizeNow = stat.size
      done(error, stat)
    })
  }

  close(done: Done<void>): void {
    this.#closed = true
    done(null)
  }

  #tag(): number {
    this.#tags = (this.#tags + 1) % TAGS
    return this.#tags
  }

  #ask<T>(kind: string, asked: readonly unknown[], done: Done<T>): void {
    this.#service.ask(this.#rank, kind, asked, this.#site, done)
  }

  #pieces(memory: Memory, done: Done<number>, move: (part: Memory, moved: number, next: Done<number>) => void): void {
    let moved = 0
    const step = (): void => {
      const left = memory.byteLength - moved
      if (left === 0 || this.#closed) return done(null, moved)
      const byteLength = Math.min(left, PIECE)
      move({ buffer: memory.buffer, byteOffset: memory.byteOffset + moved, byteLength }, moved, (error, count) => {
        moved += count
        if (error !== null || count < byteLength) done(error, moved)
        else step()
      })
    }
    step()
  }
}

/** Does for the other ranks what they ask of the file that is open here. */
export function serveAccess(service: Service, access: FileAccess): void {
  const { core } = service
  service.serve('read', (from, [position, length, tag], reply) => {
    const memory = new Uint8Array(length as number)
    access.read(memory, position as number, (error, count) => {
      if (error !== null) return reply(error, 0)
      send(core, memory.subarray(0, count), { dest: from, tag: tag as number }, false)?.subscribe({ error: () => undefined })
      reply(null, count)
    })
  })
  service.serve('write', (from, [position, , tag], reply) => {
    receive<Uint8Array>(core, { source: from, tag: tag as number }).subscribe({
      next: (bytes) => access.write(bytes, position as number, reply),
      error: (error) => reply(error, 0)
    })
  })
  service.serve('truncate', (_, [size], reply) => access.truncate(size as number, reply as Done<void>))
  service.serve('sync', (_, __, reply) => access.sync(reply as Done<void>))
  service.serve('stat', (_, __, reply) => access.stat(reply as Done<FileStat>))
}
