import { type FSWatcher, statSync, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** An editor that saves a file makes several changes of it, and one that saves all files changes several. */
const SETTLE_MS = 100
const CODE = /\.[cm]?[jt]sx?$/

/** Says when one of some files has changed. Their folders are watched: many editors put a new file in the place of the old one. */
export class FileWatch {
  readonly #changed: (file: string) => void
  /** What each of them was like. */
  readonly #files = new Map<string, string>()
  readonly #folders = new Map<string, FSWatcher>()
  /** A file is missing: any that comes may be it. */
  #wantsNew = false
  #timer: NodeJS.Timeout | undefined

  constructor(changed: (file: string) => void) {
    this.#changed = changed
  }

  get size(): number {
    return this.#files.size
  }

  add(files: readonly string[], wantsNew: boolean): void {
    this.#wantsNew = wantsNew
    for (const file of files) {
      if (!this.#files.has(file)) this.#files.set(file, stateOf(file))
      const folder = dirname(file)
      if (this.#folders.has(folder)) continue
      try {
        const watcher = watch(folder, (_, name) => this.#look(folder, name))
        // A folder that is gone has nothing to tell.
        watcher.on('error', () => watcher.close())
        this.#folders.set(folder, watcher)
      } catch {
        // Nor has one that may not be watched.
      }
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#folders.values()) watcher.close()
  }

  #look(folder: string, name: string | null): void {
    const isNew = this.#wantsNew && name !== null && CODE.test(name) && !this.#files.has(join(folder, name))
    if (isNew) this.#files.set(join(folder, basename(name)), '')
    if (name !== null && !this.#files.has(join(folder, name))) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#compare(), SETTLE_MS)
  }

  #compare(): void {
    let first: string | undefined
    for (const [file, before] of this.#files) {
      const now = stateOf(file)
      // While it is away somebody is about to put another in its place.
      if (now === before || now === '') continue
      this.#files.set(file, now)
      first ??= file
    }
    if (first !== undefined) this.#changed(first)
  }
}

/** Differs when the file was written to. */
function stateOf(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(file)
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    return ''
  }
}
