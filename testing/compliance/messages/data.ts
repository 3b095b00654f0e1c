import assert from 'node:assert/strict'
import { noise } from '../random.js'

const source = noise(2 ** 23, 51)

/** Bytes that no other seed gives. */
export const bytes = (length: number, seed = 0): Uint8Array => source.slice(seed * 61, seed * 61 + length)

/** Fails unless a message holds the bytes of that length and seed. */
export function assertBytes(actual: unknown, length: number, seed = 0): void {
  // A text of megabytes of numbers takes longer than all else here.
  if (!(actual instanceof Uint8Array)) assert.fail(`expected bytes, got ${String(actual)}`)
  assert.equal(actual.length, length)
  assert.equal(Buffer.compare(actual, source.subarray(seed * 61, seed * 61 + length)), 0, `other bytes than were sent (${length}, ${seed})`)
}

/** On both sides of every border that a message's length can cross. */
export const edges = [0, 1, 7, 8, 100, 4000, 16_383, 16_385, 65_535, 65_536, 65_537, 200_000, 2 ** 20 + 3]

/** One of each kind: empty, in one segment, in several, after its match. */
export const kinds = [0, 100, 65_536, 65_537, 300_000]
