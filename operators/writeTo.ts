import type { Observable, ObservableInput } from 'rxjs'
import { checkKind } from '../src/diagnostics/arguments.js'
import { captureCallSite } from '../src/diagnostics/call-site.js'
import type { File } from '../src/file/file.js'
import { RecordWriter, type WriteToOptions } from '../src/file/record-writer.js'
import type { Written } from '../src/file/record-writing.js'

/**
 * Writes the values of all ranks' streams to a file, behind its common pointer, and emits where each is, once it is written.
 *
 *     rank 0   source a--b--|      out ---x--z--|
 *     rank 1   source A--B--|      out ---y--w--|
 *     the file                     aAbB
 *
 * With `order: 'rounds'` round k writes the k-th value of every rank in rank order, so that the file has the same bytes in every run; with
 * `'arrival'` each value is written as it comes. Sources that can wait (`pull`, `receiveFrom`, `readFrom`, iterables given to this function
 * itself) do while the disk is behind; others are queued to `highWaterMark`, then it is as `overflow` says.
 *
 * Shape: T → `{ at, bytes }`. Units: `highWaterMark` in bytes. Cost: of rounds, one small allgather for all that waits, up to `window`
 * values, and where they are short their bytes, to one rank that writes them in one run; of arrival, one message for all that waits.
 * Errors: ArgumentError, CountError when the operator is made; DatatypeError, ArgumentError for a value that the format does not take;
 * RaggedStreamError, RemoteError, RankFailedError, OverflowError, FileError, AbortError. MPI: a loop over MPI_File_write_ordered, or
 * MPI_File_write_shared.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { from, lastValueFrom, toArray } from 'rxjs'
 *
 * using file = await comm.open('/tmp/rxmpi-example-write.txt', 'w', { deleteOnClose: true })
 * const written$ = from(['a', 'b']).pipe(mpi.writeTo(file, { format: 'lines', order: 'rounds' }))
 * const places = (await lastValueFrom(written$.pipe(toArray()))).map(({ at }) => at)
 * console.log(places.join()) // [0] 0,4 [1] 2,6
 * await file.close()
 * ```
 */
export function writeTo<T = unknown>(file: File, options: WriteToOptions = {}): (source: ObservableInput<T>) => Observable<Written> {
  checkKind(file, 'file', 'comm.open()')
  try {
    const writer = new RecordWriter(file, options)
    return (source) => writer.write(source)
  } catch (error) {
    throw file.core.inContext(error, captureCallSite())
  }
}
