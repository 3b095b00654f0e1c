/** What a communicator's messages are of: its contexts, from its id on. */
export const MESSAGES = 0
export const COLLECTIVES = 1
/** What collectives say beside their data. */
export const CONTROL = 2
export const CHANNELS = 3
/** There: the lowest bits of `call` are the kind of frame, of which this one carries a value of the user's. */
export const KIND_BITS = 3
export const NEXT = 1
export const kindIn = (call: number): number => call & ((1 << KIND_BITS) - 1)

/** Contexts of a communicator. */
export const CONTEXTS = 4

/** The first contexts of the communicators that there are from the start. */
export const WORLD = 0
export const SELF = CONTEXTS
/** Those of the streams that ranks lend to each other. */
export const LENT = -CONTEXTS

/** What ranks say to each other about failures, whatever communicator it concerns: contexts that no communicator has. */
export const FAILURES = -2 * CONTEXTS

/** Contexts that a rank proposes for the `count`-th communicator made of another; never those of the world or of a rank itself. */
export function proposal(parent: number, count: number, attempt: number): number {
  let hash = parent
  for (const part of [count, attempt]) {
    hash = Math.imul(hash ^ part ^ 0x9e3779b9, 0x85ebca6b)
    hash ^= hash >>> 13
    hash = Math.imul(hash, 0xc2b2ae35)
    hash ^= hash >>> 16
  }
  const id = hash & ~(CONTEXTS - 1)
  return id >= -RESERVED && id < RESERVED ? id + 2 * RESERVED : id
}

const RESERVED = 16 * CONTEXTS
