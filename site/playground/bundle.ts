import { fileURLToPath } from 'node:url'
import { type BuildResult, build, type Plugin } from 'esbuild'

/**
 * Builds what the playground runs programs with: rxmpi from its sources, for a browser, in `worker.js` and in `modules.js`, which a page
 * can import as well. What the sources ask of Node is answered by the little that stands in `node/`.
 */
export const bundle = (outdir: string): Promise<BuildResult> =>
  build({
    entryPoints: ['worker.ts', 'modules.ts'].map((name) => here(name)),
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minifyWhitespace: true,
    minifySyntax: true,
    inject: [here('node/globals.ts')],
    // Where the project's own code is said to lie, so that a line of a program is known from one of ours.
    define: { 'import.meta.url': '"file:///rxmpi/src/"' },
    plugins: [withoutNode],
    logLevel: 'warning'
  })

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const STAND_INS = ['diagnostics_channel', 'os', 'url', 'util']

const withoutNode: Plugin = {
  name: 'without-node',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^node:/ }, ({ path, resolveDir, kind }) => {
      const name = path.replace('node:', '')
      if (STAND_INS.includes(name)) return { path: here(`node/${name}.ts`) }
      // With a slash, or esbuild takes it for Node's own.
      if (name === 'buffer') return resolve('buffer/', { resolveDir, kind })
      if (name === 'path') return resolve('path-browserify', { resolveDir, kind })
      return { path, namespace: 'absent' }
    })
    // Sockets, files and threads, which nothing asks for in a simulation.
    onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: 'module.exports = {}' }))
    onResolve({ filter: /^\.\/world\.js$/ }, ({ importer }) =>
      /src[\\/]index\.ts$/.test(importer) ? { path: here('node/world.ts') } : undefined
    )
  }
}
