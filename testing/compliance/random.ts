/** Numbers that look random and are the same in every run: a failure can be run again. Algorithm: mulberry32. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

/** An integer from `least` to `most`. */
export const integer = (next: () => number, least: number, most: number): number => least + Math.floor(next() * (most - least + 1))

/** Lengths of segments or messages: as often a handful of bytes as the most there may be, and the edges more often than the middle. */
export function length(next: () => number, most: number): number {
  const scale = next()
  if (scale < 0.1) return most
  if (scale < 0.2) return integer(next, 0, 9)
  return Math.floor(2 ** (next() * Math.log2(most + 1))) - 1
}

/** Bytes of which runs that start at different places differ. */
export function noise(length: number, seed: number): Uint8Array {
  const next = random(seed)
  const bytes = new Uint8Array(length)
  // They repeat with a period that is no length of anything.
  for (let at = 0; at < Math.min(PERIOD, length); at++) bytes[at] = next() * 256
  for (let at = PERIOD; at < length; at *= 2) bytes.copyWithin(at, 0, at)
  return bytes
}

const PERIOD = 65_521
