import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { relative } from 'node:path'
import { programPath } from '../options/program.js'
import { FileWatch } from './file-watch.js'

/** What the command that runs the job tells the one that watches. */
export interface FromRun {
  /** The files that its programs consist of, as far as imports tell. */
  readonly files: readonly string[]
  /** They could not be compiled: what is missing may be a file that is not there yet. */
  readonly broken: boolean
}

const WATCHED = 'RXMPI_WATCHED'
/** Whether this command was started by one that watches; what it starts itself was not. */
export const isWatched = process.env[WATCHED] !== undefined && process.send !== undefined
delete process.env[WATCHED]

/** Tells whoever watches, if anybody does, which files a program consists of. */
export function tellFiles(files: readonly string[], broken: boolean): void {
  if (isWatched) process.send!({ files, broken } satisfies FromRun)
}

/**
 * Runs this command again whenever a file of its program changes, each time in a process of its own, which has the terminal, standard input
 * and output as this one has them. Resolves at an interrupt to the status of the last run.
 */
export function watch(program: string): Promise<number> {
  return new Watched(programPath(program)).over
}

class Watched {
  readonly over: Promise<number>
  readonly #watch = new FileWatch((file) => this.#changed(file))
  #settle!: (status: number) => void
  #child: ChildProcess | undefined
  #status = 0
  #again = false
  #ending = false

  constructor(program: string) {
    this.over = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#watch.add([program], false)
    // A terminal gives it to the other process, too, which knows that it is the same.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.#end(signal))
    process.on('SIGQUIT', () => undefined)
    this.#run()
  }

  #run(): void {
    const args = [...process.argv.slice(1)]
    args.splice(args.indexOf('--watch'), 1)
    this.#again = false
    const child = spawn(process.execPath, [...process.execArgv, ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, [WATCHED]: '1' }
    })
    this.#child = child
    child.on('message', ({ files, broken }: FromRun) => this.#watch.add(files, broken))
    child.on('exit', (code, signal) => this.#ended(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
    child.on('error', (error) => {
      say(`cannot run again: ${error.message}`)
      this.#ended(1)
    })
  }

  #ended(status: number): void {
    if (this.#child === undefined) return
    this.#child = undefined
    this.#status = status
    if (this.#ending) return this.#finish()
    if (this.#again) return this.#run()
    const { size } = this.#watch
    say(`ended with status ${status}; runs again when ${size === 1 ? 'its file changes' : `one of ${size} files changes`}, Ctrl-C ends`)
  }

  #changed(file: string): void {
    if (this.#ending || this.#again) return
    this.#again = true
    const name = relative(process.cwd(), file)
    if (this.#child === undefined) {
      say(`${name} has changed: runs again`)
      this.#run()
    } else {
      say(`${name} has changed: ends the job and runs again`)
      this.#child.kill('SIGINT')
    }
  }

  #end(signal: 'SIGINT' | 'SIGTERM'): void {
    this.#ending = true
    if (this.#child === undefined) this.#finish()
    else this.#child.kill(signal)
  }

  #finish(): void {
    this.#watch.close()
    this.#settle(this.#status)
  }
}

const say = (text: string): boolean => process.stderr.write(`rxmpi: ${text}\n`)
