import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StartupTimeoutError } from '../../errors.js'
import type { Bootstrap } from './bootstrap.js'

const LOOK_MS = 20

/** A directory of the job that all its processes see and nobody else can read: Open MPI makes one on every machine. */
export class Directory implements Bootstrap {
  readonly name: string
  readonly port = 0
  readonly #file: string

  constructor(directory: string, job: string) {
    this.name = `a file in ${directory}`
    this.#file = join(directory, `rxmpi-${job.replace(/\W/g, '_')}`)
  }

  async put(value: string): Promise<void> {
    const draft = `${this.#file}.${randomBytes(4).toString('hex')}`
    await writeFile(draft, value, { mode: 0o600, flag: 'wx' })
    // So that nobody reads half of it.
    await rename(draft, this.#file)
  }

  async fence(): Promise<void> {}

  async get(limitMs: number): Promise<string> {
    for (const start = performance.now(); performance.now() - start < limitMs; ) {
      const value = await readFile(this.#file, 'utf8').catch(() => undefined)
      if (value !== undefined) return value
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    throw new StartupTimeoutError(`rank 0 has not come within ${limitMs / 1000} s: ${this.#file} has not appeared`)
  }

  abort(): void {}

  async finish(): Promise<void> {
    await rm(this.#file, { force: true })
  }
}
