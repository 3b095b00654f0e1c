/** Runs a command to its end and takes from it what a case measures. */

import { spawn } from 'node:child_process'
import type { Figure } from './plan.js'

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
}

export interface Outcome {
  /** What the program itself measured and printed. */
  figures: Figure[]
  /** Seconds from the start of the command to its end. */
  wall: number
  /** Seconds of processor time, user and system, of the command and all of its children; only when asked for. */
  cpu: number
}

const LONGEST = 600_000
/** What a command gets to end by itself after SIGTERM. */
const GRACE = 5_000

/** The shell's `times` knows what children took, which Node does not say; the command's own time then includes the shell's start. */
const underTimes = ({ file, args, env }: Command): Command => ({
  env,
  file: 'sh',
  args: ['-c', '"$@"; status=$?; times >&2; exit $status', 'sh', file, ...args]
})

/** `told`: hears what its process writes on standard error, as it comes. */
export async function run(command: Command, countCpu = false, told?: (text: string, process: number) => void): Promise<Outcome> {
  const { file, args, env } = countCpu ? underTimes(command) : command
  const start = performance.now()
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const endings = [setTimeout(() => child.kill('SIGTERM'), LONGEST), setTimeout(() => child.kill('SIGKILL'), LONGEST + GRACE)]
  let output = ''
  let complaints = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text
    told?.(text, child.pid!)
  })
  const status = await new Promise<number | string | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(signal ?? code))
  }).finally(() => endings.forEach(clearTimeout))
  const wall = (performance.now() - start) / 1000
  if (status !== 0) throw new Error(`ended with ${status}: ${complaints.trim().split('\n').slice(-6).join('\n')}`)
  return { figures: figuresIn(output), wall, cpu: countCpu ? childrensTime(complaints) : Number.NaN }
}

/** A program may print other lines too. */
const figuresIn = (output: string): Figure[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))

/** The last line of `times`: `0m1.25s 0m0.5s`. */
function childrensTime(complaints: string): number {
  const last = complaints.trimEnd().split('\n').at(-1) ?? ''
  return [...last.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0)
}
