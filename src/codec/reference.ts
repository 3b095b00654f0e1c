/**
 * What stays where it is when it is sent: only a reference travels. What that is made of, and what it becomes where it arrives, is for
 * others to say; the codec sees two numbers.
 */
export const toReference: unique symbol = Symbol('reference')

/** The number of readers where those are no ranks, and could not come back to what stays. */
export const NO_RANKS = -1

export interface Referable {
  /** Called each time it is sent; so many ranks will have what it is in, or `NO_RANKS`, which it may refuse. */
  [toReference](readers: number): readonly [home: number, id: number]
}

export const isReferable = (value: object): value is Referable => toReference in value

interface References {
  /**
   * The rank's end of things: where something is sent from or arrives at. One thread has one but in simulations. Undefined while a value is
   * only looked at.
   */
  here: unknown
  revive: ((home: number, id: number) => unknown) | undefined
}

export const references: References = { here: undefined, revive: undefined }

/** Runs something that decodes a value which has come from nowhere. */
export function looking<T>(decode: () => T): T {
  const { here } = references
  references.here = undefined
  try {
    return decode()
  } finally {
    references.here = here
  }
}
