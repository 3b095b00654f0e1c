import type { OptionNames } from '../../diagnostics/option-names.js'
import { ArgumentError } from '../../errors.js'
import { commandModule } from '../../runtime/package.js'
import { ENGINES, type EngineName, type EngineOptions, engineCommand, isFar } from '../engines/engine-command.js'
import { fill, type HostSlots, isLocal, parseHosts, readHostfile } from '../options/hosts.js'
import { RECONNECT_MS, START_MS } from '../options/timeouts.js'
import type { JobOptions } from './job.js'
import type { ProcessManagerOptions } from './process-manager.js'
import { placeThreads } from './thread-placement.js'

/** Where ranks run, what starts them, and how the hosts are joined. */
export interface Placement {
  /** What a rank is on its host: 'thread' (the default) one of a process that they share, 'process' one of its own. */
  placement?: 'thread' | 'process' | undefined
  /** `a:4,b:4` */
  host?: string | undefined
  /** A file with a host a line. */
  hostfile?: string | undefined
  /** Ranks on each host that names no number. */
  ppn?: number | undefined
  /** Encrypts the links between hosts. */
  tls?: boolean | undefined
  /** Lets links to other machines be in clear text. */
  insecure?: boolean | undefined
  /** Seconds that a link may be without a connection before its ranks have failed. */
  reconnect?: number | undefined
  /** Seconds that the processes of a job may take to come; 60 by default. */
  startupTimeout?: number | undefined
  /** The command that starts a process on another machine; `ssh` by default. */
  ssh?: string | undefined
  /** What starts the processes: this one by default. */
  launcher?: 'auto' | 'local' | 'ssh' | EngineName | undefined
  /** Options of that launcher's own command. */
  launcherOptions?: string | undefined
}

export const PLACEMENT: OptionNames<Placement> = {
  placement: true,
  host: true,
  hostfile: true,
  ppn: true,
  tls: true,
  insecure: true,
  reconnect: true,
  startupTimeout: true,
  ssh: true,
  launcher: true,
  launcherOptions: true
}

/** How many ranks the hosts take, where there are any named. */
export const ranksOf = (where: Placement): number | undefined => hostsOf(where)?.reduce((sum, { slots }) => sum + slots, 0)

function hostsOf({ host, hostfile, ppn }: Placement): HostSlots[] | undefined {
  if (host !== undefined && hostfile !== undefined) throw new ArgumentError('host and hostfile were both given: expected one of them')
  if (host !== undefined) return parseHosts(host, ppn)
  return hostfile === undefined ? undefined : readHostfile(hostfile, ppn)
}

/** Where the ranks of a job are to run. `parts`: ranks of each of several programs, of which a host runs one. */
export async function placement(
  options: Placement & { ranks: number; program: string; args: readonly string[]; parts?: readonly number[] }
): Promise<JobOptions['place']> {
  const { placement: where = 'thread', tls = false, reconnect = RECONNECT_MS / 1000, startupTimeout = START_MS / 1000 } = options
  if (where !== 'thread' && where !== 'process') throw new ArgumentError(`placement was ${String(where)}: expected 'thread' or 'process'`)
  if (!(reconnect > 0)) throw new ArgumentError(`reconnect was ${String(reconnect)}: expected seconds, more than 0`)
  if (!(startupTimeout > 0)) throw new ArgumentError(`startupTimeout was ${String(startupTimeout)}: expected seconds, more than 0`)
  const timeouts = { reconnectMs: reconnect * 1000, startMs: startupTimeout * 1000 }
  const engine = engineOf(options)
  if (engine !== undefined) return placeByEngine(engine, options, { ...timeouts, tls, ssh: [] })
  const places = placesOf(options)
  if (places === undefined) return placeThreads
  const hosts = divided(places, options.parts)
  const far = hosts.find(({ name }) => !isLocal(name))
  if (far !== undefined) checkSecrecy(`the host '${far.name}' is another machine`, options)
  const processes: ProcessManagerOptions = { hosts, far: far !== undefined, tls, ...timeouts, ssh: words(options.ssh ?? 'ssh') }
  // Loaded only where there are several processes: a job of threads starts sooner without.
  const { ProcessManager } = await import('./process-manager.js')
  return (job, listener) => new ProcessManager(job, processes, listener).hosts
}

