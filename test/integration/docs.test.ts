import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

interface Example {
  name: string
  program: string
  /** The lines that its comments promise, each with its rank. */
  output: string[]
}

/** The fenced programs behind `@example` in a source file's docstrings. */
function examplesOf(file: string): Example[] {
  const source = readFileSync(file, 'utf8')
  return [...source.matchAll(/@example\n\s*\* ```ts\n([\s\S]*?)\n\s*\* ```/g)].map(([, block]) => {
    const program = block!.replace(/^\s*\* ?/gm, '')
    const promised = [...program.matchAll(/\/\/ (\[\d+\] .*)$/gm)].flatMap(([, text]) => text!.split(/ (?=\[\d+\] )/))
    const line = source.slice(0, source.indexOf(block!)).split('\n').length
    return { name: `${file}:${line}`, program, output: promised }
  })
}

const examples = ['src', 'operators', 'pool', 'testing', 'client']
  .flatMap((room) => readdirSync(room, { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)))
  .filter((file) => file.endsWith('.ts'))
  .flatMap(examplesOf)

describe('the examples in docstrings print what they say, on two ranks', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rxmpi-docs-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('are there', () => {
    expect(examples.length).toBeGreaterThanOrEqual(10)
    for (const { name, output } of examples) expect({ name, lines: output.length }).not.toEqual({ name, lines: 0 })
  })

  it.each(examples)('$name', async ({ program, output }) => {
    const file = join(directory, 'example.ts')
    writeFileSync(file, program)
    const { stdout } = await run(process.execPath, ['bin/rxmpi.js', 'run', '-n', '2', '--timeout', '30', file])
    expect(stdout.trim().split('\n').sort()).toEqual([...output].sort())
  })
})
