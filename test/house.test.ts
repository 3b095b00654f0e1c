import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** What keeps the house in order: lines that fit, pages that name what there is, and lists that are complete. */

const filesIn = (room: string): string[] =>
  readdirSync(room, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name))

describe('sources', () => {
  const COLUMNS = 140
  /** Made by `npm run build`. */
  const generated = 'src/op/kernel-code.ts'
  const sources = ['src', 'operators', 'testing', 'pool', 'client', 'collective']
    .flatMap(filesIn)
    .filter((file) => file.endsWith('.ts') && file !== generated)

  /** Without the programs in docstrings, whose lines say what they print. */
  const proseOf = (file: string): string[] =>
    readFileSync(file, 'utf8')
      .replace(/```ts[\s\S]*?```/g, (code) => code.replace(/[^\n]/g, ''))
      .split('\n')

  it(`have no comment of more than ${COLUMNS} columns, but for an address that is longer`, () => {
    const long = sources.flatMap((file) =>
      proseOf(file)
        .map((line, k) => ({ place: `${file}:${k + 1}`, line }))
        .filter(({ line }) => [...line].length > COLUMNS && /^\s*(\/\*\*|\*|\/\/)/.test(line) && !/https?:\/\/\S+\s*$/.test(line))
    )
    expect(long).toEqual([])
  })
})

describe('pages', () => {
  const pages = [
    ...readdirSync('.').filter((name) => name.endsWith('.md')),
    ...['docs', 'examples', 'bench'].flatMap(filesIn).filter((file) => file.endsWith('.md'))
  ]
  const rooms = [
    'create-rxmpi',
    'src',
    'operators',
    'testing',
    'collective',
    'pool',
    'client',
    'kernels',
    'bin',
    'bench',
    'examples',
    'scripts',
    'site',
    'test',
    'docs'
  ]
  const files = rooms.flatMap(filesIn)
  /** A page without its blocks of code, which are programs and output of the reader's. */
  const proseOf = (page: string): string => readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '')

  /**
   * Whether a name such as `src/launch/`, `test/unit/*.test.ts`, `src/…/session.ts` or `collective/session.ts` is one of a file or a room.
   */
  function isThere(name: string): boolean {
    const pattern = name
      .replace(/\/$/, '')
      .replace(/[.+^$()[\]\\]/g, '\\$&')
      .replace(/\{([^}]*)\}/g, (_, names: string) => `(${names.split(',').join('|')})`)
      .replace(/\*+/g, '[^/]*')
      .replace(/…/g, '.*')
    const named = new RegExp(`(^|/)${pattern}(/|$)`)
    return existsSync(name) || files.some((file) => named.test(file))
  }

  /** What is made by the build, and files that programs of a reader's have. */
  const elsewhere = /^(dist|site\/dist|node_modules|\.|~|\/|https?:)/

  it('name files that exist', () => {
    const inBackticks = (page: string): string[] =>
      [...proseOf(page).matchAll(/`([^`\s]+\/[^`\s]*)`/g)]
        .map(([, name]) => name!)
        .filter((name) => /\.(c?ts|m?js|json|sh|md)$/.test(name) || rooms.some((room) => name.startsWith(`${room}/`)))
    // Commands and overviews in blocks of code name files of ours too.
    const ours = new RegExp(`(?<![\\w./-])(${rooms.join('|')})/[\\w./*{},…-]*\\.(ts|mjs|js|sh|md)\\b`, 'g')
    const anywhere = (page: string): string[] => [...readFileSync(page, 'utf8').matchAll(ours)].map(([name]) => name)
    const wrong = pages.flatMap((page) =>
      [...new Set([...inBackticks(page), ...anywhere(page)])]
        .filter((name) => !elsewhere.test(name) && !isThere(name))
        .map((name) => `${page}: ${name}`)
    )
    expect(wrong).toEqual([])
  })

  it('lead somewhere with every link, to a heading that is there', () => {
    const slug = (heading: string): string =>
      heading
        .toLowerCase()
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-')
    const headingsOf = (page: string): string[] => [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slug(heading!))

    const dead = pages.flatMap((page) =>
      [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target!)
        .filter((target) => !/^(https?|mailto):/.test(target))
        .filter((target) => {
          const [path, heading] = target.split('#')
          const file = path === '' ? page : normalize(join(dirname(page), path!))
          return !existsSync(file) || (heading !== undefined && !headingsOf(file).includes(heading))
        })
        .map((target) => `${page}: ${target}`)
    )
    expect(dead).toEqual([])
  })

  it('are found from the README, each of docs', () => {
    const reached = new Set<string>()
    const visit = (page: string): void => {
      if (reached.has(page)) return
      reached.add(page)
      for (const [, path] of proseOf(page).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
        const file = normalize(join(dirname(page), path!)).replace(/\/$/, '')
        if (file.endsWith('.md') && existsSync(file)) visit(file)
        else if (file.startsWith('docs/')) for (const inside of pages.filter((other) => dirname(other) === file)) visit(inside)
      }
    }
    visit('README.md')
    expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([])
  })
})

describe('examples/README.md', () => {
  it('lists every example, with a command that starts it', () => {
    const programs = readdirSync('examples').filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && name !== 'data.ts')
    const index = readFileSync('examples/README.md', 'utf8')
    const rows = new Map([...index.matchAll(/^\| \[`([^`]+)`\]\(\1\) \|.*$/gm)].map(([row, name]) => [name!, row]))
    expect([...rows.keys()].sort()).toEqual(programs.sort())
    for (const [name, row] of rows)
      expect(row).toMatch(new RegExp(`\`(rxmpi run [^\`]*examples/${name.replaceAll('.', '\\.')}[^\`]*|npm start)\``))
  })
})
