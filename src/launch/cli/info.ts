import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, freemem, totalmem } from 'node:os'
import { LAUNCHERS } from '../../runtime/launch-env.js'
import { packageVersion } from '../../runtime/package.js'
import { libraryHere } from '../../transport/websocket/serve.js'
import { detectLauncher } from '../external/detect-launcher.js'

const require = createRequire(import.meta.url)

export interface Info {
  versions: { rxmpi: string; node: string; rxjs: string | undefined }
  transports: Record<string, string>
  /** What serves links between hosts here, and why it is not uWebSockets.js. */
  sockets: string
  launcher: { seen: string; why: string }
  machine: { cores: number; model: string; memoryGiB: number; freeGiB: number; platform: string }
}

export function info(): Info {
  return {
    versions: { rxmpi: packageVersion(), node: process.versions.node, rxjs: versionOf('rxjs') },
    transports: {
      memory: 'in one thread, on a virtual clock: simulate()',
      shared: 'rings in shared memory between the threads of a process, and with koffi between processes of a machine',
      websocket: 'links between processes and machines: --host, --hostfile, --placement process, and within other launchers'
    },
    sockets: sockets(),
    launcher: launcher(),
    machine: {
      cores: availableParallelism(),
      model: cpus()[0]?.model ?? 'unknown',
      memoryGiB: gibibytes(totalmem()),
      freeGiB: gibibytes(freemem()),
      platform: `${process.platform} ${process.arch}`
    }
  }
}

export function printable({ versions, transports, sockets, launcher: { seen, why }, machine }: Info): string {
  const rows = [
    ...Object.entries(versions).map(([name, version]) => [name, version ?? 'not installed']),
    ['sockets', sockets],
    ...Object.entries(transports).map(([name, text]) => [`transport ${name}`, text]),
    ['launcher', `${seen}: ${why}`],
    ['cores', `${machine.cores} (${machine.model}, ${machine.platform})`],
    ['memory', `${machine.memoryGiB} GiB, ${machine.freeGiB} GiB free`]
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('')
}

function launcher(): Info['launcher'] {
  try {
    const seen = detectLauncher(process.env)
    if (seen === undefined) return { seen: 'none', why: `none of ${LAUNCHERS.map(({ rank }) => rank).join(', ')} is set` }
    const where = seen.together ? 'all on this machine' : 'on several machines'
    return { seen: seen.launcher, why: `${seen.why}: rank ${seen.rank} of ${seen.size}, ${where}` }
  } catch (error) {
    return { seen: 'not understood', why: (error as Error).message }
  }
}

function sockets(): string {
  const { why } = libraryHere()
  return why === undefined ? `uWebSockets.js ${versionOf('uWebSockets.js')}` : `Node's own: ${why}`
}

function versionOf(name: string): string | undefined {
  try {
    return JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')).version
  } catch {
    return undefined
  }
}

function gibibytes(bytes: number): number {
  return Math.round((bytes / 2 ** 30) * 10) / 10
}
