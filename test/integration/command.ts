import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'

export const root = join(__dirname, '../..')
export const command = join(root, 'bin/rxmpi.js')

export interface Run {
  status: number | null
  stdout: string
  stderr: string
}

interface Surroundings {
  cwd?: string
  env?: Record<string, string>
  input?: string
}

export type Running = ChildProcessByStdio<Writable, Readable, Readable>

/** Starts `rxmpi`, as a user would. */
export function start(args: string[], { cwd, env }: Surroundings = {}): Running {
  const child = spawn(process.execPath, [command, ...args], {
    cwd,
    env: { ...process.env, ...surroundingsOf(args), ...env },
    stdio: ['pipe', 'pipe', 'pipe']
  })
  children.push(child)
  return child
}

/** Hosts stand for several machines, which share no memory though here they are one. */
const surroundingsOf = (args: string[]): Record<string, string> => (args.includes('--host') ? { RXMPI_SHARED_MEMORY: '0' } : {})

/** Runs `rxmpi` to its end. */
export function rxmpi(args: string[], surroundings: Surroundings = {}): Promise<Run> {
  const child = start(args, surroundings)
  child.stdin.on('error', () => {})
  child.stdin.end(surroundings.input ?? '')
  return ended(child)
}

export async function ended(child: Running): Promise<Run> {
  const status = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { status: await status, stdout, stderr }
}

/** Writes files to a directory of their own, outside any project, and gives its path; all such directories go when the tests are done. */
export function project(files: Record<string, string>): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'rxmpi-test-')))
  directories.push(directory)
  for (const [name, content] of Object.entries(files)) {
    const file = join(directory, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  return directory
}

/** Writes a program and gives its path. */
export function program(source: string, name = 'program.ts'): string {
  return join(project({ [name]: source }), name)
}

const directories: string[] = []
const children: Running[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

export function isRunning(pid: number): boolean {
  try {
    return !/ Z/.test(execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).padStart(3))
  } catch {
    return false
  }
}

/** Which of these processes are left when they have had as much time to end as a test has. */
export async function leftOf(pids: number[]): Promise<number[]> {
  const end = performance.now() + 50_000
  while (pids.some(isRunning) && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
  return pids.filter(isRunning)
}

/** The lines of an output whose ranks write in any order, sorted. */
export function lines(output: string): string[] {
  return output.split('\n').filter(Boolean).sort()
}
