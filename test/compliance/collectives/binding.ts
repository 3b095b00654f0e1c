import { concat, defer, type Observable } from 'rxjs'
import type { Communicator } from '../../../src/communicator/communicator.js'

/** Where collectives are tested. */
export interface CollectivesBinding {
  readonly name: string
  /** How many ranks. */
  readonly sizes: readonly number[]
  /**
   * Runs a program on every rank of a new world, and tells what each has emitted and how it ended. One that does not end is the test's
   * failure.
   */
  run<T>(size: number, program: (comm: Communicator) => Observable<T>): Promise<Outcome<T>[]>
}

export interface Outcome<T = unknown> {
  readonly values: readonly T[]
  /** `undefined` where it has completed. */
  readonly error: unknown
}

/** One, powers of two, their neighbours and primes. */
export const manySizes = [1, 2, 3, 4, 5, 7, 8]
/**
 * One, the least that has a neighbour, no power of two, and one of several rounds: where the steps are those of another binding's many
 * sizes.
 */
export const someSizes = [1, 2, 3, 8]

export const below = (count: number): number[] => Array.from({ length: count }, (_, k) => k)

/** What each rank has emitted; all must have completed. */
export async function results<T>(
  { run }: CollectivesBinding,
  size: number,
  program: (comm: Communicator) => Observable<T>
): Promise<(readonly T[])[]> {
  const outcomes = await run(size, program)
  for (const { error } of outcomes) if (error !== undefined) throw error
  return outcomes.map(({ values }) => values)
}

/** One after the other with every rank as the root: what each rank has emitted, by root. */
export function byRoot<T>({ size }: Communicator, call: (root: number) => Observable<T>): Observable<T> {
  return concat(...below(size).map((root) => defer(() => call(root))))
}

/** The same for any calls: a rank makes each when the one before is done. */
export function inTurn<T>(calls: readonly (() => Observable<T>)[]): Observable<T> {
  return concat(...calls.map((call) => defer(call)))
}
