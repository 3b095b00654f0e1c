import { ANY_SOURCE, ANY_TAG } from '../constants.js'
import { TagTable } from '../memory/tag-table.js'
import { MatchQueue } from './match-queue.js'

/**
 * Posted receives × unexpected messages: which message meets which receive. Pure, no I/O; one for each communicator.
 *
 * A message goes to the receive that was posted first among those that match it; a receive gets the message that arrived first among those
 * that match it. With messages of one source arriving in the order they were sent, this is MPI's non-overtaking rule. Source: MPI 4.1 §3.5.
 * Cost: O(1) for exact receives and for messages, O(p) for a receive from any source.
 */
export class Matching<R extends Posted, M extends Arrived> {
  readonly #posted = new Buckets<R>()
  /** By source and tag, and under ANY_TAG all of a source. */
  readonly #unexpected = new Buckets<M>()
  #order = 0
  #kept = 0
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  /** The receive for a message that has arrived, taken out; `undefined` when none waits for it. */
  match(source: number, tag: number): R | undefined {
    const posted = this.#posted
    let bucket = posted.get(source, tag)
    let found = bucket?.first()
    if (posted.wildcards > 0) {
      const wider = [posted.get(source, ANY_TAG), posted.get(ANY_SOURCE, tag), posted.get(ANY_SOURCE, ANY_TAG)]
      for (const other of wider) {
        const receive = other?.first()
        if (receive !== undefined && (found === undefined || receive.order < found.order)) {
          found = receive
          bucket = other
        }
      }
    }
    if (found === undefined) return undefined
    bucket!.shift()
    found.gone = true
    posted.left(found.peer, found.tag)
    return found
  }

  /** Lets a receive wait. */
  post(receive: R): void {
    receive.order = this.next()
    receive.gone = false
    this.#posted.entered(receive.peer, receive.tag).push(receive)
  }

  /** A place in the order of posting. */
  next(): number {
    return this.#order++
  }

  /** Takes back a receive; false when it does not wait (any more). */
  withdraw(receive: R): boolean {
    if (receive.gone) return false
    receive.gone = true
    this.#posted.get(receive.peer, receive.tag)!.left()
    this.#posted.left(receive.peer, receive.tag)
    return true
  }

  /** Keeps a message that no receive waits for. */
  keep(message: M): void {
    this.#kept++
    message.gone = false
    this.#unexpected.entered(message.source, message.tag).push(message)
    this.#unexpected.entered(message.source, ANY_TAG).push(message)
  }

  /** Keeps a message again that was taken and not used, in its old place. */
  putBack(message: M): void {
    const isLater = (other: M): boolean => other.order > message.order
    this.#unexpected.entered(message.source, message.tag).insert(message, isLater)
    this.#unexpected.entered(message.source, ANY_TAG).insert(message, isLater)
    this.#kept++
    message.gone = false
  }

  /** Messages that no receive waits for. */
  get kept(): number {
    return this.#kept
  }

  /** The sources that messages have waited from so far. */
  get sources(): readonly number[] {
    return this.#unexpected.sources
  }

  /** The message that a receive would get now, left in its place. */
  find(source: number, tag: number): M | undefined {
    if (source !== ANY_SOURCE) return this.#unexpected.get(source, tag)?.first()
    let found: M | undefined
    for (let from = 0; from < this.#size; from++) {
      const message = this.#unexpected.get(from, tag)?.first()
      if (message !== undefined && (found === undefined || message.order < found.order)) found = message
    }
    return found
  }

  /** Takes out a message that `find` gave, or one that was taken back by its sender. */
  take(message: M): void {
    this.#kept--
    message.gone = true
    this.#leave(message.source, message.tag)
    this.#leave(message.source, ANY_TAG)
  }

  /** The messages of a source that no receive waits for. */
  *unexpected(source: number): Generator<M> {
    yield* this.#unexpected.get(source, ANY_TAG) ?? []
  }

