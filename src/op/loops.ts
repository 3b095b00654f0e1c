/**
 * The predefined ops element by element: `into[i] = a[i] op b[i]`, where `into` may be `a` or `b` itself.
 *
 * Every op has a loop of its own, once for numbers and once for bigints: V8 compiles a loop for the element types that this very loop
 * has met, so one loop that is handed a function would serve all of them badly. Storing wraps and clamps as the array does.
 */

export interface Elements<E> {
  readonly length: number
  [index: number]: E
}

export type Loop<E> = (into: Elements<E>, a: Elements<E>, b: Elements<E>) => void

export const numberLoops = {
  SUM(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] + b[i]
  },
  PROD(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] * b[i]
  },
  MAX(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = Math.max(a[i], b[i])
  },
  MIN(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = Math.min(a[i], b[i])
  },
  LAND(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] && b[i] ? 1 : 0
  },
  LOR(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] || b[i] ? 1 : 0
  },
  LXOR(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = !a[i] === !b[i] ? 0 : 1
  },
  BAND(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] & b[i]
  },
  BOR(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] | b[i]
  },
  BXOR(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] ^ b[i]
  }
} satisfies Record<string, Loop<number>>

/** The product of two 32-bit integers does not fit a double: as one it would wrap to the wrong bits. */
export const wrappingProduct: Loop<number> = (into, a, b) => {
  for (let i = 0; i < into.length; i++) into[i] = Math.imul(a[i], b[i])
}

export const bigintLoops: Record<keyof typeof numberLoops, Loop<bigint>> = {
  SUM(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] + b[i]
  },
  PROD(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] * b[i]
  },
  MAX(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] > b[i] ? a[i] : b[i]
  },
  MIN(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] < b[i] ? a[i] : b[i]
  },
  LAND(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] && b[i] ? 1n : 0n
  },
  LOR(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] || b[i] ? 1n : 0n
  },
  LXOR(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = !a[i] === !b[i] ? 0n : 1n
  },
  BAND(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] & b[i]
  },
  BOR(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] | b[i]
  },
  BXOR(into, a, b) {
    for (let i = 0; i < into.length; i++) into[i] = a[i] ^ b[i]
  }
}

export type ElementwiseName = keyof typeof numberLoops
