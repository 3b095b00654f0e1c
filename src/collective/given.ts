import { type BufferLike, datatypeOf, OBJECT } from '../codec/datatype.js'
import { encodeObject } from '../codec/object.js'
import { looking } from '../codec/reference.js'
import { checkAttached } from '../diagnostics/arguments.js'

/** Throws what is wrong with a value that is to be sent. */
export function checkSendable(value: unknown): void {
  switch (typeof value) {
    case 'number':
    case 'string':
    case 'boolean':
    case 'undefined':
      return
  }
  if (datatypeOf(value) === OBJECT) looking(() => encodeObject(value))
  else checkAttached(value as BufferLike, 'data')
}
