/**
 * A matrix in one file, written in blocks by a grid of ranks and read in rows by the same ranks or others. A view of the file says where the
 * elements of a rank lie, so the calls themselves say nothing of it.
 *
 * Run: rxmpi run -n 4 examples/38-matrix-file.ts
 */
import { COMM_WORLD as comm, MAX, SUM } from 'rxmpi'
import { contiguous, subarray } from 'rxmpi/layout'

const ROWS = 60
const COLUMNS = 48

/** Where the part of one rank begins. */
const begin = (n: number, parts: number, part: number): number => Math.floor((n * part) / parts)

using file = await comm.open('/tmp/rxmpi-matrix.bin', 'w+', { deleteOnClose: true })

// Written in blocks: element (i, j) is 1000 i + j.
using grid = (await comm.cart({ dims: 2 }))!
const [top, left] = grid.dims.map((parts, d) => begin(d === 0 ? ROWS : COLUMNS, parts, grid.coords[d]!)) as [number, number]
const [bottom, right] = grid.dims.map((parts, d) => begin(d === 0 ? ROWS : COLUMNS, parts, grid.coords[d]! + 1)) as [number, number]
const [height, width] = [bottom - top, right - left]
const block = subarray({ sizes: [ROWS, COLUMNS], subsizes: [height, width], starts: [top, left] })
await file.setView({ type: Float64Array, layout: block })
await file.writeAll(Float64Array.from({ length: height * width }, (_, k) => 1000 * (top + Math.floor(k / width)) + left + (k % width)))
await file.sync()

// Read in rows.
const from = begin(ROWS, comm.size, comm.rank)
const rows = begin(ROWS, comm.size, comm.rank + 1) - from
await file.setView({ type: Float64Array, layout: contiguous(COLUMNS) })
const read = await file.readAll({ at: from * COLUMNS, into: new Float64Array(rows * COLUMNS) })

const wrong = read.filter((value, k) => value !== 1000 * (from + Math.floor(k / COLUMNS)) + (k % COLUMNS)).length
const largest = await comm.allreduce(
  read.reduce((a, b) => Math.max(a, b), 0),
  MAX
)
const errors = await comm.allreduce(wrong, SUM)
if (comm.rank === 0) console.log(`${grid.dims.join(' x ')} blocks, read as rows: largest element ${largest}, ${errors} wrong`)
await file.close()
