import { realpathSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { OnResolveArgs, OnResolveResult, PluginBuild } from 'esbuild'
import { packageDirectory } from '../../runtime/package.js'

/** What the ranks run on is the launcher's own. */
export const OWN = /^(rxmpi|rxjs)(\/|$)/
const RELATIVE = /^(\.{0,2}\/|\.{1,2}$|file:)/
const TYPESCRIPT = /\.[cm]?tsx?$/
const COMMONJS = /\.cjs$/
const INSTALLED = /[\\/]node_modules[\\/]/
/** Marks our own questions to esbuild, which come back to us. */
const ASKED = Symbol('asked')

/**
 * Where an import leads: to a file of the program, or to something that Node loads by itself, named so that it means the same from
 * anywhere.
 */
export type Target = { file: string } | { url: string }

/**
 * Finds what the imports of the program's files mean, as Node would from the importing file. `rxmpi` and `rxjs` are the launcher's own,
 * which the ranks run on, also where the program has others or none installed: two copies would not know each other's observables. `./x.js`
 * finds `x.ts`, as TypeScript wants it written.
 */
export class Resolution {
  readonly #build: PluginBuild
  readonly #targets = new Map<string, Target>()

  constructor(build: PluginBuild) {
    this.#build = build
    build.onResolve({ filter: /.*/ }, (args) => this.#onResolve(args))
  }

  /** What an import that esbuild has met leads to. */
  target(importer: string, specifier: string): Target | undefined {
    return this.#targets.get(key(importer, specifier))
  }

  async #onResolve(args: OnResolveArgs): Promise<OnResolveResult | undefined> {
    if (args.pluginData === ASKED) return undefined
    if (args.kind === 'entry-point') return { path: realpathSync(args.path) }
    if (args.kind === 'require-call' || args.kind === 'require-resolve') return { path: args.path, external: true }
    const target = await this.#find(args)
    if (target === undefined) return missing(args)
    this.#targets.set(key(args.importer, args.path), target)
    return 'file' in target ? { path: target.file } : { path: target.url, external: true }
  }

  async #find(args: OnResolveArgs): Promise<Target | undefined> {
    const { path, resolveDir } = args
    if (isBuiltin(path)) return { url: path.startsWith('node:') ? path : `node:${path}` }
    if (path.startsWith('file:')) return this.#locate({ ...args, path: fileURLToPath(path) }, resolveDir)
    if (/^[a-z][a-z0-9+.-]*:/.test(path)) return { url: path }
    const own = OWN.test(path) ? await this.#locate(args, packageDirectory) : undefined
    return own ?? this.#locate(args, resolveDir)
  }

  async #locate({ path, kind, importer, namespace }: OnResolveArgs, resolveDir: string): Promise<Target | undefined> {
    const found = await this.#build.resolve(path, { kind, importer, namespace, resolveDir, pluginData: ASKED })
    if (found.errors.length > 0) return this.#writtenAsCompiled(path, resolveDir)
    const isProgram = TYPESCRIPT.test(found.path) || ((RELATIVE.test(path) || path.startsWith('#')) && !INSTALLED.test(found.path))
    return isProgram && !COMMONJS.test(found.path) ? { file: found.path } : { url: pathToFileURL(found.path).href + found.suffix }
  }

  /** `./x.js` for `x.ts`, which esbuild knows in TypeScript files only. */
  async #writtenAsCompiled(path: string, resolveDir: string): Promise<Target | undefined> {
    if (!RELATIVE.test(path) || !/\.m?js$/.test(path)) return undefined
    const source = path.replace(/js$/, 'ts')
    const found = await this.#build.resolve(source, { kind: 'import-statement', resolveDir, pluginData: ASKED })
    return found.errors.length > 0 ? undefined : { file: found.path }
  }
}

function key(importer: string, specifier: string): string {
  return `${importer}\0${specifier}`
}

/** A dynamic import may never be reached, or be meant to fail: that is left to the program. */
function missing({ path, kind, importer }: OnResolveArgs): OnResolveResult {
  if (kind === 'dynamic-import') return { path, external: true }
  const what = RELATIVE.test(path) ? 'module' : 'package'
  return { errors: [{ text: `Cannot find ${what} '${path}' imported from ${relative(process.cwd(), importer)}` }] }
}
