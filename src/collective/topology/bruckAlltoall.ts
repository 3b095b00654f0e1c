import { dissemination, type Exchange } from './dissemination.js'

export interface BruckExchange extends Exchange {
  /** The places whose blocks are sent; what comes takes the same places. */
  readonly places: readonly number[]
}

/**
 * ⌈log₂ size⌉ steps that bring every rank a block from every other; a block goes a hop for every bit of the distance it has to go. Place j
 * is at first the block for rank (rank + j) mod size, and in the end the one from rank (rank - j) mod size.
 * Source: Bruck, Ho, Kipnis, Upfal, Weathersby, IEEE TPDS 8(11), 1997 ("index").
 */
export function bruckAlltoall(rank: number, size: number): readonly BruckExchange[] {
  return dissemination(rank, size).map((exchange, k) => {
    const places: number[] = []
    for (let place = 2 ** k; place < size; place++) if ((place >> k) & 1) places.push(place)
    return { ...exchange, places }
  })
}
