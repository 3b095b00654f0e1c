/**
 * A few things by tag, of which there is a new one for each collective: a hash table whose places are used again as the tags go round. A
 * `Map` would make a new table every few entries, and each old one would keep the next from the collector.
 */
export class TagTable<T extends { readonly tag: number; next: T | undefined }> {
  #places: (T | undefined)[] = new Array(16).fill(undefined)
  #count = 0

  get(tag: number): T | undefined {
    let thing = this.place(tag)
    while (thing !== undefined && thing.tag !== tag) thing = thing.next
    return thing
  }

  /** The first of those that share a tag's place: the others follow by `next`. A tag that has the same place may be exchanged for it. */
  place(tag: number): T | undefined {
    return this.#places[tag & (this.#places.length - 1)]
  }

  add(thing: T): void {
    if (++this.#count > 2 * this.#places.length) this.#grow()
    this.#put(thing)
  }

  remove(thing: T): void {
    const place = thing.tag & (this.#places.length - 1)
    let other = this.#places[place]
    if (other === thing) this.#places[place] = thing.next
    else {
      while (other !== undefined && other.next !== thing) other = other.next
      if (other === undefined) return
      other.next = thing.next
    }
    thing.next = undefined
    this.#count--
  }

  *all(): Generator<T> {
    for (const place of this.#places) for (let thing = place; thing !== undefined; thing = thing.next) yield thing
  }

  #put(thing: T): void {
    const place = thing.tag & (this.#places.length - 1)
    thing.next = this.#places[place]
    this.#places[place] = thing
  }

  #grow(): void {
    const things = [...this.all()]
    this.#places = new Array(this.#places.length * 4).fill(undefined)
    for (const thing of things) this.#put(thing)
  }
}
