import type { CallSite } from '../diagnostics/call-site.js'
import type { Counters } from '../service/counters.js'
import type { Done } from '../service/done.js'

/** Which bytes are whose: a record belongs to whom its first byte does. */

export type Range = readonly [from: number, to: number]

/** A rank's parts, one after the other. */
export interface Parts {
  /** `undefined` when there is no other. */
  next(done: Done<Range | undefined>): void
  /** Those that nobody has taken and that this rank answers for. */
  left(): Range[]
}

export const totalOf = (ranges: readonly Range[]): number => ranges.reduce((sum, [from, to]) => sum + to - from, 0)

/** What of the ranges lies in the file, in order, without what is empty. */
export function rangesWithin(ranges: readonly Range[], from: number, to: number): Range[] {
  return ranges
    .map(([a, b]): Range => [Math.max(a, from), Math.min(b, to)])
    .filter(([a, b]) => a < b)
    .sort((a, b) => a[0] - b[0])
}

/** The bytes from one to another of all ranges laid one behind the other. */
export function cutOut(ranges: readonly Range[], from: number, to: number): Range[] {
  const cut: Range[] = []
  let before = 0
  for (const [a, b] of ranges) {
    const first = Math.max(a, a + from - before)
    const last = Math.min(b, a + to - before)
    if (first < last) cut.push([first, last])
    before += b - a
  }
  return cut
}

/** A rank's of equal shares; the first are a byte longer where it does not come out even. */
export function shareOf(ranges: readonly Range[], rank: number, size: number): Range[] {
  const total = totalOf(ranges)
  const each = Math.floor(total / size)
  const begin = (k: number): number => k * each + Math.min(k, total % size)
  return cutOut(ranges, begin(rank), begin(rank + 1))
}

export function listedParts(ranges: readonly Range[]): Parts {
  let taken = 0
  return { next: (done) => done(null, ranges[taken++]), left: () => ranges.slice(taken) }
}

/** Chunks in turn: this rank's are every `size`-th. */
export function cyclicParts(ranges: readonly Range[], chunk: number, rank: number, size: number): Parts {
  const chunks = Math.ceil(totalOf(ranges) / chunk)
  let at = rank
  let parts: Range[] = []
  return {
    next(done) {
      for (; parts.length === 0 && at < chunks; at += size) parts = cutOut(ranges, at * chunk, (at + 1) * chunk)
      done(null, parts.shift())
    },
    left() {
      const rest = [...parts]
      for (let k = at; k < chunks; k += size) rest.push(...cutOut(ranges, k * chunk, (k + 1) * chunk))
      return rest
    }
  }
}

/** Chunks for whoever asks. Those that nobody has asked for are in the care of the rank that keeps the count. */
export function demandedParts(
  ranges: readonly Range[],
  chunk: number,
  chunks: number,
  counters: Counters,
  key: string,
  site: CallSite | undefined
): Parts {
  let parts: Range[] = []
  return {
    next(done) {
      if (parts.length > 0) return done(null, parts.shift())
      counters.draw(
        `${key} chunks`,
        chunks,
        (error, ticket) => {
          if (error !== null) return done(error, undefined)
          parts = ticket < chunks ? cutOut(ranges, ticket * chunk, (ticket + 1) * chunk) : []
          done(null, parts.shift())
        },
        site
      )
    },
    left() {
      const undrawn = counters.here(`${key} chunks`)
      return undrawn === undefined ? parts : [...parts, ...cutOut(ranges, undrawn * chunk, totalOf(ranges))]
    }
  }
}
