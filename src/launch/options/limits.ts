import { totalmem } from 'node:os'
import { ArgumentError } from '../../errors.js'

/** The longest time that Node's timers know, in seconds. */
export const MAX_TIMEOUT = Math.floor((2 ** 31 - 1) / 1000)
/** What a rank takes that does nothing. */
const RANK_BYTES = 8 * 2 ** 20

/** `here`: they all take this machine's memory. */
export function checkRanks(ranks: number | undefined, here = true): asserts ranks is number {
  if (ranks === undefined || !Number.isSafeInteger(ranks) || ranks < 1)
    throw new ArgumentError(`ranks was ${String(ranks)}: expected a whole number from 1 up`)
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
  if (here && ranks * RANK_BYTES > memory) {
    const [needed, there] = [ranks * RANK_BYTES, memory].map((bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`)
    throw new ArgumentError(`ranks was ${ranks}: they would need at least ${needed} of memory, and this machine has ${there}`)
  }
}

export function checkTimeout(timeout: number | undefined): void {
  if (timeout === undefined || (timeout > 0 && timeout <= MAX_TIMEOUT)) return
  throw new ArgumentError(`timeout was ${String(timeout)}: expected seconds, more than 0 and at most ${MAX_TIMEOUT}`)
}

export function checkStallNotice(seconds: number): void {
  if (seconds >= 0 && seconds <= MAX_TIMEOUT) return
  throw new ArgumentError(`stallNotice was ${String(seconds)}: expected seconds, at most ${MAX_TIMEOUT}, or 0 for never`)
}

export function checkSwitch(value: unknown, name: string): void {
  if (value === undefined || typeof value === 'boolean') return
  throw new ArgumentError(`${name} was ${String(value)}: expected true or false`)
}
