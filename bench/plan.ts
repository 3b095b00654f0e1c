/** What a case's program is told to do, ours and the peer's alike, as JSON in its first argument; neither decides anything itself. */

export interface Step {
  row: string
  /** Bytes of the data; absent where the row has no sizes. */
  size?: number
  iterations: number
  /** Iterations that are not timed; absent: so many as it takes until the times are flat. */
  warmup?: number
  /** Messages in flight at once. */
  window?: number
  seconds?: number
}

export interface Plan {
  repetitions: number
  /** Seconds that a step is warmed up for, at least and at most. */
  least: number
  most: number
  steps: Step[]
}

/** A line that a program prints on rank 0 for each step. */
export interface Figure {
  row: string
  size?: number
  value: number
  /** Iterations before those that were timed, where they became flat by then. */
  after?: number
}
