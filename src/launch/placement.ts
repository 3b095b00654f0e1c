import { ArgumentError } from '../errors.js'
import { Fleet, RECONNECT_MS, START_MS } from './fleet.js'
import { fill, type HostSlots, isLocal, parseHosts } from './hosts.js'
import type { JobOptions } from './job.js'
import { placeThreads } from './place.js'

export interface Placement {
  placement?: 'thread' | 'process' | undefined
  /** `a:4,b:4` */
  host?: string | undefined
}

/** How many ranks the hosts take. */
export const ranksOf = (host: string | undefined): number | undefined =>
  host === undefined ? undefined : parseHosts(host).reduce((sum, { slots }) => sum + slots, 0)

/** Where the ranks of a job are to run. */
export function placement({ ranks, placement: where = 'thread', host }: Placement & { ranks: number }): JobOptions['place'] {
  if (where !== 'thread' && where !== 'process') throw new ArgumentError(`placement was ${String(where)}: expected 'thread' or 'process'`)
  const hosts = host === undefined ? [{ name: 'localhost', slots: ranks }] : fill(parseHosts(host), ranks)
  const far = hosts.find(({ name }) => !isLocal(name))
  if (far !== undefined)
    throw new ArgumentError(`the host '${far.name}' is not this machine: this version starts processes on this machine only`)
  const processes = where === 'process' ? hosts.flatMap(apart) : hosts
  if (where === 'thread' && host === undefined) return placeThreads
  return (options, listener) => new Fleet(options, { hosts: processes, reconnectMs: RECONNECT_MS, startMs: START_MS }, listener).hosts
}

/** A process for each rank. */
function apart({ name, slots }: HostSlots): HostSlots[] {
  return Array.from({ length: slots }, () => ({ name, slots: 1 }))
}
