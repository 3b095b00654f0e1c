import type { Transport } from '../../src/transport/transport.js'
import type { Skip } from './runner.js'

/** What the suites need to know about a transport. */
export interface TransportBinding {
  name: string
  /** The ends of all ranks of a new world, in this thread. */
  create(size: number): TransportRig | Promise<TransportRig>
  skip?: readonly Skip[]
}

export interface TransportRig {
  readonly transports: readonly Transport[]
  /**
   * Lets time pass, so that what is under way comes nearer: a turn of the event loop, a run of the virtual clock. It is called in a loop;
   * what has not come after 20,000 of them is taken for lost.
   */
  settle(): void | Promise<void>
  /** Ends a rank as the end of its thread or process would. */
  end(rank: number): void
  close(): void | Promise<void>
}
