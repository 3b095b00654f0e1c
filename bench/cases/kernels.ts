/** One rank folds runs, as a reduction does with what has come from another rank: `b = a op b`. */

import type { TypedArray } from 'rxmpi'
import * as rxmpi from 'rxmpi'
import { report, steps, time } from './measure.js'

/** What the predefined ops have beside what is public. */
interface Folding {
  on(array: TypedArray): Record<'fold' | 'loop' | 'kernel', (into: TypedArray, a: TypedArray, b: TypedArray) => unknown>
}

const ops = rxmpi as unknown as Record<string, Folding>
const types = globalThis as unknown as Record<string, new (memory: ArrayBufferLike) => TypedArray>

/** Zeros and ones as chance would have it: no sum grows out of bounds, and no branch is foreseen. */
function fill(array: TypedArray): TypedArray {
  let state = 1
  for (let i = 0; i < array.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    array[i] = (typeof array[i] === 'bigint' ? BigInt(state >>> 31) : state >>> 31) as never
  }
  return array
}

for (const step of steps) {
  const { size = 8, row } = step
  const [op, type, how] = row.split(' ')
  const a = fill(new types[type](new SharedArrayBuffer(size)))
  const b = fill(new types[type](new ArrayBuffer(size)))
  const elementwise = ops[op].on(b)
  const milliseconds = await time(step, async (iterations) => {
    for (let i = 0; i < iterations; i++) elementwise[how as 'fold'](b, a, b)
  })
  report(step, size / milliseconds / 1e6)
}
