import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** What pages say of programs: their text, the commands that run them, and what these print. */

export interface Program {
  name: string
  text: string
}

export interface Command {
  /** As it stands behind the `$`. */
  line: string
  /** What the page says that it prints. */
  output: string[]
  /** What the page says that it ends with: `$ echo $?` and a number. */
  status: number | undefined
}

export interface Page {
  /** Its path. */
  page: string
  /** Where its programs are put. */
  folder: string
  programs: Program[]
  commands: Command[]
}

const LANGUAGES = 'ts|py|text|console|python'
const NAMED = /^(?:\/\/|#) (\S+\.(?:ts|py))\n/
const HIDDEN = '--no-prefix'

/** Of a page: blocks whose first line is their file's name are programs, those of consoles are commands with their output. */
export function read(page: string): Page {
  const blocks = [...readFileSync(page, 'utf8').matchAll(new RegExp(`^\`\`\`(${LANGUAGES})\n([\\s\\S]*?)^\`\`\`$`, 'gm'))]
  const programs: Program[] = []
  const commands: Command[] = []
  let end = -1
  let last: string | undefined
  for (const { 0: block, 1: language, 2: text, index } of blocks) {
    const name = NAMED.exec(text!)?.[1]
    if (language === 'console') commands.push(...commandsOf(text!))
    // What stands right behind a program is what one rank prints.
    if (language === 'text' && last !== undefined && index === end + 2) {
      commands.push({ line: `npx rxmpi run -n 1 ${HIDDEN} ${last}`, output: linesOf(text!), status: 0 })
    }
    if (name !== undefined) programs.push({ name: basename(name), text: text! })
    last = language === 'ts' ? name : undefined
    end = index + block.length
  }
  for (const { name, text } of programs) {
    if (text.includes("from 'node:test'") && !commands.some(({ line }) => line.endsWith(` ${name}`))) {
      commands.push({ line: `npx rxmpi run -n 1 ${HIDDEN} ${name}`, output: [], status: 0 })
    }
  }
  return {
    page,
    folder: page
      .replace(/^docs\//, '')
      .replace(/\.md$/, '')
      .replaceAll('/', '-'),
    programs,
    commands
  }
}

function commandsOf(console: string): Command[] {
  const commands: Command[] = []
  for (const part of console.split(/^\$ /m).slice(1)) {
    const [line, ...output] = part.trimEnd().split('\n')
    if (line === 'echo $?') commands.at(-1)!.status = Number(output[0])
    else commands.push({ line: line!.replace(/ +# .*/, ''), output: output.filter(Boolean), status: undefined })
  }
  return commands
}

const linesOf = (text: string): string[] => text.split('\n').filter(Boolean)

export const pages: readonly Page[] = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .sort()
  .map((name) => read(join('docs', name)))

/** Whether it runs what stands on its page, or looks at what such a command has written. */
export const isRun = ({ programs, commands }: Page, { line }: Command): boolean => {
  if (!line.startsWith('npx rxmpi ')) return false
  const words = line.split(' ')
  const written = commands.flatMap((command) => WRITES.exec(command.line)?.[1] ?? [])
  return programs.some(({ name }) => words.includes(name)) || written.some((name) => words.slice(3).includes(name))
}

const WRITES = / --(?:trace|test) (\S+)/

export const isTest = ({ programs, commands }: Page, { line }: Command): boolean =>
  programs.some(({ name, text }) => line.endsWith(` ${name}`) && text.includes("from 'node:test'")) ||
  commands.some((command) => command.line !== line && line.endsWith(` ${/ --test (\S+)/.exec(command.line)?.[1]}`))

const FAILS = /^(\[\d+\] )?\w*Error: /

/** The number of ranks of a command that may share a job with others: it has no options, and all ends well. */
export function sharedRanks(page: Page, command: Command): number | undefined {
  const ranks = /^npx rxmpi run -n (\d+) \S+\.ts$/.exec(command.line)?.[1]
  const fails = command.output.some((line) => FAILS.test(line))
  return ranks === undefined || fails || command.status !== undefined || isTest(page, command) ? undefined : Number(ranks)
}

/**
 * What was printed beside what the page says, both sorted, since ranks write in any order. A line that the page gives in part, with an
 * ellipsis, stands for the one that was printed; stacks may be left out; and which rank tells an error that several have is chance.
 */
export function compared(output: string, promised: readonly string[]): { printed: string[]; promised: string[] } {
  const any = (line: string): string => line.replace(/^\[\d+\] /, '').replace(/\(rank \d+ of .*\)$/, '(rank …)')
  const same = promised.some((line) => ALL_HAVE.test(line)) ? any : (line: string) => line
  const expected = promised.map(same)
  const patterns = expected
    .filter((line) => line.includes('…'))
    .map((line) => ({ line, pattern: new RegExp(`^${line.split('…').map(literally).join('.*')}$`) }))
  const printed = output
    .split('\n')
    .filter(Boolean)
    .map(same)
    .map((line) => patterns.find(({ pattern }) => pattern.test(line))?.line ?? line)
    .filter((line) => !STACK.test(line) || expected.includes(line))
  return { printed: printed.sort(), promised: expected.sort() }
}

const ALL_HAVE = /^(\[\d+\] )?(Deadlock|CollectiveMismatch|RaggedStream)Error: /
const STACK = /^(\[\d+\] )?\s+at \S/
const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

export function grouped<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value])
  return groups
}
