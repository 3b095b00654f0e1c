import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, extname, join, posix } from 'node:path'
import { pages, placeOf, sourcePlaceOf, targetOf } from './places.js'

/**
 * Lays the pages of the repository where the site has them, with the files that they point to: links that lead somewhere on GitHub lead to
 * the same thing here. What is written for the site alone comes from `own`.
 */
export function gather(root: string, own: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  const sources = new Set<string>()
  for (const file of pages(root)) {
    const place = placeOf(file)!
    const text = readFileSync(join(root, file), 'utf8')
    write(
      join(to, place),
      withLinks(text, (link) => led(root, file, place, link, sources))
    )
  }
  for (const source of sources) write(join(to, sourcePlaceOf(source)), shown(root, source))
  for (const folder of foldersOf(join(root, 'docs'))) {
    const figures = join(root, 'docs', folder, 'figures')
    if (readdirSync(join(root, 'docs', folder)).includes('figures')) cpSync(figures, join(to, folder, 'figures'), { recursive: true })
    if (!readdirSync(join(to, folder)).includes('index.md')) write(join(to, folder, 'index.md'), listOf(join(to, folder), folder))
  }
  cpSync(own, to, { recursive: true })
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** Every link of a page, without those in its blocks of code. */
const withLinks = (text: string, change: (link: string) => string): string =>
  text.replace(/^```[\s\S]*?^```|\]\(([^)\s]+)\)/gm, (all, link: string | undefined) => (link === undefined ? all : `](${change(link)})`))

function led(root: string, file: string, place: string, link: string, sources: Set<string>): string {
  if (/^(https?|mailto):|^#/.test(link) || /\.svg$/.test(link)) return link
  const [path, heading] = link.split('#')
  const target = targetOf(root, posix.join(posix.dirname(file), path!).replace(/\/$/, ''))
  if (target.source !== undefined) sources.add(target.source)
  return posix.relative(posix.dirname(place), target.place).replace(/^(?!\.)/, './') + (heading === undefined ? '' : `#${heading}`)
}

/** A file, or all of a folder, as a page of its own. It is not searched: there are the pages that explain it. */
function shown(root: string, source: string): string {
  const path = join(root, source)
  const files = statSync(path).isDirectory() ? readdirSync(path).map((name) => posix.join(source, name)) : [source]
  const blocks = files.map((file) => `${files.length > 1 ? `## ${posix.basename(file)}\n\n` : ''}${block(join(root, file))}`)
  return `---\nsearch: false\noutline: 2\n---\n\n# ${source}\n\n${blocks.join('\n')}`
}

function block(file: string): string {
  const language = { '.mjs': 'js', '': 'text' }[extname(file)] ?? extname(file).slice(1)
  return `\`\`\`\`${language}\n${readFileSync(file, 'utf8').trimEnd()}\n\`\`\`\`\n`
}

export const NAMES: Readonly<Record<string, string>> = {
  adr: 'Decisions',
  course: 'The course',
  explanation: 'Explanation',
  'how-to': 'How to',
  reference: 'Reference',
  tutorial: 'Tutorial'
}

const foldersOf = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))

/** The first heading of a page. */
export const titleOf = (file: string): string =>
  /^# (.*)$/m
    .exec(readFileSync(file, 'utf8'))![1]!
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`\\]/g, '')

/** The page of a folder that has none of its own. */
function listOf(path: string, folder: string): string {
  const files = readdirSync(path).filter((name) => name.endsWith('.md'))
  return [`# ${NAMES[folder]}`, '', ...files.map((name) => `- [${titleOf(join(path, name))}](./${name})`), ''].join('\n')
}
