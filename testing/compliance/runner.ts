/** What the suites need of a test runner: jest, Vitest, Mocha and node:test have it. */
export interface Runner {
  /** Groups the tests that `body` declares. */
  describe(name: string, body: () => void): unknown
  /** Declares a test; with `skip`, one that is reported and not run. */
  it: ((name: string, body: () => Promise<void>) => unknown) & { skip?: (name: string, body: () => Promise<void>) => unknown }
}

/** Tests that a transport does not pass, and why it does not have to. */
export interface Skip {
  /** Why, as the report gives it. */
  reason: string
  /** Their names in the suite. */
  tests: readonly string[]
}

/** Declares one test of a suite. */
export type Declare = (name: string, body: () => Promise<void>) => void

/** Declares a suite, without what is to be skipped. */
export function suite({ describe, it }: Runner, name: string, skip: readonly Skip[], body: (test: Declare) => void): void {
  const reasons = new Map(skip.flatMap(({ reason, tests }) => tests.map((test) => [test, reason] as const)))
  describe(name, () => {
    body((test, run) => {
      const reason = reasons.get(test)
      if (reason === undefined) it(test, run)
      else it.skip?.(`${test} (${reason})`, run)
    })
  })
}
