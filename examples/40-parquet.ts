/**
 * A Parquet file, read by the ranks in row groups: whoever is ready takes the next, so a rank that is slow holds nobody up. Of the columns
 * that nobody asks for nothing is read.
 *
 * Run: rxmpi run -n 4 examples/40-parquet.ts
 */
import { rmSync } from 'node:fs'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { parquetWriteFile } from 'hyparquet-writer'
import { lastValueFrom, reduce } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { Counter } from 'rxmpi/sync'

const PATH = '/tmp/rxmpi-stations.parquet'
const ROWS = 10_000
const GROUP = 500

// Measurements of stations, as another program may have written them.
if (comm.rank === 0) {
  const rows = Array.from({ length: ROWS }, (_, k) => k)
  const columnData = [
    { name: 'station', data: rows.map((k) => `station ${k % 7}`), type: 'STRING' as const },
    { name: 'celsius', data: rows.map((k) => 15 + (k % 100) / 10), type: 'DOUBLE' as const }
  ]
  parquetWriteFile({ filename: PATH, columnData, rowGroupSize: GROUP })
}
await comm.barrier()

const file = await asyncBufferFromFile(PATH)
const metadata = await parquetMetadataAsync(file)
const starts = [0]
for (const group of metadata.row_groups) starts.push(starts.at(-1)! + Number(group.num_rows))

const sumOf = async (group: number): Promise<number> => {
  const rows = await parquetReadObjects({ file, metadata, columns: ['celsius'], rowStart: starts[group], rowEnd: starts[group + 1] })
  return rows.reduce((sum, { celsius }) => sum + celsius, 0)
}

const counter = await Counter.create(comm)
const sums$ = counter.tickets({ below: metadata.row_groups.length }).pipe(mpi.mergeMap(sumOf, 2))
const sum = await lastValueFrom(sums$.pipe(reduce((a, b) => a + b, 0)))
const mean = (await comm.allreduce(sum, SUM)) / ROWS
await counter.close()

if (comm.rank === 0) {
  console.log(`${ROWS} rows in ${metadata.row_groups.length} row groups, on average ${mean.toFixed(2)} °C`)
  rmSync(PATH)
}