  /** All messages that no receive waits for, by source. */
  *unreceived(): Generator<M> {
    for (const source of [...this.#unexpected.sources].sort((a, b) => a - b)) yield* this.unexpected(source)
  }

  /** Whether a receive waits that a message of this source could match. */
  waitsFor(source: number): boolean {
    return this.#posted.waiting(source) > 0 || this.#posted.waiting(ANY_SOURCE) > 0
  }

  /** The receives that wait, in the order of posting. */
  waiting(): R[] {
    return [...this.#posted.all()].sort((a, b) => a.order - b.order)
  }

  #leave(source: number, tag: number): void {
    this.#unexpected.get(source, tag)!.left()
    this.#unexpected.left(source, tag)
  }
}

export interface Posted {
  /** The source it waits for. */
  readonly peer: number
  readonly tag: number
  /** The place in the order of posting. */
  order: number
  /** It does not wait (any more). */
  gone: boolean
}

export interface Arrived {
  readonly source: number
  readonly tag: number
  /** The place in the order of arrival. */
  readonly order: number
  gone: boolean
}

/** Queues by source and tag. */
class Buckets<T extends { tag: number; gone: boolean }> {
  /** How many entries name ANY_SOURCE or ANY_TAG. */
  wildcards = 0
  /** At the place `source + 1`. */
  readonly #sources: (TagQueues<T> | undefined)[] = []
  /** The sources that entries have named so far. */
  readonly sources: number[] = []
  readonly #waiting: number[] = []

  get(source: number, tag: number): MatchQueue<T> | undefined {
    return this.#sources[source + 1]?.get(tag)
  }

  /** The queue for an entry that comes. */
  entered(source: number, tag: number): MatchQueue<T> {
    this.#waiting[source + 1] = this.waiting(source) + 1
    if (source === ANY_SOURCE || tag === ANY_TAG) this.wildcards++
    let tags = this.#sources[source + 1]
    if (tags === undefined) {
      tags = new TagQueues()
      this.#sources[source + 1] = tags
      this.sources.push(source)
    }
    return tags.entered(tag)
  }

  waiting(source: number): number {
    return this.#waiting[source + 1] ?? 0
  }

  /** An entry has gone. */
  left(source: number, tag: number): void {
    this.#waiting[source + 1]!--
    if (source === ANY_SOURCE || tag === ANY_TAG) this.wildcards--
  }

  *all(): Generator<T> {
    for (const tags of Object.values(this.#sources)) for (const queue of tags?.all() ?? []) yield* queue
  }
}

interface TagQueue<T extends { gone: boolean }> {
  tag: number
  readonly queue: MatchQueue<T>
  next: TagQueue<T> | undefined
}

/**
 * The queues of a source by tag. That of a tag with nothing in it is given to the next tag that needs one: in collectives every message has
 * a tag of its own.
 */
class TagQueues<T extends { tag: number; gone: boolean }> {
  /** That of ANY_TAG, which is never given away. */
  readonly #any = new MatchQueue<T>()
  readonly #tags = new TagTable<TagQueue<T>>()

  get(tag: number): MatchQueue<T> | undefined {
    return tag === ANY_TAG ? this.#any : this.#tags.get(tag)?.queue
  }

  entered(tag: number): MatchQueue<T> {
    if (tag === ANY_TAG) return this.#any
    let free: TagQueue<T> | undefined
    for (let entry = this.#tags.place(tag); entry !== undefined; entry = entry.next) {
      if (entry.tag === tag) return entry.queue
      if (entry.queue.empty) free = entry
    }
    if (free === undefined) {
      free = { tag, queue: new MatchQueue(), next: undefined }
      this.#tags.add(free)
    } else free.tag = tag
    return free.queue
  }

  *all(): Generator<MatchQueue<T>> {
    yield this.#any
    for (const { queue } of this.#tags.all()) yield queue
  }
}
