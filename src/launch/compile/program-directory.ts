import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { lstat, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A directory for what is made of a program, that only this user can read. Its name says whose it is: on which machine, and which
 * process.
 */
export class ProgramDirectory {
  readonly path: string

  constructor(parent = tmpdir()) {
    this.path = mkdtempSync(join(parent, `rxmpi-${machine()}-${process.pid}-${startOf(process.pid) ?? 0}-`))
    if (left.size === 0) process.on('exit', removeLeft)
    left.add(this)
  }

  readonly remove = (): void => {
    left.delete(this)
    if (left.size === 0) process.off('exit', removeLeft)
    rmSync(this.path, { recursive: true, force: true })
  }
}

const left = new Set<ProgramDirectory>()

function removeLeft(): void {
  for (const { remove } of left) remove()
}

const NAME = /^rxmpi-([\da-f]{8})-(\d+)-(\d+)-\w{6}$/

/** Removes what processes of this user have left that were killed. Resolves to what it has removed. */
export async function sweepDead(parent = tmpdir()): Promise<string[]> {
  const here = machine()
  const gone: string[] = []
  for (const name of await readdir(parent).catch(() => [])) {
    const [, where, pid, start] = NAME.exec(name) ?? []
    if (where !== here || isAlive(Number(pid), start!)) continue
    const path = join(parent, name)
    // A link is no directory, and what is behind it nobody's of ours.
    const stats = await lstat(path).catch(() => undefined)
    if (!stats?.isDirectory() || stats.uid !== process.getuid?.()) continue
    await rm(path, { recursive: true, force: true }).catch(() => undefined)
    gone.push(path)
  }
  return gone
}

/** Several machines, and several containers, may share a temporary directory: a number is that of a process in one of them only. */
function machine(): string {
  // FNV-1a: the first use of a cryptographic one takes longer than all else here.
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(`${hostname()} ${namespace()}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash.toString(16).padStart(8, '0')
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** Another process may have come by its number since. */
function isAlive(pid: number, start: string): boolean {
  const now = startOf(pid)
  if (now !== undefined) return now === start
  // Where there is no /proc nobody knows the start.
  if (start !== '0') return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** When a process has started, in ticks since the machine has; undefined where it is no more, or that cannot be known. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Its name is in parentheses, and may contain any.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
