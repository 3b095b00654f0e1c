/**
 * What stays where it is when it is sent: only a reference travels. What that is made of, and what it becomes where it arrives, is for
 * others to say; the codec sees two numbers.
 */
export const toReference: unique symbol = Symbol('reference')

export interface Referable {
  /** Called each time it is sent. */
  [toReference](): readonly [home: number, id: number]
}

export const isReferable = (value: object): value is Referable => toReference in value

interface References {
  /**
   * The rank's end of things: where something is sent from or arrives at. One thread has one but in simulations. Undefined while a value is
   * only looked at.
   */
  here: unknown
  /** How many ranks will have what is encoded. */
  readers: number
  revive: ((home: number, id: number) => unknown) | undefined
}

export const references: References = { here: undefined, readers: 1, revive: undefined }

/** Runs something that encodes a value which so many ranks will have. */
export function forRanks<T>(readers: number, encode: () => T): T {
  references.readers = readers
  try {
    return encode()
  } finally {
    references.readers = 1
  }
}

/** Runs something that encodes a value and sends it nowhere. */
export function looking(encode: () => void): void {
  const { here } = references
  references.here = undefined
  try {
    encode()
  } finally {
    references.here = here
  }
}
