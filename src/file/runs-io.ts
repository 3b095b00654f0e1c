import { copy, LARGEST_UINT8ARRAY, type Memory } from '../memory/copy.js'
import type { Done } from '../service/done.js'
import type { FileAccess } from './access.js'
import type { Run } from './view.js'

/** A shorter gap is read along: to read so much and to copy out what is wanted takes as long as another call of the system. */
const GAP = 4096
/** Read at once with gaps: so much stays in a core's cache until it is dealt out. */
const SIEVE_BYTES = 262_144

/** How far runs are moved: the next one, and bytes of memory. */
interface Progress {
  next: number
  moved: number
}

/**
 * Reads runs of a file one behind the other, until one ends early; how many bytes there were. Runs with short gaps between are read as one.
 * Source: Thakur, Gropp, Lusk, Data sieving and collective I/O in ROMIO, Frontiers 1999.
 */
export function readRuns(access: FileAccess, runs: readonly Run[], memory: Memory, stopped: () => boolean, done: Done<number>): void {
  const bytes = wholeOf(memory)
  const sieve = new Sieve()
  const at: Progress = { next: 0, moved: 0 }
  const step = (next: Done<void>): void => {
    if (bytes !== undefined && readAtOnce(access, runs, at, bytes, sieve)) return next(null)
    const first = at.next
    at.next = bytes === undefined ? first + 1 : endOfGroup(runs, first)
    const { position, length } = runs[first]!
    const last = runs[at.next - 1]!
    const span = last.position + last.length - position
    const into = at.next === first + 1 ? partOf(memory, at.moved, length) : sieve.of(span)
    access.read(into, position, (error, count) => {
      if (at.next === first + 1) at.moved += count
      else deal(into as Uint8Array, position, count, runs, first, at, bytes!)
      if (error !== null || count < span) at.next = runs.length
      next(error)
    })
  }
  inLoop(
    () => at.next < runs.length && !stopped(),
    step,
    (error) => done(error, at.moved)
  )
}

/** Writes runs of a file; with an error, how many bytes went before it. */
export function writeRuns(access: FileAccess, runs: readonly Run[], memory: Memory, stopped: () => boolean, done: Done<number>): void {
  const bytes = wholeOf(memory)
  const at: Progress = { next: 0, moved: 0 }
  const step = (next: Done<void>): void => {
    if (bytes !== undefined && writeAtOnce(access, runs, at, bytes)) return next(null)
    const { position, length } = runs[at.next++]!
    access.write(partOf(memory, at.moved, length), position, (error, count) => {
      at.moved += count
      next(error)
    })
  }
  inLoop(
    () => at.next < runs.length && !stopped(),
    step,
    (error) => done(error, at.moved)
  )
}

/** As far as it goes within the call; whether that was to the end. */
function readAtOnce(access: FileAccess, runs: readonly Run[], at: Progress, bytes: Uint8Array, sieve: Sieve): boolean {
  if (access.readNow === undefined) return false
  while (at.next < runs.length) {
    const { position, length } = runs[at.next]!
    const end = endOfGroup(runs, at.next)
    if (end === at.next + 1) {
      if (access.readNow(bytes, at.moved, length, position) !== length) return false
      at.moved += length
    } else {
      const last = runs[end - 1]!
      const span = last.position + last.length - position
      const from = sieve.of(span)
      if (access.readNow(from, 0, span, position) !== span) return false
      const first = at.next
      at.next = end
      deal(from, position, span, runs, first, at, bytes)
      continue
    }
    at.next++
  }
  return true
}

function writeAtOnce(access: FileAccess, runs: readonly Run[], at: Progress, bytes: Uint8Array): boolean {
  if (access.writeNow === undefined) return false
  for (; at.next < runs.length; at.next++) {
    const { position, length } = runs[at.next]!
    if (access.writeNow(bytes, at.moved, length, position) !== length) return false
    at.moved += length
  }
  return true
}

/** Puts runs that were read with the gaps between them in their place. */
function deal(
  from: Uint8Array,
  position: number,
  count: number,
  runs: readonly Run[],
  first: number,
  at: Progress,
  bytes: Uint8Array
): void {
  for (let k = first; k < at.next; k++) {
    const run = runs[k]!
    const there = Math.min(run.length, position + count - run.position)
    if (there <= 0) return
    copy(from, run.position - position, bytes, at.moved, there)
    at.moved += there
  }
}

/** Memory for what is read with gaps. */
class Sieve {
  #bytes: Uint8Array | undefined

  of(length: number): Uint8Array {
    this.#bytes ??= new Uint8Array(SIEVE_BYTES)
    return this.#bytes.subarray(0, length)
  }
}

/** The runs from one on that are read at once. */
function endOfGroup(runs: readonly Run[], first: number): number {
  const begin = runs[first]!.position
  let end = begin + runs[first]!.length
  let k = first + 1
  for (; k < runs.length; k++) {
    const { position, length } = runs[k]!
    if (position - end >= GAP || position + length - begin > SIEVE_BYTES) break
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
