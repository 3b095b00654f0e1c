import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BuildFailure } from 'esbuild'
import { importMeta } from './import-meta.js'
import { resolution } from './resolution.js'
/** The program as the ranks import it: one module with everything that it imports from its own project. */
export interface Bundle {
  url: string
  remove(): void
}

/** Required, not imported: for an import Node reads all of it a second time to find the names of its exports. */
function esbuild(): typeof import('esbuild') {
  return createRequire(import.meta.url)('esbuild')
}

/** What is wrong with the program, with file, line and column. */
export class BundleError extends Error {}

/** Files that Node runs as they are, and as something else than an ES module. */
const COMMONJS = /\.cjs$/

/**
 * Compiles the program once for all ranks. Its lines keep their place by a source map.
 */
export async function bundle(program: string): Promise<Bundle> {
  if (COMMONJS.test(program)) return { url: pathToFileURL(program).href, remove: () => {} }
  const { build, formatMessages } = esbuild()
  const directory = mkdtempSync(join(tmpdir(), 'rxmpi-'))
  const remove = () => {
    process.off('exit', remove)
    rmSync(directory, { recursive: true, force: true })
  }
  process.on('exit', remove)
  const outfile = join(directory, 'program.mjs')
  try {
    await build({
      entryPoints: [program],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: `node${process.versions.node}`,
      charset: 'utf8',
      sourcemap: 'inline',
      sourcesContent: false,
      legalComments: 'none',
      // As Node would: an import is made for its effects too, whatever a package.json or a comment says.
      treeShaking: false,
      ignoreAnnotations: true,
      mainFields: ['main'],
      conditions: [],
      logLevel: 'silent',
      plugins: [resolution, importMeta]
    })
  } catch (failure) {
    remove()
    const { errors } = failure as BuildFailure
    if (errors === undefined) throw failure
    const plain = errors.map((error) => ({ ...error, pluginName: '' }))
    throw new BundleError((await formatMessages(plain, { kind: 'error', terminalWidth: 120 })).join('').trimEnd())
  }
  return { url: pathToFileURL(outfile).href, remove }
}
