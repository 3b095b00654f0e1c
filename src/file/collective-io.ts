import { concat, defer, EMPTY, from, ignoreElements, map, mergeMap, Observable, type ObservableInput, tap } from 'rxjs'
import type { Caller } from '../collective/definition.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { copyRun, type Memory } from '../memory/copy.js'
import { agreed, exchange } from '../service/rounds.js'
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

interface Piece {
  readonly position: number
  readonly length: number
  /** Where it lies in memory. */
  readonly at: number
}

/** Writes what all ranks have given. Where pieces overlap, the highest rank's is what is left. */
export function writeTogether(plan: TwoPhase): Observable<void> {
  let failure: Error | null = null
  const round = (windows: readonly Extent[]): Observable<unknown> => {
    const { name, caller, memory, site } = plan
    const mine = windows.map((window) => cut(plan.runs, window))
    const { counts, list } = tableOf(plan, mine)
    return exchange(caller, `${name} (pieces)`, list, counts, undefined, site).pipe(
      mergeMap((asked) => {
        const wanted = piecesOf(asked)
        const data = packed(plan, mine, memory)
        return exchange(caller, `${name} (data)`, data.bytes, data.counts, undefined, site).pipe(
          mergeMap((bytes) => {
            if (wanted.length === 0 || failure !== null) return EMPTY
            const window = windows[plan.aggregators.indexOf(caller.core.rank)]!
            const buffer = new Uint8Array(window.end - window.first)
            for (const { position, length, at } of wanted) copyRun(bytes, at, buffer, position - window.first, length)
            const runs = joined(wanted, 0)
            return eachRun(runs, (run, done) => {
              const part = buffer.subarray(run.position - window.first, run.position - window.first + run.length)
              writeRuns(
                plan.access,
                [run],
                part,
                () => false,
                (error) => {
                  failure ??= error
                  done()
                }
              )
            })
          })
        )
      })
    )
  }
  return concat(...rounds(plan).map((windows) => defer(() => round(windows)).pipe(ignoreElements()))).pipe(
    closing(() => agreed(plan.caller, `${plan.name} (end)`, failure, plan.site))
  ) as Observable<void>
}

/** Reads what all ranks want; how many bytes there were for this one. */
export function readTogether(plan: TwoPhase): Observable<number> {
  let failure: Error | null = null
  let total = 0
  const round = (windows: readonly Extent[]): Observable<unknown> => {
    const { name, caller, memory, site, aggregators } = plan
    const { rank, size } = caller.core
    const mine = windows.map((window) => cut(plan.runs, window))
    const { counts, list } = tableOf(plan, mine)
    return exchange(caller, `${name} (pieces)`, list, counts, undefined, site).pipe(
      mergeMap((asked) => {
        const wanted = piecesOf(asked)
        const window = windows[aggregators.indexOf(rank)] ?? { first: 0, end: 0 }
        const buffer = new Uint8Array(wanted.length === 0 || failure !== null ? 0 : window.end - window.first)
        /** Up to where there was something, of the last run that was read. */
        let end = window.first
        const reading = eachRun(buffer.length === 0 ? [] : joined(wanted, SIEVE_BYTES), (run, done) => {
          const part = buffer.subarray(run.position - window.first, run.position - window.first + run.length)
          readRuns(
            plan.access,
            [run],
            part,
            () => false,
            (error, count) => {
              failure ??= error
              if (count > 0) end = run.position + count
              done()
            }
          )
        })
        const answer = defer(() => {
          // What a rank gets is as long as the file is: the end of one may be cut off.
          const parts: Uint8Array[] = []
          const lengths = new Array<number>(size).fill(0)
          for (const { position, length, rank: to } of wanted) {
            const there = Math.max(0, Math.min(length, end - position))
            if (there === 0) continue
            parts.push(buffer.subarray(position - window.first, position - window.first + there))
            lengths[to]! += there
          }
          return exchange(caller, `${name} (data)`, joinedBytes(parts), lengths, undefined, site)
        })
        return concat(reading.pipe(ignoreElements()), answer).pipe(
          tap((bytes) => {
            let from = 0
            for (const { length, at } of mine.flat()) {
              const count = Math.min(length, bytes.byteLength - from)
              if (count > 0) copyRun(bytes, from, memory, at, count)
              from += count
            }
            total += bytes.byteLength
          })
        )
      })
    )
  }
  return concat(...rounds(plan).map((windows) => defer(() => round(windows)).pipe(ignoreElements()))).pipe(
    closing(() => agreed(plan.caller, `${plan.name} (end)`, failure, plan.site)),
    map(() => total)
  )
}

