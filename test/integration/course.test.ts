import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rxmpi } from './command.js'
import { isRun, pages } from './pages.js'

/** What the course promises: all of it runs, its pictures are fresh, its words are explained. */

const course = pages.filter(({ page }) => page.startsWith(join('docs', 'course')))
const textOf = (page: string): string => readFileSync(page, 'utf8')
const glossary = join('docs', 'course', 'glossary.md')

describe('the course', () => {
  it('has every program run by a command, and every command run by a test', () => {
    const started = new Set<string>()
    const other: string[] = []
    for (const page of course) {
      for (const command of page.commands) {
        if (isRun(page, command)) for (const word of command.line.split(' ')) started.add(`${page.folder}/${word}`)
        else other.push(command.line)
      }
    }
    // What is imported by a program that is started, and what mpi4py runs.
    const imported = /from '\.\/(.*)'/g
    for (const { folder, programs } of course)
      for (const { text } of programs) for (const [, name] of text.matchAll(imported)) started.add(`${folder}/${name}`)
    const idle = course
      .flatMap(({ folder, programs }) => programs.map(({ name }) => `${folder}/${name}`))
      .filter((name) => !started.has(name))
    expect(idle.filter((name) => !name.endsWith('.py'))).toEqual([])
    // These need the registry.
    expect(other).toEqual(['mkdir course && cd course', 'npm init -y && npm pkg set type=module && npm install rxmpi rxjs'])
  })

  it('names every program', () => {
    const unnamed = course.flatMap(({ page }) =>
      [...textOf(page).matchAll(/^```(?:ts|py)\n(?!(?:\/\/|#) \S+\.(?:ts|py)\n)(.*)/gm)].map(([, first]) => `${page}: ${first}`)
    )
    expect(unnamed).toEqual([])
  })

  it('shows every picture, with what it says in words', () => {
    const shown = course.flatMap(({ page }) => [...textOf(page).matchAll(/!\[([^\]]*)\]\(figures\/(\S+)\.svg\)/g)])
    const words = new Map(shown.map(([, alt, name]) => [name!, alt!]))
    const figures = readdirSync(join('docs', 'course', 'figures'))
    expect([...words.keys()].sort()).toEqual(figures.map((name) => name.replace('.svg', '')).sort())
    for (const [name, alt] of words) {
      const title = /<title>(.*?)<\/title>/.exec(textOf(join('docs', 'course', 'figures', `${name}.svg`)))![1]!
      expect({ name, alt }).toEqual({ name, alt: title.replaceAll('&quot;', '"').replaceAll('&amp;', '&') })
    }
  })

  it('has pictures that are as they would be drawn now', async () => {
    const { status, stdout, stderr } = await rxmpi(['run', '-n', '1', '--no-prefix', 'scripts/figures/main.ts', '--check'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^\d+ figures, all fresh$/m)
  })

  it('explains each word once, in alphabetical order, and leads to it', () => {
    const words = [...textOf(glossary).matchAll(/^## (.*)$/gm)].map(([, word]) => word!)
    expect(words).toEqual([...new Set(words)].sort((a, b) => a.toLowerCase().localeCompare(b.toLowerCase())))
    const lessons = course.filter(({ page }) => page !== glossary).map(({ page }) => textOf(page))
    const led = new Set(lessons.flatMap((text) => [...text.matchAll(/glossary\.md#([\w-]+)/g)].map(([, word]) => word!)))
    expect(words.map((word) => word.toLowerCase().replaceAll(' ', '-')).filter((word) => !led.has(word))).toEqual([])
  })
})
