import { concat, defer, EMPTY, from, ignoreElements, map, mergeMap, Observable, type ObservableInput } from 'rxjs'
import type { Caller } from '../collective/definition.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { copy, type Memory } from '../memory/copy.js'
import { failureOf } from '../service/failure.js'
import { agreed, exchange, gather, throwFirst } from '../service/rounds.js'
import type { FileAccess } from './access.js'
import { readRuns, writeRuns } from './runs-io.js'
import type { Run } from './view.js'

/**
 * Two-phase I/O (Thakur, Gropp, Lusk, Data sieving and collective I/O in ROMIO, Frontiers 1999): where the pieces of ranks lie between each
 * other, one rank a host, its aggregator, gets those of a domain of the file, and moves them in long runs. In rounds, so that its memory is
 * bounded.
 */

/** Domains begin at multiples of this, so that no two hosts write to the same page. */
export const DOMAIN_ALIGNMENT = 65_536
/** What an aggregator moves in a round. */
const ROUND_BYTES = 2 ** 22
/** A shorter gap is read along. */
const SIEVE_BYTES = 65_536

/** The part of the file that a rank touches, its end excluded; empty where it has nothing. */
export interface Extent {
  readonly first: number
  readonly end: number
}

/** Whether the pieces of several ranks may lie between each other. */
export function interleaves(extents: readonly Extent[]): boolean {
  const sorted = extents.filter(({ first, end }) => end > first).sort((a, b) => a.first - b.first)
  return sorted.some(({ first }, k) => k > 0 && first < sorted[k - 1]!.end)
}

export interface TwoPhase {
  readonly name: string
  readonly caller: Caller
  readonly access: FileAccess
  readonly aggregators: readonly number[]
  readonly extents: readonly Extent[]
  /** This rank's pieces, and where their bytes are, one behind the other. */
  readonly runs: readonly Run[]
  readonly memory: Memory
  readonly site: CallSite | undefined
}

/** Writes what all ranks have given. Where pieces overlap, the highest rank's is what is left. */
export function writeTogether(plan: TwoPhase): Observable<void> {
  const { name, caller, memory, site, access } = plan
  const data = bytesOf(memory)
  const own = new OwnRuns(plan.runs)
  const come = new Scratch()
  const gathered = new Scratch()
  let failure: Error | null = null
  const round = (windows: readonly Extent[]): Observable<unknown> => {
    const shares = sharesOf(plan, own, windows)
    return asked(plan, shares).pipe(
      mergeMap((wanted) => {
        const runs = { counts: shares.bytes, displs: shares.at, received: wanted.bytes, into: come.of(wanted.total) }
        return exchange(caller, `${name} (data)`, data, runs, site).pipe(
          mergeMap((bytes) => {
            if (wanted.total === 0 || failure !== null) return EMPTY
            const window = windows[plan.aggregators.indexOf(caller.core.rank)]!
            const buffer = gathered.of(window.end - window.first)
            wanted.each((position, length, at) => copy(bytes, at, buffer, position - window.first, length))
            return eachRun(wanted.joined(0), (run, next) => {
              const part = buffer.subarray(run.position - window.first, run.position - window.first + run.length)
              writeRuns(access, [run], part, never, (error) => {
                failure ??= error
                next()
              })
            })
          })
        )
      })
    )
  }
  return inRounds(plan, round).pipe(closing(() => agreed(caller, `${name} (end)`, failure, site)))
}

