import { ArgumentError } from '../errors.js'

/** Whether processes of one machine may share memory, where they can; else they are joined by sockets. */
export function mayShareMemory({ RXMPI_SHARED_MEMORY: policy = '' }: NodeJS.ProcessEnv): boolean {
  if (policy === '' || policy === '1') return true
  if (policy === '0') return false
  throw new ArgumentError(`RXMPI_SHARED_MEMORY was ${policy}: expected 1 or 0`)
}
