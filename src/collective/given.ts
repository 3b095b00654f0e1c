import { type BufferLike, datatypeOf, OBJECT } from '../codec/datatype.js'
import { encodeObject } from '../codec/object.js'
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
  if (datatypeOf(value) === OBJECT) encodeObject(value, 0)
  else checkAttached(value as BufferLike, 'data')
}