/** Reads what all ranks want; how many bytes there were for this one. */
export function readTogether(plan: TwoPhase): Observable<number> {
  const { name, caller, memory, site, access, aggregators } = plan
  const { rank } = caller.core
  const into = bytesOf(memory)
  const isAggregator = aggregators.includes(rank)
  /** What is read along with gaps, and what of it goes to which rank. */
  const read = new Scratch()
  const dealt = new Scratch()
  let failure: Error | null = null
  /** Where the file has turned out to end, for somebody cuts it off meanwhile. */
  let end = Number.POSITIVE_INFINITY

  const round =
    (own: OwnRuns) =>
    (windows: readonly Extent[]): Observable<unknown> => {
      const shares = sharesOf(plan, own, windows)
      return asked(plan, shares).pipe(
        mergeMap((wanted) => {
          const window = windows[aggregators.indexOf(rank)] ?? NOTHING
          const buffer = read.of(wanted.total === 0 ? 0 : window.end - window.first)
          const reading = eachRun(failure === null ? wanted.joined(SIEVE_BYTES) : [], (run, next) => {
            const part = buffer.subarray(run.position - window.first, run.position - window.first + run.length)
            readRuns(access, [run], part, never, (error, count) => {
              failure ??= error
              if (count < run.length) end = Math.min(end, run.position + count)
              next()
            })
          })
          const answer = defer(() => {
            const answers = dealt.of(wanted.total)
            wanted.each((position, length, at) => copy(buffer, position - window.first, answers, at, length))
            const runs = { counts: wanted.bytes, received: shares.bytes, receivedAt: shares.at, into }
            return exchange(caller, `${name} (data)`, answers, runs, site)
          })
          return concat(reading, answer)
        })
      )
    }

  // Each aggregator says how long the file is, so that a rank knows what it gets, and its memory behind that stays as it is.
  return gather(caller, `${name} (sizes)`, isAggregator ? access.sizeNow : 0, site).pipe(
    mergeMap((sizes) => {
      const size = Math.max(...aggregators.map((aggregator) => sizes[aggregator]!))
      const own = new OwnRuns(plan.runs.map((run) => upTo(size, run)))
      return inRounds(plan, round(own)).pipe(
        closing(() => gather(caller, `${name} (end)`, [failure === null ? 0 : failureOf(failure), end] as const, site)),
        map((ends) => {
          throwFirst(ends.map(([failed]) => failed))
          const last = Math.min(...ends.map(([, one]) => one))
          return plan.runs.reduce((sum, run) => sum + upTo(Math.min(size, last), run).length, 0)
        })
      )
    })
  )
}

const NOTHING: Extent = { first: 0, end: 0 }
const never = (): boolean => false
const bytesOf = ({ buffer, byteOffset, byteLength }: Memory): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength)
const upTo = (end: number, { position, length }: Run): Run => ({ position, length: Math.max(0, Math.min(length, end - position)) })

/** In each round, the part of the file that each aggregator has. */
function inRounds({ extents, aggregators }: TwoPhase, round: (windows: readonly Extent[]) => Observable<unknown>): Observable<never> {
  const touched = extents.filter(({ first, end }) => end > first)
  if (touched.length === 0) return EMPTY
  const first = Math.floor(Math.min(...touched.map((extent) => extent.first)) / DOMAIN_ALIGNMENT) * DOMAIN_ALIGNMENT
  const end = Math.max(...touched.map((extent) => extent.end))
  const step = Math.ceil((end - first) / aggregators.length / DOMAIN_ALIGNMENT) * DOMAIN_ALIGNMENT
  const rounds = Array.from({ length: Math.ceil(step / ROUND_BYTES) }, (_, k) =>
    aggregators.map((_, domain) => {
      const from = first + domain * step
      return { first: from + k * ROUND_BYTES, end: Math.min(from + (k + 1) * ROUND_BYTES, from + step) }
    })
  )
  return concat(...rounds.map((windows) => defer(() => round(windows)).pipe(ignoreElements())))
}

/** Memory that each round uses again. */
class Scratch {
  #bytes = new Uint8Array(0)

  of(length: number): Uint8Array {
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(length)
    return this.#bytes.subarray(0, length)
  }
}

/** This rank's pieces of the file, in ascending order, whose bytes are one behind the other in its memory. */
class OwnRuns {
  readonly #runs: readonly Run[]
  /** Where in memory each begins. */
  readonly #at: Float64Array

  constructor(runs: readonly Run[]) {
    this.#runs = runs
    this.#at = new Float64Array(runs.length)
    for (let k = 1; k < runs.length; k++) this.#at[k] = this.#at[k - 1]! + runs[k - 1]!.length
  }

  /** The pieces that lie in a part of the file as numbers, position and length of each; in memory they are one behind the other. */
  within({ first, end }: Extent): { pieces: number[]; at: number; bytes: number } {
    const runs = this.#runs
    let [low, high] = [0, runs.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (runs[middle]!.position + runs[middle]!.length <= first) low = middle + 1
      else high = middle
    }
    const pieces: number[] = []
    let at = 0
    let bytes = 0
    for (let k = low; k < runs.length && runs[k]!.position < end; k++) {
      const { position, length } = runs[k]!
      const from = Math.max(position, first)
      const count = Math.min(position + length, end) - from
      if (count <= 0) continue
      if (bytes === 0) at = this.#at[k]! + from - position
      pieces.push(from, count)
      bytes += count
    }
    return { pieces, at, bytes }
  }
}

