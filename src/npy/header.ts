import { RxmpiError } from '../errors.js'
import { formatError } from '../file/failure.js'
import type { FileType } from '../file/view.js'
import { descrOf, type Elements, elementsOf } from './dtype.js'
import { type Literal, parseLiteral } from './python-literal.js'

/** What the beginning of a `.npy` file says. */
export interface NpyHeader extends Elements {
  /** Elements along each dimension; none: a single element. */
  readonly shape: readonly number[]
  /** `'C'`: the last index runs fastest; `'F'`: the first. */
  readonly order: 'C' | 'F'
  /** The byte where the elements begin. */
  readonly at: number
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1')
/** Elements begin at a multiple of this. */
const ALIGNMENT = 64

/** Bytes that tell how long a header is. */
export const PREFIX = 12

/** How long the header is that begins so. Throws a FileError where it is none. */
export function headerLength(bytes: Buffer, path: string): number {
  if (bytes.length < PREFIX || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw formatError(path, 0, 'this is no .npy file')
  const version = bytes[6]!
  if (version < 1 || version > 3) throw formatError(path, 6, `.npy files of version ${version} are not known`)
  return version === 1 ? 10 + bytes.readUInt16LE(8) : 12 + bytes.readUInt32LE(8)
}

/** Source: NEP 1, "A simple file format for NumPy arrays". Throws a FileError, a DatatypeError. */
export function parseHeader(bytes: Buffer, path: string): NpyHeader {
  const at = headerLength(bytes, path)
  const start = bytes[6] === 1 ? 10 : 12
  if (bytes.length < at) throw formatError(path, bytes.length, `the header ends at byte ${at}, the file before`)
  try {
    const { descr, fortran_order, shape } = parseLiteral(bytes.toString(bytes[6] === 3 ? 'utf8' : 'latin1', start, at)) as {
      [key: string]: Literal
    }
    const isShape = Array.isArray(shape) && shape.every((length) => Number.isSafeInteger(length) && (length as number) >= 0)
    if (descr === undefined || typeof fortran_order !== 'boolean' || !isShape)
      throw new SyntaxError('descr, fortran_order or shape is missing')
    return { ...elementsOf(descr), shape: shape as number[], order: fortran_order ? 'F' : 'C', at }
  } catch (error) {
    if (error instanceof RxmpiError) throw error
    throw formatError(path, start, `the header cannot be read: ${(error as Error).message}`)
  }
}

/** The beginning of a file with such elements in this machine's order of bytes. */
export function headerFor(type: FileType, shape: readonly number[], order: 'C' | 'F'): Uint8Array {
  const lengths = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = `{'descr': ${descrOf(type)}, 'fortran_order': ${order === 'F' ? 'True' : 'False'}, 'shape': (${lengths}), }`
  const body = Buffer.from(text)
  const version = body.length !== text.length ? 3 : body.length < 65_000 ? 1 : 2
  const start = version === 1 ? 10 : 12
  const end = Math.ceil((start + body.length + 1) / ALIGNMENT) * ALIGNMENT
  const header = Buffer.alloc(end, ' ')
  MAGIC.copy(header)
  header[6] = version
  header[7] = 0
  if (version === 1) header.writeUInt16LE(end - start, 8)
  else header.writeUInt32LE(end - start, 8)
  body.copy(header, start)
  header[end - 1] = 10
  return header
}
