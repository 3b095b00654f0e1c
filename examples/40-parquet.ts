/**
 * A Parquet file, read by the ranks in row groups: whoever is ready takes the next, so a rank that is slow holds nobody up. One rank reads
 * where the groups are; of the others' columns nothing is read at all.
 *
 * Run: rxmpi run -n 4 examples/40-parquet.ts
 */
import { rmSync } from 'node:fs'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { parquetWriteFile } from 'hyparquet-writer'
import { lastValueFrom, reduce } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const PATH = '/tmp/rxmpi-stations.parquet'
const ROWS = 10_000
const GROUP = 500

/** Temperatures of stations, as another program may have written them. */
function makeFile(): void {
  const rows = Array.from({ length: ROWS }, (_, k) => k)
  const columnData = [
    { name: 'station', data: rows.map((k) => `station ${k % 7}`), type: 'STRING' as const },
    { name: 'temperature', data: rows.map((k) => 15 + 10 * Math.sin(k / 100)), type: 'DOUBLE' as const }
  ]
  parquetWriteFile({ filename: PATH, columnData, rowGroupSize: GROUP })
}
