import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DefaultTheme } from 'vitepress'
import { NAMES, titleOf } from './gather.js'

type Items = DefaultTheme.SidebarItem[]

/** In the order in which one needs them. */
const SECTIONS = ['course', 'tutorial', 'how-to', 'reference', 'explanation', 'adr']

/** What is beside pages, by their address: where else there is something to read and, of the section that is read, its pages. */
export function sections(content: string): DefaultTheme.SidebarMulti {
  const others: Items = [
    { text: 'What it is', link: '/' },
    ...SECTIONS.map((folder) => ({ text: NAMES[folder]!, link: `/${folder}/` })),
    { text: 'Examples', link: '/examples/' },
    { text: 'API', link: '/api/' },
    { text: 'Playground', link: '/playground' }
  ]
  const beside = SECTIONS.map((folder) => [
    `/${folder}/`,
    [
      { text: NAMES[folder]!, link: `/${folder}/`, items: pagesOf(content, folder) },
      { text: 'More', items: others }
    ]
  ])
  return { ...Object.fromEntries(beside), '/': [{ text: 'rxmpi', items: others }] }
}

function pagesOf(content: string, folder: string): Items {
  const names = readdirSync(join(content, folder)).filter((name) => name.endsWith('.md') && name !== 'index.md')
  const items = names.map((name) => ({
    text: titleOf(join(content, folder, name)),
    link: `/${folder}/${name.replace(/\.md$/, '')}`,
    name
  }))
  // A course is read in order; where to look for something is found by its name.
  return items.sort((one, other) => rankOf(one.name) - rankOf(other.name) || one.text.localeCompare(other.text, 'en', { numeric: true }))
}

const rankOf = (name: string): number => (/^\d/.test(name) ? 0 : 1)

/** What is beside the pages of the API, by their address: the entries of the package and, of the one that is looked at, what one calls. */
export function entries(content: string): DefaultTheme.SidebarMulti {
  const all = readdirSync(join(content, 'api'), { recursive: true }) as string[]
  const modules = all.flatMap((name) => (name.endsWith('/index.md') ? [name.replace('/index.md', '')] : [])).sort()
  const beside = (current: string | undefined): Items => [
    { text: 'API', link: '/api/', items: modules.map((text) => ({ text, link: `/api/${text}/` })) },
    ...(current === undefined ? [] : KINDS.flatMap(([folder, text]) => listOf(all, `${current}/${folder}/`, text)))
  ]
  return Object.fromEntries([['/api/', beside(undefined)], ...modules.map((module) => [`/api/${module}/`, beside(module)])])
}

/** Types are listed on the page of their entry: there are many, and what one calls leads to them. */
const KINDS: readonly (readonly [folder: string, name: string])[] = [
  ['functions', 'Functions'],
  ['classes', 'Classes'],
  ['variables', 'Constants']
]

function listOf(files: readonly string[], prefix: string, text: string): Items {
  const names = files.flatMap((file) => (file.startsWith(prefix) ? [file.slice(prefix.length).replace('.md', '')] : [])).sort()
  return names.length === 0 ? [] : [{ text, items: names.map((name) => ({ text: name, link: `/api/${prefix}${name}` })) }]
}
