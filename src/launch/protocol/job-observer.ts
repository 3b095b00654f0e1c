import type { Log } from '../../diagnostics/flight-recorder.js'
import type { Observation, ObservedCall } from '../../runtime/observation.js'
import type { ToRank } from '../../runtime/rank-protocol.js'

/** `title`: what a rank is called in a world that was not there from the start. */
export interface ObservedFailure {
  readonly kind: string
  readonly rank?: number | undefined
  readonly title?: string | undefined
  readonly text: string
}

/** What of a job may be looked at. */
export interface ObservedJob {
  /** Those of all its worlds, as it numbers them. */
  readonly processes: readonly number[]
  /** Those that have not ended. */
  readonly alive: ReadonlySet<number>
  titleOf(process: number): string
  /** The first process of the world that one is in, and what its host is called. */
  placeOf(process: number): { base: number; host: string | undefined }
  post(process: number, message: ToRank): void
  /** What one has done last, which it need not answer for. */
  logOf(process: number, last: number): Promise<Log | undefined>
}

/** Somebody who looks on at a job. Processes are ranks of any of its worlds, by the job's numbering. */
export interface JobObserver {
  /** What a process has answered to `observe`. */
  observed(process: number, observation: Observation): void
  /** A deadlock was proved, and this is what one waits for: its calls are about to fail. */
  stuck(process: number, calls: readonly ObservedCall[]): void
  /** A rank has failed, or the job. */
  failed(failure: ObservedFailure): void
  /** The job is being ended: what ranks say from now on of those that end before them is not why. */
  ending(): void
  /** A rank is no more: it has ended well, has failed, or was ended with the job. */
  ended(process: number, how: 'end' | 'cut' | 'failure', reason: string | undefined): void
}
