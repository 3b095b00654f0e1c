import type { CommunicatorCore } from '../core/communicator-core.js'
import { OverflowError } from '../errors.js'
import type { StreamStatus } from './status.js'
import type { Writer } from './writer.js'

/** What happens to the values of a source that outruns its reader's credit. */
export type Overflow = 'buffer' | 'error' | 'dropOldest' | 'dropNewest' | 'latest'

export const OVERFLOWS: readonly Overflow[] = ['buffer', 'error', 'dropOldest', 'dropNewest', 'latest']

/** Values that may wait, where the program does not say. */
export const defaultHighWaterMark = (overflow: Overflow): number => (overflow === 'buffer' ? 1_000_000 : 1024)

/** Bytes that may wait in any case: what buffers more is broken rather than behind. */
const MOST_BYTES = 2 ** 28
/** Values that wait between two looks for credit, while the source does not let the event loop have its turn. */
const LOOK_EVERY = 256

/** Lets values into a stream as far as there is credit, and beyond it does as the policy says. */
export class OverflowPolicy {
  readonly #writer: Writer
  readonly #comm: CommunicatorCore
  readonly #overflow: Overflow
  readonly #highWaterMark: number
  #dropped = 0
  #refused = 0

  constructor(writer: Writer, comm: CommunicatorCore, overflow: Overflow, highWaterMark: number, status: StreamStatus | undefined) {
    this.#writer = writer
    this.#comm = comm
    this.#overflow = overflow
    this.#highWaterMark = overflow === 'latest' ? 1 : highWaterMark
    status?.follow(this)
  }

  get sent(): number {
    return this.#writer.sent
  }

  get dropped(): number {
    return this.#dropped
  }

  get buffered(): number {
    return this.#writer.queued
  }

  /** Whether the value is on its way or waits. Throws what is wrong with it, or that it is one too many. */
  next(value: unknown): boolean {
    const writer = this.#writer
    if (writer.ended) return false
    if (!writer.open && writer.outrun && !this.#makeRoom()) return false
    writer.next(value)
    return true
  }

  #makeRoom(): boolean {
    const writer = this.#writer
    if (++this.#refused % LOOK_EVERY === 0) {
      this.#comm.poll()
      if (writer.ended) return false
      if (!writer.outrun) return true
    }
    if (this.#overflow === 'error') throw this.#overflown('there is no credit for another value')
    const full = writer.queued >= this.#highWaterMark
    if (this.#overflow === 'buffer') {
      if (full) throw this.#overflown(`${writer.queued} values wait, which is highWaterMark`)
      if (writer.queuedBytes >= MOST_BYTES) throw this.#overflown(`${writer.queuedBytes} bytes wait`)
      return true
    }
    if (!full) return true
    this.#dropped++
    if (this.#overflow === 'dropNewest' || writer.queued === 0) return false
    writer.discard()
    return true
  }

  #overflown(what: string): OverflowError {
    return new OverflowError(
      `the source outruns rank ${this.#comm.rankOf(this.#writer.peer)}, which reads its tag ${this.#writer.tag}: ${what}; ` +
        'give a source that can wait (mpi.pull of an iterable, async iterable or stream), or another overflow policy'
    )
  }
}
