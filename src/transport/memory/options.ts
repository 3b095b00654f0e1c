import type { SchedulerLike } from 'rxjs'
import type { Slot } from '../transport.js'

/** How fast a link is. */
export interface LinkModel {
  /** Milliseconds that a segment takes from one end to the other; default 0. `Infinity` is a cut link. */
  latency?: number
  /** Default `Infinity`. */
  bytesPerMs?: number
}

/** How fast a network in virtual time is, how its ranks lie on hosts, and who watches. */
export interface MemoryNetworkOptions extends LinkModel {
  /** All time is its time: a `TestScheduler` makes it exact. */
  scheduler: SchedulerLike
  /** How fast each link is, where they differ; what it leaves out is as in `latency` and `bytesPerMs`. */
  link?: (from: number, to: number) => LinkModel
  /** The number of each rank's host; default one host for all. */
  hosts?: readonly number[]
  /** Bytes that may be under way from one rank to another; default 1 MiB. */
  capacity?: number
  /** Bytes of each segment that take no time, so that the diagrams of small messages come out even; default 0. */
  headerBytes?: number
  /** Decides, lowest first, between segments from several ranks that reach a rank at the same time; default as they were sent. */
  order?: () => number
  /** Milliseconds that a segment takes longer than its link says; default none. */
  delay?: () => number
  /** Sees every segment as it is sent, within the call that sends it. */
  observeSent?: (segment: Slot) => void
  /** Sees every segment and every moved buffer just before it is delivered. */
  observe?: (delivery: Delivery) => void
}

/** A segment or a moved buffer that reaches its rank. */
export interface Delivery {
  /** The rank that sent it. */
  readonly from: number
  /** The rank that it reaches. */
  readonly to: number
  /** When, in milliseconds of the scheduler's clock. */
  readonly time: number
  /** Valid during the call only; absent where a buffer is moved. */
  readonly segment: Slot | undefined
  /** What `move` handed over. */
  readonly moved: { readonly id: number; readonly buffer: ArrayBuffer } | undefined
}
