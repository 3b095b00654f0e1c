import { availableParallelism } from 'node:os'
import { ArgumentError } from '../../errors.js'
import type { Refusal, SpawnOrder } from '../../progress/job-services.js'
import type { WorldNumber } from '../../runtime/rank-protocol.js'
import { allocateHost } from '../../transport/shared/host-memory.js'
import type { Certificate } from '../../transport/websocket/connection.js'
import { ThreadHost } from '../host/thread-host.js'
import { changed } from '../options/environment.js'
import { programPath } from '../options/program.js'
import { RECONNECT_MS, START_MS } from '../options/timeouts.js'
import type { Host, HostListener } from '../protocol/host.js'
import { addressesHere } from './addresses.js'
import type { JobOptions } from './job.js'
import type { LinkSetting } from './joins.js'
import { rankSetting } from './rank-setting.js'
import type { Placed } from './world.js'

/** The programs of a world that is asked for, or why there are none. */
export function programsOf({ parts }: SpawnOrder): Refusal | undefined {
  for (const { program } of parts) {
    try {
      programPath(program)
    } catch (error) {
      return { name: 'SpawnError', message: (error as Error).message, context: { program } }
    }
  }
  return undefined
}

export const ranksOf = ({ parts }: SpawnOrder): number => parts.reduce((sum, { ranks }) => sum + ranks, 0)

/** What joins the processes of several worlds. */
export function linksOf({ where }: JobOptions): LinkSetting {
  const { reconnect = RECONNECT_MS / 1000, startupTimeout = START_MS / 1000 } = where ?? {}
  return { reconnectMs: reconnect * 1000, startMs: startupTimeout * 1000, certificate: undefined, addresses: addressesHere }
}

export async function secure(links: LinkSetting): Promise<void> {
  links.certificate = await certificateOf(links)
}

/** The one of this job, or one made for the purpose. */
export async function certificateOf({ certificate }: LinkSetting): Promise<Certificate> {
  const { makeCertificate } = await import('../../transport/websocket/certificate.js')
  return certificate ?? makeCertificate()
}

type Place = (world: WorldNumber) => (listener: HostListener) => Placed[]

/** Where the ranks of a new world run: as threads of the root's host, unless something else is asked for. */
export async function placeSpawn(job: JobOptions, order: SpawnOrder, root: Host, threads: number): Promise<Place> {
  const { hosts, placement = 'thread' } = order.where
  if (hosts === undefined && placement === 'thread' && root.site === undefined) {
    return (world) => spawnThreads(job, order, world, threads)
  }
  return placeProcesses(job, order, root)
}

/** In processes of their own: where the root is in one, a new one beside it has the threads. */
async function placeProcesses(job: JobOptions, order: SpawnOrder, root: Host): Promise<Place> {
  const { parts, where } = order
  const { host: _, hostfile, ppn, launcher, launcherOptions, ...given } = job.where ?? {}
  const ranks = ranksOf(order)
  const machine = root.site === undefined ? 'localhost' : root.machine
  if (where.hosts === undefined && machine === undefined) {
    throw new ArgumentError(
      'another launcher has started the host of the root, and starts no more there: say on which hosts the new ranks run'
    )
  }
  const { placement } = await import('./placement.js')
  const { program, args } = parts[0]!
  const place = await placement({
    ...given,
    host: where.hosts ?? `${machine}:${ranks}`,
    placement: where.placement ?? 'thread',
    ranks,
    parts: parts.map((part) => part.ranks),
    program,
    args
  })
  const partAt = (rank: number): number => {
    let left = rank
    return parts.findIndex((part) => {
      left -= part.ranks
      return left < 0
    })
  }
  const partOf = (rank: number) => {
    const part = parts[partAt(rank)]!
    return { args: part.args, env: changed(job.env, part.env), envChanges: { ...job.envChanges, ...part.env } }
  }
  return (world) => (listener) =>
    place({ ...job, ranks, wantsResults: false, inputIsTerminal: false, world, partOf }, listener).map((host) => ({
      host,
      part: partAt(host.ranks[0]!)
    }))
}

/** The ranks of a new world as threads of this process. */
function spawnThreads(job: JobOptions, order: SpawnOrder, world: WorldNumber, threads: number): (listener: HostListener) => Placed[] {
  const { parts } = order
  const memory = allocateHost(ranksOf(order))
  const setting = { ...rankSetting({ ...job, ranks: 2, wantsResults: false }), inputIsTerminal: false }
  let first = 0
  const starts = parts.map(({ ranks, args, env }, part) => {
    const own = Array.from({ length: ranks }, (_, k) => first + k)
    first += ranks
    const options = { memory, crowded: threads > availableParallelism(), ranks: own, args, env: changed(job.env, env), setting, world }
    return (listener: HostListener): Placed => ({ host: new ThreadHost(options, listener), part })
  })
  return (listener) => starts.map((start) => start(listener))
}
