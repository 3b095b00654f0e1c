import { type BufferLike, datatypeOf, memoryOf } from '../codec/datatype.js'
import { ArgumentError } from '../errors.js'
import { copyAll } from '../memory/copy.js'
import { fitting } from '../request/receive-request.js'

/** Throws for an algorithm that cuts what every rank gives: a group gives nothing to itself. */
export function checkForAbsent(algorithm: string | undefined): void {
  if (algorithm !== 'rabenseifner' && algorithm !== 'ring') return
  throw new ArgumentError(
    `algorithm: '${algorithm}' needs a value of every rank, and over an intercommunicator only one group gives some to the other; leave it out`
  )
}

/** A result where it was wanted. */
export function placed(result: unknown, into: BufferLike | undefined): unknown {
  if (into === undefined) return result
  const datatype = datatypeOf(result)
  const memory = datatype === 0 ? undefined : memoryOf(result as BufferLike)
  const target = fitting(into, datatype, memory?.byteLength ?? 0, () => 'the remote group')
  if (memory !== undefined) copyAll(memory, target)
  return into
}
