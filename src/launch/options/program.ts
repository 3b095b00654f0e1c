import { statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shown } from '../../diagnostics/arguments.js'
import { ArgumentError } from '../../errors.js'

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.tsx', '.jsx', '.cjs']

/** The absolute path of a program, once it is sure that there is one. */
export function programPath(program: URL | string): string {
  if (typeof program !== 'string' && !(program instanceof URL)) {
    throw new ArgumentError(
      `program: expected a path or a file: URL such as new URL('./worker.ts', import.meta.url), got ${shown(program)}`
    )
  }
  const path = typeof program === 'string' && !program.startsWith('file:') ? resolve(program) : toPath(program)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) throw new ArgumentError(`the program '${program}' does not exist: there is no file ${path}`)
  if (!stats.isFile()) throw new ArgumentError(`the program '${program}' is not a file: ${path}`)
  if (!EXTENSIONS.includes(extname(path))) {
    throw new ArgumentError(`the program '${program}' cannot be run: expected a name that ends in .ts, .mts, .js, .mjs or .cjs`)
  }
  return path
}

function toPath(program: URL | string): string {
  const { protocol } = new URL(program)
  if (protocol !== 'file:') throw new ArgumentError(`the program '${program}' cannot be run: expected a path or a file: URL`)
  return fileURLToPath(program)
}
