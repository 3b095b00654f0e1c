/** First in, first out, with entries that may leave from the middle: they set `gone` and are passed over. */
export class Fifo<T extends { gone: boolean }> {
  #items: T[] = []
  #head = 0
  #gone = 0

  push(item: T): void {
    this.#items.push(item)
  }

  /** To the front. */
  unshift(item: T): void {
    this.#items.splice(this.#head, 0, item)
  }

  /** The oldest that is still there. */
  first(): T | undefined {
    const items = this.#items
    while (this.#head < items.length) {
      const item = items[this.#head]!
      if (!item.gone) return item
      this.#drop()
      if (this.#gone > 0) this.#gone--
    }
    return undefined
  }

  /** Takes out what `first` gave. */
  shift(): void {
    this.#drop()
  }

  /** To be called when an entry has set `gone`: keeps those that wait in the middle from piling up. */
  left(): void {
    this.#gone++
    if (this.#gone > 32 && this.#gone * 2 > this.#items.length - this.#head) {
      this.#items = this.#items.slice(this.#head).filter((item) => !item.gone)
      this.#head = 0
      this.#gone = 0
    }
  }

  get empty(): boolean {
    return this.first() === undefined
  }

  *[Symbol.iterator](): Generator<T> {
    for (let k = this.#head; k < this.#items.length; k++) if (!this.#items[k]!.gone) yield this.#items[k]!
  }

  #drop(): void {
    const items = this.#items
    items[this.#head++] = undefined as never
    if (this.#head === items.length) {
      items.length = 0
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > items.length) {
      items.splice(0, this.#head)
      this.#head = 0
    }
  }
}
