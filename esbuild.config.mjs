/**
 * Joins the modules that `tsc` has compiled to .build into a few files in dist: every rank of a job reads them, and reading some fifty
 * small modules costs it more than starting its thread.
 */
import { copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { build } from 'esbuild'

const require = createRequire(import.meta.url)
const entryPoints = [
  'src/index',
  'operators/index',
  'testing/index',
  'src/layout/index',
  'src/npy/index',
  'src/sync/index',
  'collective/index',
  'pool/index',
  'pool/worker',
  'client/node',
  'src/launch/index',
  'src/launch/rank/rank',
  'src/launch/host/host-process',
  'src/launch/cli/cli',
  'src/launch/external/standalone-host',
  'src/launch/rank/register',
  'src/launch/rank/register-hooks'
].map((name) => `.build/${name}.js`)

/** Packages that there is a quicker way to load. */
const quicker = {
  rxjs: "import { loadRxjs } from './load-rxjs.js'\nconst all = loadRxjs()",
  'rxjs/testing': "import { loadRxjsTesting } from './load-rxjs.js'\nconst all = loadRxjsTesting()",
  'cbor-x': "import { loadCbor } from './load-cbor.js'\nconst all = loadCbor()"
}

const quickLoads = {
  name: 'quicker',
  setup(build) {
    build.onResolve({ filter: /^(rxjs|rxjs\/testing|cbor-x)$/ }, ({ path }) => ({ path, namespace: 'quicker' }))
    build.onLoad({ filter: /.*/, namespace: 'quicker' }, ({ path }) => ({
      resolveDir: '.build/src/launch/rank',
      contents: [
        quicker[path],
        ...Object.keys(require(path)).map((name) => `const $${name} = all.${name}\nexport { $${name} as ${name} }`)
      ].join('\n')
    }))
  }
}

/**
 * A third less to install and to read. Names stay, which stacks and errors tell: `keepNames` would save as much again, and sets the name of
 * every closure that a call makes, which takes a message half a microsecond.
 */
const small = { minifyWhitespace: true, minifySyntax: true, lineLimit: 140 }

await build({
  entryPoints,
  outdir: 'dist',
  outbase: '.build',
  // Beside the modules they replace, so that a stack's frame is known as rxmpi's by its directory.
  chunkNames: 'src/chunk-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  ignoreAnnotations: true,
  ...small,
  external: ['commander', 'es-module-lexer', 'esbuild', 'uWebSockets.js', 'selfsigned'],
  plugins: [quickLoads]
})

/** What a page loads: without Node's modules, and `standalone` with all that it takes of RxJS. */
const page = {
  entryPoints: ['.build/client/index.js'],
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  alias: { 'node:util': './.build/client/no-node.js', 'cbor-x': 'cbor-x/decode' }
}
await build({ ...page, ...small, outfile: 'dist/client/index.js', external: ['rxjs'] })
await build({ ...page, outfile: 'dist/client/standalone.js', minify: true })

/** The page of a running job: from its sources, for `tsc` checks it and the browser's types are not those of the rest. */
const dashboard = 'src/launch/dashboard/page'
await build({
  entryPoints: [
    { in: `${dashboard}/main.ts`, out: 'page' },
    { in: `${dashboard}/page.css`, out: 'page' }
  ],
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  conditions: ['es2015'],
  outdir: 'dist/src/launch/dashboard',
  banner: {
    js: '/*! With uPlot, (c) Leon Sorokin, MIT, and RxJS, (c) Google, Inc., Netflix, Inc., Microsoft Corp. and contributors, Apache-2.0. */'
  }
})
copyFileSync(`${dashboard}/index.html`, 'dist/src/launch/dashboard/index.html')
