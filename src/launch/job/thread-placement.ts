import { availableParallelism } from 'node:os'
import { allocateHost } from '../../transport/shared/host-memory.js'
import { ThreadHost } from '../host/thread-host.js'
import type { Host, HostListener } from '../protocol/host.js'
import type { JobOptions } from './job.js'
import { rankSetting } from './rank-setting.js'

/** All ranks as threads of this process. */
export function placeThreads(options: JobOptions, listener: HostListener): Host[] {
  const { ranks, args, env } = options
  const crowded = ranks > availableParallelism()
  return [new ThreadHost({ memory: allocateHost(ranks), crowded, args, env, setting: rankSetting(options) }, listener)]
}
