import type { Log } from '../../diagnostics/flight-recorder.js'
import { told } from '../protocol/log-entry.js'

/** What a rank, or as it is called, has done last: a line each, from the oldest. Ranks are those of its world. */
export function logLines(rank: number | string, log: Log | undefined): string[] {
  if (log === undefined) return [`rank ${rank}: what it has done last went with its process`]
  const { count, entries } = log
  if (count === 0) return [`rank ${rank} has sent and received nothing`]
  const head = entries.length === count ? 'all that it has done' : `the last ${entries.length} of ${count}`
  return [`rank ${rank}, ${head}:`, ...entries.map((entry) => `  ${clock(entry.time)} ${told(entry, log)}`)]
}

const clock = (time: number): string => new Date(time).toISOString().slice(11, 23)
