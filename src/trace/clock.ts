import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Clock } from './rows.js'

const TRIES = 50

/** What the machine's clock shows, in milliseconds. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6

/**
 * How this thread's `performance.now()` and the machine's clock go together. Both run alike, so each pair of readings bounds what is
 * between them; that of a thread is known to some ten nanoseconds. By `performance.timeOrigin`, which each thread has read from the clock
 * on the wall at its start, threads would differ by microseconds and more.
 */
export function clockHere(): Clock {
  let least = Number.NEGATIVE_INFINITY
  let most = Number.POSITIVE_INFINITY
  for (let k = 0; k < TRIES; k++) {
    const before = monotonic()
    const now = performance.now()
    const after = monotonic()
    least = Math.max(least, before - now)
    most = Math.min(most, after - now)
  }
  return { id: machine(), offset: (least + most) / 2, wall: Date.now() - monotonic() }
}

function machine(): string {
  try {
    // Containers of a machine have names of their own, and one clock.
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return hostname()
  }
}
