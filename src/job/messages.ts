import type { Order, Refusal } from '../progress/job-services.js'

/** What a job and its ranks say to each other about worlds, ports and what joins them, whatever carries it. */

/** A rank's place in what joins two groups of ranks, as far as it does not matter what carries that. */
export interface JobSeat {
  fabric: number
  /** It is the way to those who have spawned this rank. */
  isParent: boolean
  /** What it has come of, at the ranks that listen: at their root first, and at the others once that has taken it. */
  port?: number | undefined
}

/** What the job says of what was asked for, and of ports. */
export type JobNews =
  /** What it has asked for is done, or is not. */
  | { type: 'answered'; id: number; value?: number | undefined; refusal?: Refusal | undefined }
  /** A port is closed. */
  | { type: 'unlistened'; port: number }
  /** How ranks of other jobs connect to a port. */
  | { type: 'ticket'; port: number; ticket: string }

export type FromJob<S extends JobSeat> =
  /** It is joined with ranks of another world. */
  { type: 'joined'; seat: S } | JobNews

export type ToJob =
  /** Start ranks, open a port, or connect to one. */
  | { type: 'asked'; id: number; order: Order }
  /** What was asked for is not wanted any more, nor is an answer. */
  | { type: 'withdrawn'; id: number }
  /** The same, said by any of those for whom it was asked; it is answered whether this has come in time. */
  | { type: 'withdraw'; key: string }
  /** Said by the root of those who listen: who has come is let in; or nobody is any more. */
  | { type: 'taken' | 'unlisten'; port: number }
