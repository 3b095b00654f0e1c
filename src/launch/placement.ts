import { ArgumentError } from '../errors.js'
import type { FleetOptions } from './fleet.js'
import { fill, type HostSlots, isLocal, parseHosts, readHostfile } from './hosts.js'
import type { JobOptions } from './job.js'
import { RECONNECT_MS, START_MS } from './patience.js'
import { placeThreads } from './place.js'

export interface Placement {
  placement?: 'thread' | 'process' | undefined
  /** `a:4,b:4` */
  host?: string | undefined
  /** A file with a host a line. */
  hostfile?: string | undefined
  /** Encrypts the links between hosts. */
  tls?: boolean | undefined
  /** Lets links to other machines be in clear text. */
  insecure?: boolean | undefined
  /** Seconds that a link may be without a connection before its ranks have failed. */
  reconnect?: number | undefined
  /** The command that starts a process on another machine; `ssh` by default. */
  ssh?: string | undefined
}

/** How many ranks the hosts take, where there are any named. */
export const ranksOf = (where: Placement): number | undefined => hostsOf(where)?.reduce((sum, { slots }) => sum + slots, 0)

function hostsOf({ host, hostfile }: Placement): HostSlots[] | undefined {
  if (host !== undefined && hostfile !== undefined) throw new ArgumentError('host and hostfile were both given: expected one of them')
  if (host !== undefined) return parseHosts(host)
  return hostfile === undefined ? undefined : readHostfile(hostfile)
}

/** Where the ranks of a job are to run. */
export async function placement(options: Placement & { ranks: number }): Promise<JobOptions['place']> {
  const { ranks, placement: where = 'thread', tls = false, insecure = false, reconnect = RECONNECT_MS / 1000, ssh = 'ssh' } = options
  if (where !== 'thread' && where !== 'process') throw new ArgumentError(`placement was ${String(where)}: expected 'thread' or 'process'`)
  if (!(reconnect > 0)) throw new ArgumentError(`reconnect was ${String(reconnect)}: expected seconds, more than 0`)
  const named = hostsOf(options)
  if (named === undefined && where === 'thread') return placeThreads
  const hosts = fill(named ?? [{ name: 'localhost', slots: ranks }], ranks)
  const far = hosts.find(({ name }) => !isLocal(name))
  if (far !== undefined && !tls && !insecure) {
    throw new ArgumentError(
      `the host '${far.name}' is another machine, and what is sent to it could be read on the way: encrypt the links with --tls, or say --insecure`
    )
  }
  const fleet: FleetOptions = {
    hosts: where === 'process' ? hosts.flatMap(apart) : hosts,
    far: far !== undefined,
    tls,
    reconnectMs: reconnect * 1000,
    startMs: START_MS,
    ssh: ssh.split(/\s+/).filter(Boolean)
  }
  // Loaded only where there are several processes: a job of threads starts sooner without.
  const { Fleet } = await import('./fleet.js')
  return (job, listener) => new Fleet(job, fleet, listener).hosts
}

/** A process for each rank. */
function apart({ name, slots }: HostSlots): HostSlots[] {
  return Array.from({ length: slots }, () => ({ name, slots: 1 }))
}
