/**
 * Leaves in dist only the declarations that an entry of the package leads to, and comments only in those whose exports a user can import,
 * or that these extend: nobody sees the others. What a class implements is left out, for its internal members are, and it would be said
 * not to implement them.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, normalize } from 'node:path'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const entries = Object.values(exports).flatMap(({ types }) => (types === undefined ? [] : [normalize(types)]))

/** The files that a declaration file names by a relative path, and how: `[what, file]`. */
const namesOf = (file) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:(import|export)\b([^;'"]*?)\bfrom |import[ (])['"](\.[^'"]+)\.js['"]/g)].map(
    ([, verb, what, path]) => ({
      verb,
      what,
      file: join(file, '..', `${path}.d.ts`)
    })
  )

/** Re-exports, and the imports of classes and interfaces that one here extends. */
const publicNamesOf = (file) => {
  const bases = [...readFileSync(file, 'utf8').matchAll(/\bextends ([^{]+)\{/g)].flatMap(([, list]) => list.match(/\w+/g))
  return namesOf(file).filter(({ verb, what }) => verb === 'export' || bases.some((name) => new RegExp(`\\b${name}\\b`).test(what)))
}

function reachedFrom(files, next, reached = new Set()) {
  for (const file of files)
    if (!reached.has(file))
      reachedFrom(
        next(file).map((name) => name.file),
        next,
        reached.add(file)
      )
  return reached
}

const needed = reachedFrom(entries, namesOf)
const seen = reachedFrom(entries, publicNamesOf)

for (const name of readdirSync('dist', { recursive: true }).filter((name) => name.endsWith('.d.ts'))) {
  const file = join('dist', name)
  if (!needed.has(file)) {
    rmSync(file)
    continue
  }
  const text = readFileSync(file, 'utf8').replace(/^(export .*\bclass .*?) implements .*\{$/gm, '$1 {')
  writeFileSync(file, seen.has(file) ? text : text.replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, ''))
}
