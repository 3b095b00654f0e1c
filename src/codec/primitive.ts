/** Which primitives cbor-x gives back as they were. */

const MIN_INTEGER = -(2n ** 63n)
const INTEGER_END = 2n ** 64n

/** Others would become bignums, which are slow to read. */
export const isInteger64 = (value: bigint): boolean => value >= MIN_INTEGER && value < INTEGER_END

const SURE_LENGTH = 12
const BYTE_ORDER_MARK = 0xfeff

/**
 * A lone surrogate would arrive as three U+FFFD instead of one, and without its native part cbor-x drops a leading byte order mark of
 * long strings.
 */
export function isFaithful(text: string): boolean {
  const length = text.length
  if (length > SURE_LENGTH) return wellFormed(text) && text.charCodeAt(0) !== BYTE_ORDER_MARK
  for (let i = 0; i < length; i++) {
    if ((text.charCodeAt(i) & 0xf800) === 0xd800) return wellFormed(text)
  }
  return true
}

const wellFormed = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed()

/** cbor-x renames one and is misled by the other. */
export const isPlainKey = (key: string): boolean => key !== '__proto__' && key !== 'constructor' && isFaithful(key)
