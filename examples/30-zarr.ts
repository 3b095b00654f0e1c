/**
 * A Zarr v3 array, as climate data are kept: its chunks are files, so each rank writes its own, and nobody waits for another. Then the array
 * is read by columns, where it was written by rows.
 *
 * Run: rxmpi run -n 4 examples/30-zarr.ts
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import FileSystemStore from '@zarrita/storage/fs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as zarr from 'zarrita'

const [ROWS, COLUMNS, CHUNK] = [64, 48, 8]
const folder = await comm.bcast(comm.rank === 0 ? mkdtempSync(join(tmpdir(), 'rxmpi-zarr-')) : undefined)
const store = new FileSystemStore(join(folder!, 'heights.zarr'))

// One rank makes the array; the others open it when it is there.
if (comm.rank === 0) {
  await zarr.create(store, { shape: [ROWS, COLUMNS], chunkShape: [CHUNK, COLUMNS], dtype: 'float64', dimensionNames: ['y', 'x'] })
}
await comm.barrier()
const heights = await zarr.open(store, { kind: 'array' })
if (!heights.is('float64')) throw new TypeError(`the array is of ${heights.dtype}`)

// Chunks in turns: a chunk is written by one rank alone.
for (let chunk = comm.rank; chunk < ROWS / CHUNK; chunk += comm.size) {
  const data = Float64Array.from({ length: CHUNK * COLUMNS }, (_, k) => CHUNK * chunk + Math.floor(k / COLUMNS) + (k % COLUMNS) / 100)
  const rows = zarr.slice(chunk * CHUNK, (chunk + 1) * CHUNK)
  await zarr.set(heights, [rows, null], { data, shape: [CHUNK, COLUMNS], stride: [COLUMNS, 1] })
}
await comm.barrier()

// Each rank reads the columns that are its own.
let sum = 0
for (let x = comm.rank; x < COLUMNS; x += comm.size) {
  const { data } = await zarr.get(heights, [null, x])
  sum += data.reduce((a, b) => a + b, 0)
}
const mean = (await comm.allreduce(sum, SUM)) / (ROWS * COLUMNS)
if (comm.rank === 0) {
  console.log(`${ROWS} x ${COLUMNS} heights in ${ROWS / CHUNK} chunks, on average ${mean.toFixed(3)}`)
  rmSync(folder!, { recursive: true })
}