/** In each round, the part of the file that each aggregator has. */
function rounds({ extents, aggregators }: TwoPhase): Extent[][] {
  const touched = extents.filter(({ first, end }) => end > first)
  if (touched.length === 0) return []
  const first = Math.floor(Math.min(...touched.map((extent) => extent.first)) / DOMAIN_ALIGNMENT) * DOMAIN_ALIGNMENT
  const end = Math.max(...touched.map((extent) => extent.end))
  const step = Math.ceil((end - first) / aggregators.length / DOMAIN_ALIGNMENT) * DOMAIN_ALIGNMENT
  return Array.from({ length: Math.ceil(step / ROUND_BYTES) }, (_, round) =>
    aggregators.map((_, k) => {
      const domain = first + k * step
      return { first: domain + round * ROUND_BYTES, end: Math.min(domain + (round + 1) * ROUND_BYTES, domain + step) }
    })
  )
}

/** The pieces of runs that lie in a part of the file. */
function cut(runs: readonly Run[], { first, end }: Extent): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const { position, length } of runs) {
    const from = Math.max(position, first)
    const to = Math.min(position + length, end)
    if (to > from) pieces.push({ position: from, length: to - from, at: at + from - position })
    at += length
  }
  return pieces
}

/** The pieces for each aggregator as numbers, three each with whose they are, and how many numbers go to which rank. */
function tableOf({ aggregators, caller }: TwoPhase, mine: readonly (readonly Piece[])[]): { counts: number[]; list: Float64Array } {
  const { size, rank } = caller.core
  const counts = new Array<number>(size).fill(0)
  for (const [k, pieces] of mine.entries()) counts[aggregators[k]!] = 3 * pieces.length
  const order = [...aggregators.keys()].sort((a, b) => aggregators[a]! - aggregators[b]!)
  return { counts, list: Float64Array.from(order.flatMap((k) => mine[k]!.flatMap(({ position, length }) => [position, length, rank]))) }
}

/** What ranks have asked an aggregator for, in rank order; `at` is where its bytes come in what they send. */
function piecesOf(list: Float64Array): (Piece & { rank: number })[] {
  const pieces: (Piece & { rank: number })[] = []
  let at = 0
  for (let k = 0; k < list.length; k += 3) {
    pieces.push({ position: list[k]!, length: list[k + 1]!, rank: list[k + 2]!, at })
    at += list[k + 1]!
  }
  return pieces
}

/** The bytes for each aggregator, and how many go to which rank. */
function packed(
  { aggregators, caller }: TwoPhase,
  mine: readonly (readonly Piece[])[],
  memory: Memory
): { bytes: Uint8Array; counts: number[] } {
  const counts = new Array<number>(caller.core.size).fill(0)
  for (const [k, pieces] of mine.entries()) counts[aggregators[k]!] = pieces.reduce((sum, { length }) => sum + length, 0)
  const bytes = new Uint8Array(counts.reduce((sum, count) => sum + count, 0))
  const order = [...aggregators.keys()].sort((a, b) => aggregators[a]! - aggregators[b]!)
  let to = 0
  for (const { at, length } of order.flatMap((k) => mine[k]!)) {
    copyRun(memory, at, bytes, to, length)
    to += length
  }
  return { bytes, counts }
}

/** Runs that touch, overlap or have a short gap between them, as one. */
function joined(pieces: readonly Run[], gap: number): Run[] {
  const runs: { position: number; length: number }[] = []
  for (const { position, length } of [...pieces].sort((a, b) => a.position - b.position)) {
    const last = runs[runs.length - 1]
    if (last !== undefined && position <= last.position + last.length + gap) {
      last.length = Math.max(last.length, position + length - last.position)
    } else runs.push({ position, length })
  }
  return runs
}

function joinedBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
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
