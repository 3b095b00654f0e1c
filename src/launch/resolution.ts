import { isBuiltin } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild'
import { packageDirectory } from './package.js'

const OWN = /^rxmpi(\/|$)/
const SHARED = /^rxjs(\/|$)/
const TYPESCRIPT = /\.[cm]?tsx?$/
const INSTALLED = /[\\/]node_modules[\\/]/
/** Marks the plugin's own questions to esbuild, which come back to it. */
const ASKED = Symbol('asked')

/**
 * What an import of the program means: files of the program become part of the bundle, packages stay what they are and are named by their absolute URL,
 * found from the importing file as Node would. `rxmpi` is always the launcher's own, for the ranks run on that one; where the program has no
 * `rxjs` installed, the launcher's is used.
 */
export const resolution: Plugin = {
  name: 'resolution',
  setup(build) {
    build.onResolve({ filter: /^[^./]|\.cjs$|node_modules/ }, async (args) => {
      if (args.kind === 'entry-point' || args.pluginData === ASKED) return undefined
      if (isBuiltin(args.path)) return { path: args.path, external: true }
      if (args.path.startsWith('file:')) return { path: fileURLToPath(args.path) }
      if (/^[a-z][a-z0-9+.-]*:/.test(args.path)) return { path: args.path, external: true }
      return (await find(build, args)) ?? missing(args)
    })
  }
}

async function find(build: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | undefined> {
  if (OWN.test(args.path)) return locate(build, args, packageDirectory)
  return (await locate(build, args, args.resolveDir)) ?? (SHARED.test(args.path) ? locate(build, args, packageDirectory) : undefined)
}

async function locate(
  build: PluginBuild,
  { path, kind, importer, namespace }: OnResolveArgs,
  from: string
): Promise<OnResolveResult | undefined> {
  const found = await build.resolve(path, { kind, importer, namespace, resolveDir: from, pluginData: ASKED })
  if (found.errors.length > 0) return undefined
  if (found.external) return { path: found.path, external: true }
  const isProgram = TYPESCRIPT.test(found.path) || (path.startsWith('#') && !INSTALLED.test(found.path))
  if (isProgram) return { path: found.path }
  return { path: kind === 'require-call' ? found.path : pathToFileURL(found.path).href + found.suffix, external: true }
}

/** A dynamic import may never be reached, or be meant to fail: that is left to the program. */
function missing({ path, kind, importer }: OnResolveArgs): OnResolveResult {
  if (kind === 'dynamic-import' || kind === 'require-call') return { path, external: true }
  return { errors: [{ text: `Cannot find package '${path}' imported from ${relative(process.cwd(), importer)}` }] }
}
