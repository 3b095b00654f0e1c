#!/usr/bin/env node
/** `npm create rxmpi my-ranks`: writes the project of template/ to a folder that is new or empty. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const [folder, ...more] = process.argv.slice(2)
if (folder === undefined || folder.startsWith('-') || more.length > 0) stop('expected one folder: npm create rxmpi my-ranks')

const target = resolve(folder)
if (existsSync(target) && readdirSync(target).some((name) => name !== '.git'))
  stop(`${target} is not empty: name a folder that is new or empty`)

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

const project = {
  // As npm wants it: lower case, and no character that an address would have to escape.
  name:
    basename(target)
      .toLowerCase()
      .replace(/[^a-z0-9._~-]+/g, '-')
      .replace(/^[._-]+|-+$/g, '') || 'ranks',
  private: true,
  type: 'module',
  scripts: {
    start: 'rxmpi run -n 4 hello.ts',
    test: 'node --import rxmpi/register total.test.ts',
    types: 'tsc'
  },
  dependencies: { rxjs: '^7.8.2', rxmpi: `^${version}` },
  devDependencies: { '@types/node': '^20.19.43', typescript: '^5.9.0' }
}

mkdirSync(target, { recursive: true })
cpSync(fileURLToPath(new URL('template', import.meta.url)), target, { recursive: true })
// npm packs no file of this name.
renameSync(join(target, 'gitignore'), join(target, '.gitignore'))
writeFileSync(join(target, 'package.json'), `${JSON.stringify(project, undefined, 2)}\n`)

const here = relative('', target)
process.stdout.write(
  `Written. Now:\n\n${here === '' ? '' : `  cd ${/\s/.test(here) ? `'${here}'` : here}\n`}  npm install\n  npm start\n  npm test\n`
)

function stop(why) {
  process.stderr.write(`create-rxmpi: ${why}\n`)
  process.exit(2)
}
