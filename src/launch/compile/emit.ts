import { readFile } from 'node:fs/promises'
import { basename, dirname, extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { init, parse } from 'es-module-lexer'
import type { BuildOptions } from 'esbuild'
import { packageDirectory } from '../../runtime/package.js'
import { OWN } from './resolution.js'

type Build = typeof import('esbuild').build

const META = '__rxmpi_import_meta'
const FROM_HERE = '__rxmpi_from_here'

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

/**
 * The same code, where every import names its target by URL: those that are written out, the one that `find` gives; those that are only
 * known at run time, what they mean from `source`, and `compiled` maps the program's files to what is made of them. What is compiled is
 * JavaScript and needs no attribute such as `type: 'json'`.
 */
export async function redirect(
  code: string,
  source: string,
  compiled: ReadonlyMap<string, string>,
  find: (specifier: string) => { url: string; compiled: boolean } | undefined
): Promise<string> {
  await init
  const edits: Edit[] = []
  let atRunTime = false
  for (const found of parse(code)[0]) {
    const isDynamic = found.type === 'dynamic'
    if (isDynamic && (found.specifier === undefined || found.glob)) {
      atRunTime = true
      edits.push({ start: found.start, end: found.start, text: `${FROM_HERE}(` }, { start: found.end, end: found.end, text: ')' })
      continue
    }
    if (found.type === 'import-meta' || found.specifier === undefined) continue
    const target = find(found.specifier)
    if (target === undefined) continue
    // The start and end of a dynamic import's specifier include its quotes; an import ends before its semicolon and with its parenthesis.
    const [start, quoted] = isDynamic ? [found.start, found.end] : [found.start - 1, found.end + 1]
    const end = target.compiled && found.attributesStart >= 0 ? (isDynamic ? found.importEnd - 1 : found.importEnd) : quoted
    edits.push({ start, end, text: JSON.stringify(target.url) })
  }
  const redirected = edited(code, edits)
  return atRunTime ? `${redirected}\n${declareFromHere(source, compiled)}` : redirected
}

interface Edit {
  start: number
  end: number
  text: string
}

function edited(code: string, edits: Edit[]): string {
  let result = ''
  let done = 0
  for (const { start, end, text } of edits.sort((a, b) => a.start - b.start)) {
    result += code.slice(done, start) + text
    done = end
  }
  return result + code.slice(done)
}

/**
 * What a specifier means in a file that runs from another place than where it was written; behind the code, whose lines keep their
 * numbers.
 */
function declareFromHere(source: string, compiled: ReadonlyMap<string, string>): string {
  const here = pathToFileURL(source).href
  const urls = Object.fromEntries([...compiled].map(([file, outfile]) => [pathToFileURL(file).href, pathToFileURL(outfile).href]))
  return [
    `import { createRequire as ${FROM_HERE}_createRequire, isBuiltin as ${FROM_HERE}_isBuiltin } from 'node:module'`,
    `import { pathToFileURL as ${FROM_HERE}_pathToFileURL } from 'node:url'`,
    `function ${FROM_HERE}(specifier) {`,
    '  const name = String(specifier)',
    `  const compiled = ${JSON.stringify(urls)}`,
    '  if (/^(\\.{0,2}\\/|file:)/.test(name)) {',
    `    const url = new URL(name, ${JSON.stringify(here)}).href`,
    `    return compiled[url] ?? compiled[url.replace(/js$/, 'ts')] ?? url`,
    '  }',
    `  if (${FROM_HERE}_isBuiltin(name) || /^(#|[a-z][a-z0-9+.-]*:)/.test(name)) return name`,
    `  const from = ${OWN}.test(name) ? ${JSON.stringify(pathToFileURL(`${packageDirectory}/`).href)} : ${JSON.stringify(here)}`,
    '  try {',
    `    return ${FROM_HERE}_pathToFileURL(${FROM_HERE}_createRequire(from).resolve(name)).href`,
    '  } catch {',
    '    return name',
    '  }',
    '}'
  ].join('\n')
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
