import { ArgumentError } from '../errors.js'

/** What a rank has left over at its end is told on its standard error, makes it fail, too, or is not told. */
export type Leftovers = 'warn' | 'error' | 'ignore'

const POLICIES: readonly unknown[] = ['warn', 'error', 'ignore'] satisfies Leftovers[]

export function checkLeftovers(policy: unknown, name: string): asserts policy is Leftovers {
  if (!POLICIES.includes(policy)) throw new ArgumentError(`${name} was ${String(policy)}: expected 'warn', 'error' or 'ignore'`)
}

/** For a program that no command of rxmpi starts. */
export function leftoversOf({ RXMPI_LEFTOVERS: policy = 'warn' }: NodeJS.ProcessEnv): Leftovers {
  checkLeftovers(policy, 'RXMPI_LEFTOVERS')
  return policy
}
