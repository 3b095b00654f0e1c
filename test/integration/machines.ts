import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { command, type Run, root } from './command.js'

/** Several machines on one, as network namespaces: rxh0 … rxh3, each with an address of its own. `test/hosts/hosts.sh` makes them. */

const script = join(root, 'test/hosts/hosts.sh')
export const directory = join('/tmp', `rxhosts-${process.pid}`)
export const ssh = join(directory, 'ssh')

/** Why there can be none here, or undefined. `programs` are needed as well. */
export function missing(...programs: string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'no root'
  const absent = ['ip', 'nsenter', ...programs].filter((name) => !find(name))
  if (absent.length > 0) return `no ${absent.join(', no ')}: see test/hosts/install.sh`
  return find('ip') && existsSync('/run/netns/rxsw') ? 'somebody else uses the namespaces: test/hosts/hosts.sh down' : undefined
}

export const find = (name: string): boolean =>
  ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin'].some((place) => existsSync(join(place, name)))

/** Has the script do something. */
export const hosts = (...args: string[]): string =>
  execFileSync('bash', [script, ...args], {
    encoding: 'utf8',
    env: { ...process.env, RXHOSTS: directory },
    stdio: ['ignore', 'pipe', 'inherit']
  })

/** Runs a command on the machine `number` to its end. */
export function on(
  number: number,
  args: string[],
  env: Record<string, string> = {},
  heard: (text: string) => void = () => undefined
): Promise<Run> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, RXHOSTS: directory, ...env }, timeout: 80_000, maxBuffer: 2 ** 24, cwd: root }
    const child = execFile('bash', [script, 'exec', String(number), ...args], options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : typeof error.code === 'number' ? error.code : null, stdout, stderr })
    })
    child.stdin?.end()
    child.stdout?.on('data', heard)
  })
}

/** Runs `rxmpi` on the first machine. */
export const rxmpiOn = (args: string[], heard?: (text: string) => void): Promise<Run> =>
  on(0, [process.execPath, command, ...args], {}, heard)
