import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

interface Program {
  name: string
  text: string
  /** What the page says that it prints. */
  output: string | undefined
}

/** The programs of a page: code blocks whose first line is their file's name, each with the block of text that may follow. */
function programsOf(page: string): Program[] {
  const blocks = readFileSync(page, 'utf8').matchAll(/```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)```(?:\n\n```text\n([\s\S]*?)```)?/g)
  return [...blocks].map(([, name, text, output]) => ({ name: name!, text: `// ${name}\n${text}`, output }))
}

const isTest = ({ text }: Program): boolean => text.includes("from 'node:test'")
const isRun = (program: Program): boolean => isTest(program) || program.output !== undefined

const pages = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name))
  .filter((page) => programsOf(page).some(isRun))

it('there are pages with programs', () => {
  expect(pages).toContain(join('docs', 'how-to', 'test-your-own-algorithm.md'))
})

describe.each(pages)('%s', (page) => {
  const directory = mkdtempSync(join(tmpdir(), 'rxmpi-page-'))
  const programs = programsOf(page)
  const launch = (name: string) =>
    run(process.execPath, [join(process.cwd(), 'bin/rxmpi.js'), 'run', '-n', '1', '--no-prefix', '--timeout', '60', name], {
      cwd: directory
    })

  beforeAll(() => {
    mkdirSync(directory, { recursive: true })
    for (const { name, text } of programs) writeFileSync(join(directory, basename(name)), text)
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  const tests = programs.filter(isTest)
  if (tests.length > 0) {
    it.each(tests)('$name passes', async ({ name }) => {
      const { stdout } = await launch(name)
      expect(stdout).toMatch(/^# pass [1-9]/m)
      expect(stdout).toMatch(/^# fail 0$/m)
    })
  }

  const printing = programs.filter(({ output }) => output !== undefined)
  if (printing.length > 0) {
    it.each(printing)('$name prints what the page says', async ({ name, output }) => {
      expect((await launch(name)).stdout.trimEnd()).toBe(output!.trimEnd())
    })
  }
})
