import { availableParallelism } from 'node:os'
import type { Setting } from '../../runtime/rank-protocol.js'
import { allocateHost } from '../../transport/shared/host-memory.js'
import { ThreadHost } from '../host/thread-host.js'
import type { Host, HostListener } from '../protocol/host.js'
import { terminalOf } from '../rank/terminal.js'
import type { JobOptions } from './job.js'

/** All ranks as threads of this process. */
export function placeThreads(options: JobOptions, listener: HostListener): Host[] {
  const { ranks, args, env } = options
  const crowded = ranks > availableParallelism()
  return [new ThreadHost({ memory: allocateHost(ranks), crowded, args, env, setting: settingOf(options) }, listener)]
}

/** What the ranks of a job see of the launcher's terminal. */
export function settingOf({
  ranks,
  prefix,
  stdout,
  stderr,
  wantsResults,
  inputIsTerminal
}: JobOptions): Omit<Setting, 'unwritten' | 'input'> {
  return {
    wantsResult: wantsResults,
    colors: (terminalOf(stderr)?.colorDepth ?? 1) > 2,
    terminals: prefix && ranks > 1 ? {} : { 1: terminalOf(stdout), 2: terminalOf(stderr) },
    inputIsTerminal
  }
}
