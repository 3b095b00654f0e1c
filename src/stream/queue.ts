/** First in, first out, in constant time. */
export class Queue<T> {
  /** Places from `#head` to `#tail` are in use. The array's length is left alone: to set it costs more than all else. */
  #items: (T | undefined)[] = []
  #head = 0
  #tail = 0

  get length(): number {
    return this.#tail - this.#head
  }

  push(item: T): void {
    if (this.#tail > 1024 && this.#head * 2 > this.#tail) {
      this.#items = this.#items.slice(this.#head, this.#tail)
      this.#tail -= this.#head
      this.#head = 0
    }
    this.#items[this.#tail++] = item
  }

  /** Of one that is not empty. */
  shift(): T {
    const item = this.#items[this.#head]!
    this.#items[this.#head++] = undefined
    if (this.#head === this.#tail) {
      this.#head = 0
      this.#tail = 0
    }
    return item
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  clear(): void {
    this.#items = []
    this.#head = 0
    this.#tail = 0
  }
}
