import type { Memory } from '../memory/copy.js'
import type { Done } from '../service/done.js'
import type { FileAccess } from './access.js'
import type { Run } from './view.js'

/** Reads runs of a file one behind the other, until one ends early; how many bytes there were. */
export function readRuns(access: FileAccess, runs: readonly Run[], memory: Memory, stopped: () => boolean, done: Done<number>): void {
  moveRuns(runs, memory, stopped, (part, position, next) => access.read(part, position, next), done)
}

/** Writes runs of a file; with an error, how many bytes went before it. */
export function writeRuns(access: FileAccess, runs: readonly Run[], memory: Memory, stopped: () => boolean, done: Done<number>): void {
  moveRuns(runs, memory, stopped, (part, position, next) => access.write(part, position, next), done)
}

function moveRuns(
  runs: readonly Run[],
  memory: Memory,
  stopped: () => boolean,
  move: (part: Memory, position: number, next: Done<number>) => void,
  done: Done<number>
): void {
  const { buffer, byteOffset } = memory
  let moved = 0
  let k = 0
  // A loop and no recursion: small pieces are moved within the call.
  let looping = false
  const go = (): void => {
    if (looping) return
    looping = true
    let waits = false
    while (!waits && k < runs.length && !stopped()) {
      const { position, length } = runs[k++]!
      waits = true
      let inCall = true
      move({ buffer, byteOffset: byteOffset + moved, byteLength: length }, position, (error, count) => {
        moved += count
        if (error !== null) {
          k = Number.POSITIVE_INFINITY
          waits = true
          return done(error, moved)
        }
        if (count < length) k = runs.length
        waits = false
        if (!inCall) go()
      })
      inCall = false
    }
    looping = false
    if (!waits) done(null, moved)
  }
  go()
}
