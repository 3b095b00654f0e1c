import type { Observable } from 'rxjs'
import type { Endpoint } from './endpoint.js'

/**
 * A process that is a rank of some world, known by the same word wherever it is met: of this job its number among all that there have been,
 * of another a name.
 */
export type Process = number | string

/** So many ranks of one program. */
export interface Part {
  /** An absolute path. */
  readonly program: string
  readonly ranks: number
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Where ranks run that are spawned; threads of the root's host where nothing is said. */
export interface Where {
  readonly hosts?: string | undefined
  readonly placement?: 'thread' | 'process' | undefined
}

/** What the root of a spawn asks its job for. */
export interface SpawnOrder {
  readonly parts: readonly Part[]
  readonly where: Where
  /** Those who spawn, in the order of their ranks. */
  readonly processes: readonly Process[]
}

/** This rank's end of what joins the ranks of two communicators: a fabric. */
export interface Joined {
  readonly endpoint: Endpoint
  /** The endpoint's ranks of both groups. */
  readonly local: readonly number[]
  readonly remote: readonly number[]
  /** This rank is of the group that has spawned, or accepted. */
  readonly isFirst: boolean
}

/** What a rank may ask of its job beyond the world that it has from the start. */
export interface JobServices {
  /** This rank. */
  readonly process: Process
  /** Starts ranks, and emits the number of the fabric that joins them with those who have spawned. Called at the root. */
  spawn(order: SpawnOrder): Observable<number>
  /** Emits this rank's end of a fabric, as soon as there is one. */
  join(fabric: number): Observable<Joined>
}
