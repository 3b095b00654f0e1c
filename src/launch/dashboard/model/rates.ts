import type { Picture } from './picture.js'

/** How much was sent in each interval between two pictures. */
export interface Rates {
  /** The ends of the intervals, in seconds since 1970. */
  readonly times: readonly number[]
  /** A second, in the interval that ends then. */
  readonly messages: readonly number[]
  readonly bytes: readonly number[]
  /** What each process had sent when it last said so. */
  readonly known: ReadonlyMap<number, { readonly answered: number; readonly messages: number; readonly bytes: number }>
}

export const NO_RATES: Rates = { times: [], messages: [], bytes: [], known: new Map() }

/** Four minutes. */
const MOST = 480

/**
 * With one more picture. What a rank has sent since it last answered is spread over that time: one that computes says nothing for a while,
 * and would else seem to have sent it all at once.
 */
export function addRates(rates: Rates, { time, ranks }: Pick<Picture, 'time' | 'ranks'>): Rates {
  const last = rates.times.at(-1)
  // An interval ends when ranks have answered, which is before the picture was drawn.
  const latest = ranks.reduce((most, { answered }) => Math.max(most, answered), 0) / 1000
  const now = latest > (last ?? 0) ? latest : time / 1000
  if (last !== undefined && now <= last) return rates
  const times = [...rates.times, now].slice(-MOST)
  const messages = [...rates.messages, 0].slice(-MOST)
  const bytes = [...rates.bytes, 0].slice(-MOST)
  const known = new Map(rates.known)
  for (const { process, answered, messages: sent, bytes: sentBytes } of ranks) {
    const before = known.get(process)
    known.set(process, { answered, messages: sent, bytes: sentBytes })
    if (before === undefined || answered === before.answered) continue
    // What there was before somebody looked is in no interval.
    if (before.answered === 0) continue
    spread(times, messages, before.answered / 1000, answered / 1000, sent - before.messages)
    spread(times, bytes, before.answered / 1000, answered / 1000, sentBytes - before.bytes)
  }
  return { times, messages, bytes, known }
}

/** Adds what was sent from then until now to the rates of the intervals in between. */
function spread(times: readonly number[], rates: number[], from: number, to: number, amount: number): void {
  if (amount <= 0 || to <= from) return
  const rate = amount / (to - from)
  for (let k = times.length - 1; k > 0 && times[k]! > from; k--) {
    const [begin, end] = [times[k - 1]!, times[k]!]
    rates[k] = rates[k]! + (rate * (Math.min(end, to) - Math.max(begin, from))) / (end - begin)
  }
}
