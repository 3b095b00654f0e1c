import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'

/** Where files of the repository are on the site. Paths are relative to the root of either. */

/** Pages beside those in docs. */
const PAGES: Readonly<Record<string, string>> = {
  'README.md': 'index.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security.md'
}

/** Folders whose README is a page. */
const ROOMS = ['examples']

/** The place of a page, if it is one. */
export function placeOf(file: string): string | undefined {
  if (file in PAGES) return PAGES[file]
  if (!file.endsWith('.md')) return undefined
  const place = file.startsWith('docs/') ? file.slice('docs/'.length) : ROOMS.some((room) => file.startsWith(`${room}/`)) ? file : undefined
  return place?.replace(/(^|\/)README\.md$/, '$1index.md')
}

/** Every page of the repository that is one of the site. */
export const pages = (root: string): string[] =>
  ['docs', ...ROOMS]
    .flatMap((room) => (readdirSync(join(root, room), { recursive: true }) as string[]).map((name) => posix.join(room, name)))
    .filter((file) => !file.includes('node_modules') && placeOf(file) !== undefined)
    .concat(Object.keys(PAGES))

/** The page that shows a file or a folder of programs which pages point to. */
export const sourcePlaceOf = (file: string): string => `source/${file.replaceAll('.', '-')}.md`

/** What a link leads to: a page, or what is shown as it is. */
export function targetOf(root: string, file: string): { place: string; source?: string } {
  const path = join(root, file)
  if (!existsSync(path)) throw new Error(`a page points to ${file}, which does not exist`)
  const page = statSync(path).isDirectory() ? `${file}/README.md` : file
  const place = placeOf(page)
  // A folder of pages without a first one gets a list of them.
  const isPage = place !== undefined && (existsSync(join(root, page)) || file.startsWith('docs/'))
  return isPage ? { place } : { place: sourcePlaceOf(file), source: file }
}
