/**
 * How the processes of a job that something else has started find each other: a few words that one puts and all get. It is PMI's idea,
 * and of the ways to do it the first that is there is taken. Limits are in milliseconds; past one it is a StartupTimeoutError.
 */
export interface Bootstrap {
  /** What it is, for `rxmpi info` and errors. */
  readonly name: string
  /** Where rank 0 must listen; 0: anywhere. */
  readonly port: number
  put(value: string): Promise<void>
  /** Resolves when all have put what they put. */
  fence(limitMs: number): Promise<void>
  /** What rank 0 has put. */
  get(limitMs: number): Promise<string>
  /** Has the launcher end all processes. */
  abort(status: number): void
  /** This process ends well. */
  finish(): Promise<void>
}
