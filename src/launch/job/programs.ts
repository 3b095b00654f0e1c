import { debug } from '../../diagnostics/debug.js'
import { type Compiled, CompileError, compile } from '../compile/compile.js'

/** The programs of a job as its ranks import them: each is compiled once, however many worlds run it. */
export class Programs {
  readonly #compiled = new Map<string, Promise<Compiled>>()
  readonly #done: Compiled[] = []
  readonly #known: ((files: readonly string[], broken: boolean) => void) | undefined
  #over = false

  /** `known` hears which files a program consists of; `broken`: it cannot be compiled. */
  constructor(known?: (files: readonly string[], broken: boolean) => void) {
    this.#known = known
  }

  async compile(program: string): Promise<Compiled> {
    let compiled = this.#compiled.get(program)
    if (compiled === undefined) {
      compiled = this.#compile(program)
      this.#compiled.set(program, compiled)
      // What is wrong with it may be mended by the time that it is asked for again.
      compiled.catch(() => this.#compiled.delete(program))
    }
    return compiled
  }

  /** A text about compiled files as one about those of the programs. */
  translate(text: string): string {
    return this.#done.reduce((translated, compiled) => compiled.translate(translated), text)
  }

  /** Nobody imports them any more. */
  remove(): void {
    this.#over = true
    for (const compiled of this.#done.splice(0)) compiled.remove()
  }

  async #compile(program: string): Promise<Compiled> {
    const compiled = await compile(program).catch((error) => {
      if (error instanceof CompileError) this.#known?.(error.files, true)
      throw error
    })
    this.#known?.(compiled.files, false)
    debug('compiled %s', program)
    if (this.#over) compiled.remove()
    else this.#done.push(compiled)
    return compiled
  }
}
