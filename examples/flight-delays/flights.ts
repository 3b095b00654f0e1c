import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileMetaData } from 'hyparquet'
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet'
import { dataFolder } from '../data.js'
import { type Column, extent, readColumn } from './column.js'

/** Flights as columns, one element a flight. */
export interface Flights {
  /** The local hour in which it left, 0…23. */
  readonly hours: Uint8Array
  /** Where it left from, as an index into `names`. */
  readonly airports: Uint32Array
  /** How many minutes after the timetable it arrived. */
  readonly delays: Int32Array
  /** The IATA codes of the airports. */
  readonly names: readonly string[]
}

/** A run of flights that can be decoded alone: where its columns are in the file, and how they are written. */
export type RowGroup = FileMetaData['row_groups'][number]

export interface Contents {
  readonly rowGroups: readonly RowGroup[]
  readonly flights: number
  readonly first: Date
  readonly last: Date
}

const path = join(dataFolder, 'flights-3m.parquet')

export async function readContents(): Promise<Contents> {
  const { row_groups, num_rows } = await parquetMetadataAsync(await asyncBufferFromFile(path))
  const dates = row_groups.map((rowGroup) => chunk(rowGroup, 'date').meta_data?.statistics)
  return {
    rowGroups: row_groups,
    flights: Number(num_rows),
    first: dates[0]?.min_value as Date,
    last: dates[dates.length - 1]?.max_value as Date
  }
}

export async function readFlights(rowGroup: RowGroup): Promise<Flights> {
  const [date, origin, delay] = await readColumns(rowGroup, ['date', 'origin', 'delay'])
  const text = new TextDecoder()
  return {
    hours: look(date, Uint8Array.from(date.dictionary as BigInt64Array, hourOf)),
    airports: origin.indices,
    delays: look(delay, Int32Array.from(delay.dictionary as BigInt64Array, Number)),
    names: (origin.dictionary as Uint8Array[]).map((bytes) => text.decode(bytes))
  }
}

/** Flights as what a stream of them in time needs. */
export interface Times {
  /** The local minute in which it left, since 1970. */
  readonly minutes: Float64Array
  readonly delays: Int32Array
}

export async function readTimes(rowGroup: RowGroup): Promise<Times> {
  const [date, delay] = await readColumns(rowGroup, ['date', 'delay'])
  return {
    minutes: look(
      date,
      Float64Array.from(date.dictionary as BigInt64Array, (microseconds) => Math.floor(Number(microseconds) / 60_000_000))
    ),
    delays: look(delay, Int32Array.from(delay.dictionary as BigInt64Array, Number))
  }
}

const MICROSECONDS_AN_HOUR = 3_600_000_000

/** Times in the file are local and count from a midnight. */
const hourOf = (microseconds: bigint): number => Math.floor(Number(microseconds) / MICROSECONDS_AN_HOUR) % 24

/** The value of each row, out of a table of the dictionary's size. */
function look<T extends Uint8Array | Int32Array | Float64Array>({ indices }: Column, table: T): T {
  const values = new (table.constructor as new (length: number) => T)(indices.length)
  for (let i = 0; i < indices.length; i++) values[i] = table[indices[i]]
  return values
}

async function readColumns(rowGroup: RowGroup, names: string[]): Promise<Column[]> {
  const file = await open(path)
  try {
    const columns: Column[] = []
    for (const name of names) {
      const { offset, length } = extent(chunk(rowGroup, name))
      const { buffer } = await file.read(new Uint8Array(length), 0, length, offset)
      columns.push(readColumn(chunk(rowGroup, name), buffer))
    }
    return columns
  } finally {
    await file.close()
  }
}

const chunk = ({ columns }: RowGroup, name: string) => columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)!
