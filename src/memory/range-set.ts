/** Integers, kept as the runs of those that follow on each other: however many were added in order, they take the room of one. */
export class RangeSet {
  /** Where each run begins, and where the next integer is that is not in it; ascending. */
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #most: number

  /** `most`: runs that are kept; beyond them the lowest is forgotten. */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most
  }

  get runs(): number {
    return this.#starts.length
  }

  has(value: number): boolean {
    const at = this.#after(value) - 1
    return at >= 0 && value < this.#ends[at]!
  }

  add(value: number): void {
    const at = this.#after(value)
    if (at > 0 && value < this.#ends[at - 1]!) return
    const joinsLower = at > 0 && this.#ends[at - 1] === value
    const joinsUpper = this.#starts[at] === value + 1
    if (joinsLower && joinsUpper) {
      this.#ends.splice(at - 1, 1)
      this.#starts.splice(at, 1)
    } else if (joinsLower) this.#ends[at - 1] = value + 1
    else if (joinsUpper) this.#starts[at] = value
    else {
      this.#starts.splice(at, 0, value)
      this.#ends.splice(at, 0, value + 1)
      if (this.#starts.length > this.#most) {
        this.#starts.shift()
        this.#ends.shift()
      }
    }
  }

  /** The first run that begins after a value. */
  #after(value: number): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#starts[middle]! <= value) low = middle + 1
      else high = middle
    }
    return low
  }
}
