/** What bytes of a buffer come to in 32 bits: another word anywhere is another number; of several the chance to miss them is 2^-32. */
export function checksum(buffer: ArrayBufferLike, start: number, end: number): number {
  const first = Math.min(end, (start + 3) & ~3)
  const words = Math.floor((end - first) / 4)
  const last = first + 4 * words
  let sum = end - start
  if (first > start) sum = sumOfBytes(buffer, start, first, sum)
  for (let at = first; at < last; at += CHUNK) sum = sumOfWords(new Int32Array(buffer, at, Math.min(CHUNK, last - at) / 4), sum)
  return last < end ? sumOfBytes(buffer, last, end, sum) : sum
}

/** Bytes that one array of words covers. */
const CHUNK = 2 ** 30
/** Words that are taken four at a time, for each step waits for the one before. */
const MANY = 32

/** Of the finalizer of MurmurHash3: a step can be undone, so nothing that differs becomes the same. */
function step(sum: number, word: number): number {
  const mixed = Math.imul(sum ^ word, 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}

function sumOfWords(words: Int32Array, start: number): number {
  const { length } = words
  let a = start
  let k = 0
  if (length >= MANY) {
    let [b, c, d] = [1, 2, 3]
    for (; k + 4 <= length; k += 4) {
      a = step(a, words[k]!)
      b = step(b, words[k + 1]!)
      c = step(c, words[k + 2]!)
      d = step(d, words[k + 3]!)
    }
    a = step(step(step(a, b), c), d)
  }
  for (; k < length; k++) a = step(a, words[k]!)
  return a
}

function sumOfBytes(buffer: ArrayBufferLike, start: number, end: number, before: number): number {
  let sum = before
  for (const byte of new Uint8Array(buffer, start, end - start)) sum = step(sum, byte)
  return sum
}
