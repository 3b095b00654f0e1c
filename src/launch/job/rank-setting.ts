import type { Setting, Terminal } from '../../runtime/rank-protocol.js'
import type { JobOptions } from './job.js'

/** What the ranks of a job see of the launcher's terminal. */
export function rankSetting({
  trace,
  ranks,
  prefix,
  stdout,
  stderr,
  wantsResults,
  leftovers,
  check,
  profiles = [],
  inspection,
  inputIsTerminal
}: JobOptions): Omit<Setting, 'unwritten' | 'input'> {
  return {
    wantsResult: wantsResults,
    leftovers,
    check,
    trace: trace && { since: trace.since },
    profiles,
    inspection,
    colors: (terminalOf(stderr)?.colorDepth ?? 1) > 2,
    terminals: prefix && ranks > 1 ? {} : { 1: terminalOf(stdout), 2: terminalOf(stderr) },
    inputIsTerminal
  }
}

/** What a stream of the launcher is connected to, if that is a terminal. */
function terminalOf(stream: unknown): Terminal | undefined {
  const { isTTY, columns = 80, rows = 24, getColorDepth } = stream as Partial<NodeJS.WriteStream>
  return isTTY ? { columns, rows, colorDepth: getColorDepth?.call(stream) ?? 1 } : undefined
}
