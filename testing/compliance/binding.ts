import type { Transport } from '../../src/transport/transport.js'
import type { Skip } from './runner.js'

/** What the suites need to know about a transport. */
export interface TransportBinding {
  /** What the suite is called in the report. */
  name: string
  /** The ends of all ranks of a new world, in this thread. */
  create(size: number): TransportRig | Promise<TransportRig>
  /** Tests that this transport need not pass, each with the reason; default none. */
  skip?: readonly Skip[]
}

/** A world of one test: the ends of its ranks, and its time. */
export interface TransportRig {
  /** The ends, in rank order. */
  readonly transports: readonly Transport[]
  /**
   * Lets time pass, so that what is under way comes nearer: a turn of the event loop, a run of the virtual clock. It is called in a loop;
   * what has not come after 20,000 of them is taken for lost.
   */
  settle(): void | Promise<void>
  /** Ends a rank as the end of its thread or process would. */
  end(rank: number): void
  /** Gives up all that `create` has taken: memory, sockets, threads. */
  close(): void | Promise<void>
}
