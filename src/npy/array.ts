import { catchError, concatMap, firstValueFrom, map, type Observable } from 'rxjs'
import type { Communicator } from '../communicator/communicator.js'
import { checkOptions, shown } from '../diagnostics/arguments.js'
import { captureCallSite } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError } from '../errors.js'
import { formatError } from '../file/failure.js'
import type { File } from '../file/file.js'
import type { OpenOptions } from '../file/open.js'
import { type FileType, View } from '../file/view.js'
import { headerFor, headerLength, type NpyHeader, PREFIX, parseHeader } from './header.js'

/** An array of NumPy's in a file that all ranks have opened. Its view begins at the first element and has the elements' type. */
export interface NpyArray {
  /** The open file: for a rank's share of the array give its view a layout. */
  readonly file: File
  /** Elements along each dimension; none: a single element. */
  readonly shape: readonly number[]
  /** `'C'`: the last index runs fastest; `'F'`: the first. The layouts `subarray` and `distributed` take it. */
  readonly order: 'C' | 'F'
  /** Elements in all. */
  readonly length: number
}

/** How an array's file is opened: as `comm.open` has it. */
export type NpyOptions = Pick<OpenOptions, 'through' | 'buffering' | 'deleteOnClose' | 'name' | 'signal'>

/** What a new array is like. All ranks give the same. */
export interface NewNpyOptions extends NpyOptions {
  /** Elements along each dimension. */
  readonly shape: readonly number[]
  /** Of elements; default `'f64'`. A struct makes a structured array. */
  readonly type?: FileType
  /** In which order the elements lie; default `'C'`. */
  readonly order?: 'C' | 'F'
  /** The array takes the place of an old file when every rank has closed it well. */
  readonly replace?: boolean
}

const NPY: OptionNames<NpyOptions> = { through: true, buffering: true, deleteOnClose: true, name: true, signal: true }
const NEW_NPY: OptionNames<NewNpyOptions> = { ...NPY, shape: true, type: true, order: true, replace: true }

/**
 * Opens a file that `numpy.save` has written, on all ranks; the view has its type and begins at its first element. Collective.
 *
 * Units: elements, of the shape. Cost: a collective `open`, and a read of the header on each rank.
 * Errors: those of `comm.open`; FileError with reason 'EFORMAT' for what is no such file, or too short; DatatypeError for elements that
 * are no numbers, nor records of numbers. Complex numbers are structs of `re` and `im`, booleans bytes.
 * Source: NEP 1, "A simple file format for NumPy arrays".
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { distributed } from 'rxmpi/layout'
 * import { createNpy, openNpy } from 'rxmpi/npy'
 *
 * const grid = [1, comm.size]
 * const made = await createNpy(comm, '/tmp/rxmpi-example.npy', { shape: [2, 4], type: 'f64' })
 * await made.file.setView({
 *   ...made.file.view,
 *   layout: distributed({ sizes: made.shape, grid, coords: [0, comm.rank], by: ['none', 'block'] }) // This rank's columns.
 * })
 * await made.file.writeAll(new Float64Array(made.length / comm.size).fill(comm.rank))
 * await made.file.close()
 *
 * const { file, shape } = await openNpy(comm, '/tmp/rxmpi-example.npy', 'r', { deleteOnClose: true })
 * console.log(shape.join(), (await file.read<Float64Array>()).join('')) // [0] 2,4 00110011 [1] 2,4 00110011
 * await file.close()
 * ```
 */
export function openNpy(comm: Communicator, path: string | URL, mode: 'r' | 'r+' = 'r', options: NpyOptions = {}): Promise<NpyArray> {
  return begun(comm, () => opened(comm, path, mode, options))
}

/**
 * Makes a file that `numpy.load` reads, on all ranks; what is not written is zero. Collective.
 *
 * Units: elements, of the shape. Cost: a collective `open`, and the header, which one rank writes.
 * Errors: those of `comm.open`; CountError for a bad shape; DatatypeError for a type that NumPy has not. For an example see `openNpy`.
 */
export function createNpy(comm: Communicator, path: string | URL, options: NewNpyOptions): Promise<NpyArray> {
  return begun(comm, () => created(comm, path, options))
}

function begun(comm: Communicator, begin: () => Observable<NpyArray>): Promise<NpyArray> {
  try {
    return firstValueFrom(begin())
  } catch (error) {
    return Promise.reject(comm.core.inContext(error, captureCallSite()))
  }
}

/** @internal As `openNpy`. */
export function opened(comm: Communicator, path: string | URL, mode: 'r' | 'r+', options: NpyOptions): Observable<NpyArray> {
  checkOptions(options, NPY, "{ name: 'grid' }")
  return comm.iopen(path, mode, options).pipe(
    concatMap((file) =>
      file.iread({ at: 0, count: PREFIX }).pipe(
        concatMap((prefix) => file.iread({ at: 0, count: headerLength(asBuffer(prefix), file.path) })),
        map((bytes) => parseHeader(asBuffer(bytes), file.path)),
        concatMap((header) => file.isize().pipe(map((size) => checkSize(file.path, header, size)))),
        concatMap(({ at, type, format, shape, order }) => viewed(file, { at, type, format }, shape, order)),
        freeing(file)
      )
    )
  )
}

/** @internal As `createNpy`. */
export function created(comm: Communicator, path: string | URL, options: NewNpyOptions): Observable<NpyArray> {
  checkOptions(options, NEW_NPY, "{ shape: [3, 4], type: 'f64' }")
  const { shape, type = 'f64', order = 'C', ...rest } = options
  if (!Array.isArray(shape) || !shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new CountError(`shape: expected an array of integers from 0 on, got ${shown(shape)}`)
  }
  if (order !== 'C' && order !== 'F') throw new ArgumentError(`order: expected 'C' or 'F', got ${shown(order)}`)
  const header = headerFor(type, shape, order)
  const bytes = header.length + lengthOf(shape) * stepOf(type)
  return comm.iopen(path, 'w+', rest).pipe(
    concatMap((file) =>
      file.itruncate(bytes).pipe(
        concatMap(() => file.iwriteAll(comm.rank === 0 ? header : new Uint8Array(0), { at: 0 })),
        concatMap(() => viewed(file, { at: header.length, type }, shape, order)),
        freeing(file)
      )
    )
  )
}

const viewed = (file: File, view: Parameters<File['isetView']>[0], shape: readonly number[], order: 'C' | 'F'): Observable<NpyArray> =>
  file.isetView(view).pipe(map(() => ({ file, shape, order, length: lengthOf(shape) })))

/** What cannot be used is not left open. */
const freeing =
  (file: File) =>
  <T>(source$: Observable<T>): Observable<T> =>
    source$.pipe(
      catchError((error) => {
        file.free()
        throw error
      })
    )

const asBuffer = (bytes: unknown): Buffer => {
  const { buffer, byteOffset, byteLength } = bytes as Uint8Array<ArrayBuffer>
  return Buffer.from(buffer, byteOffset, byteLength)
}

const lengthOf = (shape: readonly number[]): number => shape.reduce((all, length) => all * length, 1)

/** Bytes from one element of the file to the next. */
const stepOf = (type: FileType): number => new View({ type }).step

function checkSize(path: string, header: NpyHeader, size: number): NpyHeader {
  const end = header.at + lengthOf(header.shape) * stepOf(header.type)
  if (size < end) throw formatError(path, size, `an array of shape (${header.shape.join(', ')}) ends at byte ${end}, the file before`)
  return header
}
