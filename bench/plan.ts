/** What a case's program is told to do, ours and the peer's alike, as JSON in its first argument; neither decides anything itself. */

export interface Step {
  row: string
  /** Bytes of the data; absent where the row has no sizes. */
  size?: number
  iterations: number
  /** Iterations that are not timed. */
  warmup: number
  /** Messages in flight at once. */
  window?: number
  seconds?: number
}

export interface Plan {
  repetitions: number
  steps: Step[]
}

/** A line that a program prints on rank 0 for each step. */
export interface Figure {
  row: string
  size?: number
  value: number
}