/** What this rank has for each other one in a round: pieces as numbers, two each, how many bytes, and where they begin in its memory. */
interface Shares {
  readonly pieces: Float64Array
  readonly counts: readonly number[]
  readonly bytes: readonly number[]
  readonly at: readonly number[]
}

function sharesOf({ aggregators, caller }: TwoPhase, own: OwnRuns, windows: readonly Extent[]): Shares {
  const { size } = caller.core
  const [counts, bytes, at] = [0, 1, 2].map(() => new Array<number>(size).fill(0)) as [number[], number[], number[]]
  const lists = new Array<number[]>(size).fill([])
  for (const [k, window] of windows.entries()) {
    const to = aggregators[k]!
    const share = own.within(window)
    lists[to] = share.pieces
    counts[to] = share.pieces.length
    bytes[to] = share.bytes
    at[to] = share.at
  }
  return { pieces: Float64Array.from(lists.flat()), counts, bytes, at }
}

/** What the ranks ask an aggregator for, in rank order; the bytes of their pieces come, or go, one behind the other. */
class Wanted {
  readonly #pieces: Float64Array
  readonly #counts: readonly number[]
  /** For each rank. */
  readonly bytes: readonly number[]
  readonly total: number

  constructor(pieces: Float64Array, counts: readonly number[]) {
    this.#pieces = pieces
    this.#counts = counts
    let k = 0
    this.bytes = counts.map((count) => {
      let sum = 0
      for (const end = k + count; k < end; k += 2) sum += pieces[k + 1]!
      return sum
    })
    this.total = this.bytes.reduce((sum, bytes) => sum + bytes, 0)
  }

  each(visit: (position: number, length: number, at: number) => void): void {
    const pieces = this.#pieces
    let at = 0
    for (let k = 0; k < pieces.length; k += 2) {
      visit(pieces[k]!, pieces[k + 1]!, at)
      at += pieces[k + 1]!
    }
  }

  /** Runs that touch, overlap or have a short gap between them, as one. */
  joined(gap: number): Run[] {
    let runs: number[] = []
    let k = 0
    for (const count of this.#counts) {
      const own: number[] = []
      for (const end = k + count; k < end; k += 2) addRun(own, this.#pieces[k]!, this.#pieces[k]! + this.#pieces[k + 1]!, gap)
      runs = union(runs, own, gap)
    }
    return Array.from({ length: runs.length / 2 }, (_, r) => ({ position: runs[2 * r]!, length: runs[2 * r + 1]! - runs[2 * r]! }))
  }
}

/** Puts a run, its begin and end, behind others that begin no later. */
function addRun(runs: number[], begin: number, end: number, gap: number): void {
  const last = runs.length - 1
  if (last > 0 && begin <= runs[last]! + gap) runs[last] = Math.max(runs[last]!, end)
  else runs.push(begin, end)
}

/** Of two lists of ascending runs. */
function union(a: readonly number[], b: readonly number[], gap: number): number[] {
  if (a.length === 0 || b.length === 0) return [...a, ...b]
  const runs: number[] = []
  let j = 0
  for (let k = 0; k < a.length || j < b.length; ) {
    if (j >= b.length || (k < a.length && a[k]! <= b[j]!)) {
      addRun(runs, a[k]!, a[k + 1]!, gap)
      k += 2
    } else {
      addRun(runs, b[j]!, b[j + 1]!, gap)
      j += 2
    }
  }
  return runs
}

/** The ranks tell the aggregators which pieces they have, or want: how many, then which. */
function asked({ name, caller, site }: TwoPhase, { pieces, counts }: Shares): Observable<Wanted> {
  const ones = counts.map(() => 1)
  return exchange(caller, `${name} (counts)`, Float64Array.from(counts), { counts: ones, received: ones }, site).pipe(
    mergeMap((come) => {
      const received = Array.from(come)
      return exchange(caller, `${name} (pieces)`, pieces, { counts, received }, site).pipe(map((list) => new Wanted(list, received)))
    })
  )
}

/** One after the other; emits nothing. */
const eachRun = (runs: readonly Run[], move: (run: Run, done: () => void) => void): Observable<never> =>
  concat(...runs.map((run) => new Observable<never>((subscriber) => move(run, () => subscriber.complete()))))

/** When the source is over, what follows. */
const closing =
  <T>(then: () => ObservableInput<T>) =>
  (source: Observable<unknown>): Observable<T> =>
    concat(
      source.pipe(ignoreElements()),
      defer(() => from(then()))
    )
