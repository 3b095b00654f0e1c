import { copy, LARGEST_UINT8ARRAY, type Memory } from '../memory/copy.js'
import type { Done } from '../service/done.js'
import type { FileAccess } from './access.js'
import type { Run } from './view.js'

/** A shorter gap is read along: a copy of so much takes as long as a call of the system. */
const GAP = 16_384
/** Read at once with gaps: so much stays in a core's cache until it is dealt out. */
const SIEVE_BYTES = 262_144

/**
 * Reads runs of a file one behind the other, until one ends early; how many bytes there were. Runs with short gaps between are read as one.
 * Source: Thakur, Gropp, Lusk, Data sieving and collective I/O in ROMIO, Frontiers 1999.
 */
export function readRuns(access: FileAccess, runs: readonly Run[], memory: Memory, stopped: () => boolean, done: Done<number>): void {
  const bytes = wholeOf(memory)
  let sieve: Uint8Array | undefined
  let moved = 0
  let k = 0
  const step = (next: Done<void>): void => {
    const first = k
    const { position, length } = runs[first]!
    k = bytes === undefined ? first + 1 : endOfGroup(runs, first)
    const end = (error: Error | null, count: number): void => {
      moved += count
      if (error !== null || count < length) k = runs.length
      next(error)
    }
    if (k === first + 1) {
      if (bytes !== undefined && access.readNow?.(bytes, moved, length, position) === length) return end(null, length)
      return access.read(partOf(memory, moved, length), position, end)
    }
    const last = runs[k - 1]!
    const span = last.position + last.length - position
    sieve ??= new Uint8Array(SIEVE_BYTES)
    const from = sieve.subarray(0, span)
    const deal = (error: Error | null, count: number): void => {
      for (let one = first; one < k; one++) {
        const run = runs[one]!
        const there = Math.min(run.length, position + count - run.position)
        if (there > 0) {
          copy(from, run.position - position, bytes!, moved, there)
          moved += there
        }
      }
      if (error !== null || count < span) k = runs.length
      next(error)
    }
    if (access.readNow?.(from, 0, span, position) === span) deal(null, span)
    else access.read(from, position, deal)
  }
  inLoop(
    () => k < runs.length && !stopped(),
    step,
    (error) => done(error, moved)
  )
}

/** Writes runs of a file; with an error, how many bytes went before it. */
export function writeRuns(access: FileAccess, runs: readonly Run[], memory: Memory, stopped: () => boolean, done: Done<number>): void {
  const bytes = wholeOf(memory)
  let moved = 0
  let k = 0
  const step = (next: Done<void>): void => {
    const { position, length } = runs[k++]!
    if (bytes !== undefined && access.writeNow?.(bytes, moved, length, position) === length) {
      moved += length
      return next(null)
    }
    access.write(partOf(memory, moved, length), position, (error, count) => {
      moved += count
      next(error)
    })
  }
  inLoop(
    () => k < runs.length && !stopped(),
    step,
    (error) => done(error, moved)
  )
}

/** The runs from one on that are read at once. */
function endOfGroup(runs: readonly Run[], first: number): number {
  const begin = runs[first]!.position
  let end = begin + runs[first]!.length
  let k = first + 1
  for (; k < runs.length; k++) {
    const { position, length } = runs[k]!
    if (position - end > GAP || position + length - begin > SIEVE_BYTES) break
    end = position + length
  }
  return k
}

/** What is moved at once must be one array. */
const wholeOf = ({ buffer, byteOffset, byteLength }: Memory): Uint8Array | undefined =>
  byteLength < LARGEST_UINT8ARRAY ? new Uint8Array(buffer, byteOffset, byteLength) : undefined

const partOf = ({ buffer, byteOffset }: Memory, at: number, byteLength: number): Memory => ({
  buffer,
  byteOffset: byteOffset + at,
  byteLength
})

/** One after the other, in a loop and no recursion: what is small is moved within the call. */
function inLoop(goesOn: () => boolean, step: (next: Done<void>) => void, done: (error: Error | null) => void): void {
  let failure: Error | null = null
  let isLooping = false
  let waits = false
  const next = (error: Error | null): void => {
    failure = error
    waits = false
    if (!isLooping) go()
  }
  const go = (): void => {
    isLooping = true
    while (!waits && failure === null && goesOn()) {
      waits = true
      step(next)
    }
    isLooping = false
    if (!waits) done(failure)
  }
  go()
}
