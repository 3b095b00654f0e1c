import { ArgumentError } from '../errors.js'

/**
 * What is checked that costs: whether the program changes memory that a call is on, and with 'races', too, which receives could have
 * matched messages of several senders.
 */
export type Check = 'nothing' | 'memory' | 'races'

export const checkPolicyOf = (check: boolean | undefined, races: boolean | undefined): Check | undefined =>
  races ? 'races' : check === undefined ? undefined : check ? 'memory' : 'nothing'

/** Where nothing else says so. */
export function checkIn({ RXMPI_CHECK: policy = '' }: NodeJS.ProcessEnv): Check {
  if (policy === '' || policy === '0') return 'nothing'
  if (policy === '1') return 'memory'
  if (policy === 'races') return policy
  throw new ArgumentError(`RXMPI_CHECK was ${policy}: expected 1, 0 or races`)
}
