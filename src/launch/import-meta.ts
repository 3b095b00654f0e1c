import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BuildFailure, OnLoadResult, Plugin, PluginBuild } from 'esbuild'

const NAME = '__rxmpi_import_meta'

/** Gives every file of the program its own `import.meta`, which in a bundle would be the bundle's. */
export const importMeta: Plugin = {
  name: 'import-meta',
  setup(build) {
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      return source.includes('import.meta') ? withOwnMeta(build, path) : undefined
    })
  }
}

async function withOwnMeta({ esbuild, initialOptions: { target, absWorkingDir } }: PluginBuild, path: string): Promise<OnLoadResult> {
  try {
    const { outputFiles } = await esbuild.build({
      entryPoints: [path],
      outfile: `${path}.js`,
      write: false,
      format: 'esm',
      target,
      absWorkingDir,
      logLevel: 'silent',
      sourcemap: 'inline',
      sourcesContent: false,
      define: { 'import.meta': NAME },
      banner: { js: declaration(path) }
    })
    return { contents: outputFiles[0].text, loader: 'js' }
  } catch (failure) {
    return { errors: (failure as BuildFailure).errors }
  }
}

function declaration(path: string): string {
  const url = JSON.stringify(pathToFileURL(path).href)
  const create = `${NAME}_require`
  return [
    `import { createRequire as ${create}, isBuiltin as ${NAME}_isBuiltin } from 'node:module'`,
    `import { pathToFileURL as ${NAME}_toURL } from 'node:url'`,
    `const ${NAME} = { __proto__: null, dirname: ${JSON.stringify(dirname(path))}, filename: ${JSON.stringify(path)}, resolve(specifier) {`,
    `  if (/^(\\.{0,2}\\/|[a-z]+:)/.test(specifier)) return new URL(specifier, ${url}).href`,
    `  const found = ${create}(${url}).resolve(specifier)`,
    `  return ${NAME}_isBuiltin(found) ? \`node:\${found}\` : ${NAME}_toURL(found).href`,
    `}, url: ${url} }`
  ].join('\n')
}
