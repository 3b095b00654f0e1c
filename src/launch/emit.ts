import { readFile } from 'node:fs/promises'
import { basename, dirname, extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { init, parse } from 'es-module-lexer'
import type { BuildOptions } from 'esbuild'

type Build = typeof import('esbuild').build

const META = '__rxmpi_import_meta'

/** One file of the program as JavaScript, with a source map that leads back to it. */
export async function transpile(build: Build, source: string, outfile: string, target: string): Promise<string> {
  const text = await readFile(source, 'utf8')
  if (extname(source) === '.json') return `export default JSON.parse(${JSON.stringify(text)})`
  const options: BuildOptions = text.includes('import.meta') ? { define: { 'import.meta': META }, banner: { js: declareMeta(source) } } : {}
  const { outputFiles } = await build({
    ...options,
    entryPoints: [source],
    outfile,
    write: false,
    format: 'esm',
    target,
    charset: 'utf8',
    logLevel: 'silent',
    sourcemap: 'inline',
    sourcesContent: false
  })
  return outputFiles![0].text
}

/** The same code, where every import names its target by URL. What is compiled is JavaScript and needs no attribute such as `type: 'json'`. */
export async function redirect(code: string, find: (specifier: string) => { url: string; compiled: boolean } | undefined): Promise<string> {
  await init
  const [imports] = parse(code)
  let redirected = ''
  let done = 0
  for (const found of imports) {
    if (found.type === 'import-meta' || found.specifier === undefined || (found.type === 'dynamic' && found.glob)) continue
    const target = find(found.specifier)
    if (target === undefined) continue
    const isDynamic = found.type === 'dynamic'
    // The start and end of a dynamic import's specifier include its quotes; an import ends before its semicolon and with its parenthesis.
    redirected += code.slice(done, isDynamic ? found.start : found.start - 1) + JSON.stringify(target.url)
    done = isDynamic ? found.end : found.end + 1
    if (target.compiled && found.attributesStart >= 0) done = isDynamic ? found.importEnd - 1 : found.importEnd
  }
  return redirected + code.slice(done)
}

/** A file's own `import.meta`: it runs from another place than where it was written. */
function declareMeta(path: string): string {
  const url = JSON.stringify(pathToFileURL(path).href)
  return [
    `import { createRequire as ${META}_createRequire, isBuiltin as ${META}_isBuiltin } from 'node:module'`,
    `import { pathToFileURL as ${META}_pathToFileURL } from 'node:url'`,
    `const ${META} = { __proto__: null, dirname: ${JSON.stringify(dirname(path))}, filename: ${JSON.stringify(path)}, resolve(specifier) {`,
    `  if (/^(\\.{0,2}\\/|[a-z]+:)/.test(specifier)) return new URL(specifier, ${url}).href`,
    `  const found = ${META}_createRequire(${url}).resolve(specifier)`,
    `  return ${META}_isBuiltin(found) ? \`node:\${found}\` : ${META}_pathToFileURL(found).href`,
    `}, url: ${url} }`
  ].join('\n')
}

/** A name by which a file may be known in the directory of the compiled ones. */
export function compiledName(source: string, index: number): string {
  return `${index}-${basename(source, extname(source))}.mjs`
}
