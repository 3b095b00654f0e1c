import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { project, rxmpi } from './command.js'
import { jobOf, outputsOf } from './one-job.js'

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

const examples = ['src', 'operators', 'pool', 'testing', 'client', 'collective']
  .flatMap((room) => readdirSync(room, { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)))
  .filter((file) => file.endsWith('.ts'))
  .flatMap(examplesOf)

/** Whether it prints a name that counts the calls before, or starts its own program again: it has a job of its own. */
const isApart = ({ program, output }: Example): boolean =>
  output.some((line) => line.includes('world.')) || program.includes('process.argv[1]')

const linesOfRanks = ({ output }: Example): number[] => [0, 1].map((rank) => output.filter((line) => line.startsWith(`[${rank}]`)).length)

describe('the examples in docstrings print what they say, on two ranks', () => {
  const files = new Map(examples.map((example, index) => [example, `example-${index}.ts`]))
  const shared = examples.filter((example) => !isApart(example))
  const directory = project({
    ...Object.fromEntries(examples.map((example) => [files.get(example), example.program])),
    'job.ts': jobOf(shared.map((example) => ({ file: files.get(example)!, lines: linesOfRanks(example) })))
  })
  let together: Promise<Map<string, string[]>> | undefined

  async function linesOf(example: Example): Promise<string[]> {
    const file = files.get(example)!
    if (isApart(example))
      return (await rxmpi(['run', '-n', '2', '--timeout', '100', '--strict', file], { cwd: directory })).stdout.trim().split('\n')
    together ??= outputsOf('job.ts', 2, directory)
    return (await together).get(file)!
  }

  it('are there', () => {
    expect(examples.length).toBeGreaterThanOrEqual(10)
    for (const { name, output } of examples) expect({ name, lines: output.length }).not.toEqual({ name, lines: 0 })
  })

  it.each(examples.map((example) => [example.name, example] as const))('%s', async (_, example) => {
    expect((await linesOf(example)).sort()).toEqual([...example.output].sort())
  })
})
