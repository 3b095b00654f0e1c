import { type BufferLike, datatypeOf, memoryOf, NUMBER, OBJECT } from '../codec/datatype.js'
import { encodeObject } from '../codec/object.js'
import { checkAttached } from '../diagnostics/arguments.js'
import { Pickable } from '../layout/picked.js'
import { checkThere } from '../layout/view.js'
import { duplicate, type Memory } from '../memory/copy.js'
import { bytesOfNumber } from '../memory/scratch.js'
import { EAGER_BYTES } from '../progress/send-queue.js'

/** A value as it travels. */
export interface Payload {
  readonly datatype: number
  readonly bytes: Memory
}

const numberPayload: Payload = { datatype: NUMBER, bytes: bytesOfNumber(0) }

/**
 * The bytes of a value; those that are not the caller's own are valid until the next. Throws a DataCloneError, or an ArgumentError for a
 * buffer whose memory is gone.
 */
export function payloadOf(value: unknown): Payload {
  if (typeof value === 'number') {
    bytesOfNumber(value)
    return numberPayload
  }
  const datatype = datatypeOf(value)
  if (datatype === OBJECT) return value instanceof Pickable ? pickedPayload(value) : { datatype, bytes: encodeObject(value) }
  checkAttached(value as BufferLike, 'data')
  return { datatype, bytes: memoryOf(value as BufferLike) }
}

/** Of a view the pieces, put together: a stream may keep its values for long. */
function pickedPayload(value: Pickable): Payload {
  checkThere(value, 'data')
  const { datatype, runs } = value.picked
  return { datatype, bytes: runs.packed() }
}

/** The same in memory of its own. */
export function kept({ datatype, bytes }: Payload): Payload {
  return { datatype, bytes: bytes.byteLength > EAGER_BYTES ? duplicate(bytes) : (bytes as Uint8Array).slice() }
}

/** Whether the bytes are the caller's own, and not those of the encoder. */
export const isCallers = ({ datatype }: Payload): boolean => datatype !== OBJECT && datatype !== NUMBER
