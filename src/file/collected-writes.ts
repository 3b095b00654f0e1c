import type { Done } from '../service/done.js'
import type { FileAccess } from './access.js'

/** Where the values of a block lie: one behind the other, each of a rank. */
export interface Layout {
  readonly start: number
  readonly ranks: readonly number[]
  /** Where each value ends in the file. */
  readonly ends: Float64Array
}

/** A block on its way to the file. */
interface Collection {
  layout: Layout | undefined
  /** The ranks that have values in it. */
  of: ReadonlySet<number>
  /** By rank: the bytes of its values, one behind the other. */
  readonly parts: Map<number, Uint8Array>
  readonly replies: Done<void>[]
}

/**
 * Short values of ranks that lie between each other in the file: one rank gets those of a block, and writes them in one run. One block
 * after the other, so that what a job leaves that is killed has no holes.
 */
export class CollectedWrites {
  readonly #access: FileAccess
  readonly #isFlushed: boolean
  readonly #blocks = new Map<number, Collection>()
  /** Ranks from which nothing comes any more. */
  readonly #lost = new Map<number, Error>()
  #next = 0
  #isWriting = false
  #failure: Error | undefined

  /** `isFlushed`: the device has a block before that is said to be written. */
  constructor(access: FileAccess, isFlushed: boolean) {
    this.#access = access
    this.#isFlushed = isFlushed
  }

  /** Where the values of a block lie; calls back when it is written. */
  expect(block: number, layout: Layout, done: Done<void>): void {
    if (this.#failure !== undefined) return done(this.#failure)
    const one = this.#of(block)
    one.replies.push(done)
    one.layout = layout
    one.of = new Set(layout.ranks)
    this.#go()
  }

  /** A rank's values of a block; calls back when the whole block is written. */
  put(block: number, rank: number, bytes: Uint8Array, done: Done<void>): void {
    if (this.#failure !== undefined) return done(this.#failure)
    const { parts, replies } = this.#of(block)
    parts.set(rank, bytes)
    replies.push(done)
    this.#go()
  }

  /** What has not come from a rank does not come any more. */
  lose(rank: number, error: Error): void {
    if (!this.#lost.has(rank)) this.#lost.set(rank, error)
    this.#go()
  }

  /** Nothing more is written. */
  fail(error: Error): void {
    this.#failure ??= error
    const blocks = [...this.#blocks.values()]
    this.#blocks.clear()
    for (const { replies } of blocks) for (const reply of replies) reply(this.#failure)
  }

  #of(block: number): Collection {
    const known = this.#blocks.get(block) ?? { layout: undefined, of: NONE, parts: new Map(), replies: [] }
    this.#blocks.set(block, known)
    return known
  }

  #go(): void {
    const block = this.#blocks.get(this.#next)
    if (this.#isWriting || this.#failure !== undefined || block?.layout === undefined) return
    const missing = [...block.of].filter((rank) => !block.parts.has(rank))
    if (missing.length > 0) {
      const lost = missing.find((rank) => this.#lost.has(rank))
      if (lost !== undefined) this.fail(this.#lost.get(lost)!)
      return
    }
    this.#isWriting = true
    this.#access.write(inOrder(block.layout, block.parts), block.layout.start, (error) => {
      if (error !== null) return this.fail(error)
      if (!this.#isFlushed) return this.#written(block)
      this.#access.sync((failure) => (failure === null ? this.#written(block) : this.fail(failure)))
    })
  }

  #written({ replies }: Collection): void {
    this.#blocks.delete(this.#next++)
    this.#isWriting = false
    for (const reply of replies) reply(null)
    this.#go()
  }
}

const NONE: ReadonlySet<number> = new Set()

/**
 * The values as they lie in the file. All parts are first put behind the place where they go, in one memory: within one, `copyWithin` moves
 * 100 B in 50 ns, which between two takes three times as long.
 */
function inOrder({ start, ranks, ends }: Layout, parts: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const total = ends[ends.length - 1]! - start
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(2 * total).buffer)
  /** By rank, where its next value is. */
  const from = new Array<number>(Math.max(...parts.keys()) + 1).fill(0)
  let put = total
  for (const [rank, part] of parts) {
    bytes.set(part, put)
    from[rank] = put
    put += part.length
  }
  let at = 0
  for (let k = 0; k < ranks.length; k++) {
    const next = from[ranks[k]!]!
    const length = ends[k]! - start - at
    bytes.copyWithin(at, next, next + length)
    from[ranks[k]!] = next + length
    at += length
  }
  return bytes.subarray(0, total)
}
