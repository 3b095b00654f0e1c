import { checkKind } from '../src/diagnostics/arguments.js'
import { captureCallSite } from '../src/diagnostics/call-site.js'
import type { File } from '../src/file/file.js'
import { type ReadFromOptions, RecordStream } from '../src/file/record-stream.js'

/**
 * The records of a file, as a stream: each comes to one rank, once, whatever the number of ranks. It is read as there is demand, some
 * `chunk` at a time, and nothing of it is held beside that.
 *
 *     a file of four lines        a\nb\nc\nd\n
 *     rank 0, share: 'block'      (ab|)
 *     rank 1, share: 'block'      (cd|)
 *
 * A record belongs to the rank whose bytes it begins in. `remaining` has the bytes whose records this rank has not consumed: given to a
 * later stream as `ranges`, on any number of ranks, nothing is lost or read twice.
 *
 * Shape: `{ value, at, end }`, the value and its bytes in the file. Units: `chunk`, `record`, `maxRecord` in bytes.
 * Errors: ArgumentError, CountError when it is made; FileError, with reason 'EFORMAT' and the offset where the file holds no record of the
 * format; AbortError, FreedError. MPI has no such call; it is a loop over MPI_File_read_at.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { from, lastValueFrom, map, toArray } from 'rxjs'
 *
 * using file = await comm.open('/tmp/rxmpi-example-lines.txt', 'w+', { deleteOnClose: true })
 * await lastValueFrom(from(['one', 'two']).pipe(mpi.writeTo(file, { format: 'lines' })))
 * const lines$ = mpi.readFrom<string>(file, { format: 'lines', share: 'block' })
 * console.log(await lastValueFrom(lines$.pipe(map(({ value }) => value), toArray()))) // [0] [ 'one', 'one' ] [1] [ 'two', 'two' ]
 * await file.close()
 * ```
 */
export function readFrom<T = unknown>(file: File, options: ReadFromOptions = {}): RecordStream<T> {
  checkKind(file, 'file', 'comm.open()')
  try {
    return new RecordStream<T>(file, options)
  } catch (error) {
    throw file.core.inContext(error, captureCallSite())
  }
}
