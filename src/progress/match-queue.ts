/** First in, first out, with entries that may leave from the middle: they set `gone` and are passed over. */
export class MatchQueue<T extends { gone: boolean }> {
  /**
   * Places from `#head` to `#tail` are in use. The array never shrinks but when it is packed: setting its length costs more than all else
   * here.
   */
  #items: (T | undefined)[] = []
  #head = 0
  #tail = 0
  #gone = 0

  push(item: T): void {
    if (this.#tail > 1024 && this.#head * 2 > this.#tail) this.#pack()
    this.#items[this.#tail++] = item
  }

  /** Before the first that `isLater`. It may have been here before and have left. Linear. */
  insert(item: T, isLater: (other: T) => boolean): void {
    this.#pack()
    const at = this.#items.findIndex((other) => isLater(other!))
    this.#items.splice(at < 0 ? this.#tail : at, 0, item)
    this.#tail++
  }

  /** The oldest that is still there. */
  first(): T | undefined {
    while (this.#head < this.#tail) {
      const item = this.#items[this.#head]!
      if (!item.gone) return item
      this.shift()
      if (this.#gone > 0) this.#gone--
    }
    return undefined
  }

  /** Takes out what `first` gave. */
  shift(): void {
    this.#items[this.#head++] = undefined
    if (this.#head === this.#tail) {
      this.#head = 0
      this.#tail = 0
    }
  }

  /** To be called when an entry has set `gone`: keeps those that wait in the middle from piling up. */
  left(): void {
    this.#gone++
    if (this.#gone > 32 && this.#gone * 2 > this.#tail - this.#head) this.#pack()
  }

  get empty(): boolean {
    return this.first() === undefined
  }

  *[Symbol.iterator](): Generator<T> {
    for (let k = this.#head; k < this.#tail; k++) if (!this.#items[k]!.gone) yield this.#items[k]!
  }

  #pack(): void {
    this.#items = this.#items.slice(this.#head, this.#tail).filter((item) => !item!.gone)
    this.#head = 0
    this.#tail = this.#items.length
    this.#gone = 0
  }
}