/** The processes that are started from here; undefined where the ranks are threads of this one. */
export function placesOf(options: Placement & { ranks: number }): HostSlots[] | undefined {
  const { ranks, placement: where = 'thread', launcher } = options
  const named = hostsOf(options)
  if (launcher === 'ssh' && named === undefined)
    throw new ArgumentError('the launcher ssh needs to know where: name hosts with --host or --hostfile')
  if (launcher === 'local' && named?.some(({ name }) => !isLocal(name)))
    throw new ArgumentError('the launcher local starts processes on this machine only, and hosts name others: leave it out, or take ssh')
  if (named === undefined && where === 'thread') return undefined
  const hosts = fill(named ?? [{ name: 'localhost', slots: ranks }], ranks)
  return where === 'process' ? hosts.flatMap(apart) : hosts
}

/** The engine's own command for a job, that starts one process for each rank. */
export function commandOf(engine: EngineName, options: Placement & { ranks: number; program: string; args: readonly string[] }): string[] {
  const { ranks, program, args, ppn, ssh, tls, insecure, launcherOptions = '' } = options
  const named = hostsOf(options)
  const flags = [tls ? '--tls' : insecure ? '--insecure' : undefined].filter((flag) => flag !== undefined)
  const engineOptions: EngineOptions = {
    ranks,
    hosts: named && fill(named, ranks),
    ppn,
    ssh: ssh === undefined ? undefined : words(ssh),
    more: words(launcherOptions),
    command: [process.execPath, ...process.execArgv, commandModule, 'run', ...flags, program, ...args],
    env: process.env
  }
  if (isFar(engine, engineOptions)) checkSecrecy(`${engine} may start ranks on other machines`, options)
  return engineCommand(engine, engineOptions)
}

async function placeByEngine(
  engine: EngineName,
  options: Parameters<typeof commandOf>[1],
  common: Pick<ProcessManagerOptions, 'tls' | 'ssh' | 'reconnectMs' | 'startMs'>
): Promise<JobOptions['place']> {
  const { ranks } = options
  const command = commandOf(engine, options)
  const far = isFar(engine, { hosts: hostsOf(options), env: process.env })
  const [{ Engine }, { ProcessManager }] = await Promise.all([import('../engines/engine.js'), import('./process-manager.js')])
  const process_ = new Engine(engine, command)
  const processes: ProcessManagerOptions = {
    ...common,
    hosts: Array.from({ length: ranks }, (_, rank) => ({ name: `the process of rank ${rank}`, slots: 1 })),
    far,
    sharesFiles: !far,
    announce: async (card, ended) => process_.start(card, ended),
    end: () => process_.end()
  }
  return (job, listener) => new ProcessManager(job, processes, listener).hosts
}

export const engineOf = ({ launcher }: Placement): EngineName | undefined => ENGINES.find((name) => name === launcher)

function checkSecrecy(what: string, { tls, insecure }: Placement): void {
  if (tls || insecure) return
  throw new ArgumentError(`${what}, and what is sent to it could be read on the way: encrypt the links with --tls, or say --insecure`)
}

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean)

/** The same places with a host for each part of one that several programs would share. */
function divided(places: readonly HostSlots[], parts: readonly number[] = []): readonly HostSlots[] {
  if (parts.length < 2) return places
  const left = [...parts]
  return places.flatMap(({ name, slots }) => {
    const hosts: HostSlots[] = []
    for (let room = slots; room > 0; ) {
      const taken = Math.min(room, left[0]!)
      hosts.push({ name, slots: taken })
      room -= taken
      left[0]! -= taken
      if (left[0] === 0) left.shift()
    }
    return hosts
  })
}

/** A process for each rank. */
function apart({ name, slots }: HostSlots): HostSlots[] {
  return Array.from({ length: slots }, () => ({ name, slots: 1 }))
}
