import { writeFile } from 'node:fs/promises'
import { createRequire, isBuiltin } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BuildFailure, Message, Plugin } from 'esbuild'
import { compiledName, redirect, transpile } from './emit.js'
import { ProgramDirectory, sweepDead } from './program-directory.js'
import { OWN, Resolution, type Target } from './resolution.js'

/** The program as the ranks import it. */
export interface Compiled {
  url: string
  /** Those that it consists of. */
  files: readonly string[]
  /** A text about compiled files as one about the program's. */
  translate(text: string): string
  remove(): void
}

let swept = false

/** What is wrong with the program, with file, line and column. */
export class CompileError extends Error {
  /** The files that were read. */
  readonly files: readonly string[]

  constructor(message: string, files: readonly string[]) {
    super(message)
    this.files = files
  }
}

/**
 * Compiles the program once for all ranks: each of its files to a module of its own in a directory that only this user can read, so that
 * they load in the order and have the scopes that they would have under Node. A first pass over the whole program follows the imports and
 * finds what does not fit together.
 */
export async function compile(program: string): Promise<Compiled> {
  const { path, remove } = new ProgramDirectory()
  if (!swept) void sweepDead()
  swept = true
  try {
    const compilation = new Compilation(path)
    const url = await compilation.run(program)
    return { url, files: compilation.inputs, translate: (text) => compilation.translate(text), remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** Required, not imported: for an import Node reads all of it a second time to find the names of its exports. */
const esbuild = (): typeof import('esbuild') => createRequire(import.meta.url)('esbuild')
const target = `node${process.versions.node}`

class Compilation {
  readonly #directory: string
  /** The code of each file, and where it goes. */
  readonly #files = new Map<string, { outfile: string; code: Promise<string> }>()
  #entry = ''
  readonly inputs: string[] = []

  constructor(directory: string) {
    this.#directory = directory
  }

  async run(program: string): Promise<string> {
    const { build, formatMessages } = esbuild()
    let resolution!: Resolution
    const plugin: Plugin = {
      name: 'program',
      setup: (pass) => {
        resolution = new Resolution(pass)
        pass.onLoad({ filter: /.*/, namespace: 'file' }, ({ path }) => {
          this.inputs.push(path)
          this.#add(path)
          return undefined
        })
      }
    }
    try {
      const { metafile } = await build({
        entryPoints: [program],
        bundle: true,
        write: false,
        metafile: true,
        platform: 'node',
        format: 'esm',
        target,
        // What Node looks at.
        mainFields: ['main'],
        conditions: [],
        treeShaking: false,
        ignoreAnnotations: true,
        logLevel: 'silent',
        plugins: [plugin]
      })
      for (const [input, { format, imports }] of Object.entries(metafile.inputs)) {
        const requires = format === undefined && imports.some(({ kind }) => kind === 'require-call')
        if ((format === 'cjs' || requires) && /\.c?js$/.test(input)) this.#files.delete(resolve(input))
      }
      await Promise.all([...this.#files.keys()].map((file) => this.#emit(file, resolution)))
    } catch (failure) {
      const { errors } = failure as BuildFailure
      if (errors === undefined) throw failure
      throw new CompileError(
        (await formatMessages(errors.map(plain), { kind: 'error', terminalWidth: 120 })).join('').trimEnd(),
        this.inputs
      )
    }
    return this.#urlOf({ file: this.#entry })
  }

  translate(text: string): string {
    for (const [file, { outfile }] of this.#files) text = text.replaceAll(pathToFileURL(outfile).href, file).replaceAll(outfile, file)
    return text
  }

  #add(file: string): void {
    if (this.#files.size === 0) this.#entry = file
    const outfile = join(this.#directory, compiledName(file, this.#files.size))
    const code = transpile(esbuild().build, file, outfile, target)
    // What is wrong with it, the pass over the whole program says.
    code.catch(() => {})
    this.#files.set(file, { outfile, code })
  }

  async #emit(file: string, resolution: Resolution): Promise<void> {
    const { outfile, code } = this.#files.get(file)!
    const compiled = new Map([...this.#files].map(([path, made]) => [path, made.outfile]))
    const redirected = await redirect(await code, file, compiled, (specifier) => {
      const found = resolution.target(file, specifier) ?? unused(file, specifier)
      return found && { url: this.#urlOf(found), compiled: 'file' in found && this.#files.has(found.file) }
    })
    await writeFile(outfile, redirected)
  }

  /** A file that is CommonJS is not compiled: Node loads it as what it is. */
  #urlOf(found: Target): string {
    if ('url' in found) return found.url
    return pathToFileURL(this.#files.get(found.file)?.outfile ?? found.file).href
  }
}

/**
 * An import of which nothing is used is not met in the pass over the whole program, which knows no tsconfig.json; with
 * `verbatimModuleSyntax` it is still there in the file by itself, and Node would run what it names.
 */
function unused(file: string, specifier: string): Target | undefined {
  try {
    const found = createRequire(OWN.test(specifier) ? import.meta.url : file).resolve(specifier)
    return { url: isBuiltin(found) ? found : pathToFileURL(found).href }
  } catch {
    return undefined
  }
}

function plain(message: Message): Message {
  return { ...message, pluginName: '' }
}
