export interface Ring {
  readonly left: number
  readonly right: number
}

/** A rank's neighbours when the last rank is followed by the first; alone it is its own. */
export const ring = (rank: number, size: number): Ring => ({ left: (rank + size - 1) % size, right: (rank + 1) % size })
