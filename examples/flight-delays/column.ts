import type { FileMetaData } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { decompressPage } from 'hyparquet/src/datapage.js'
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js'
import { readPlain } from 'hyparquet/src/plain.js'
import { compressors } from 'hyparquet-compressors'

/** A typed array, or an array where the values are bytes. */
type Values = ReturnType<typeof readPlain>

export type ColumnChunk = FileMetaData['row_groups'][number]['columns'][number]

/** A column as it is in the file: the distinct values, and for each row the index of its value. */
export interface Column {
  readonly dictionary: Values
  readonly indices: Uint32Array
}

/** Where a column chunk is in its file. */
export function extent({ meta_data: meta }: ColumnChunk): { offset: number; length: number } {
  return { offset: Number(meta!.dictionary_page_offset ?? meta!.data_page_offset), length: Number(meta!.total_compressed_size) }
}

/**
 * Decodes a column chunk to its dictionary and indices, by hyparquet's building blocks. Its `parquetRead` would put every value into an
 * array: four times the work where a few thousand distinct values make 272,727 rows.
 */
export function readColumn({ meta_data: meta }: ColumnChunk, bytes: Uint8Array): Column {
  const { type, codec, num_values, path_in_schema, statistics } = meta!
  if (statistics?.null_count !== 0n) throw new Error(`column ${path_in_schema}: values are missing`)
  const chunk = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
  const indices = new Uint32Array(Number(num_values))
  let dictionary: Values = []
  for (let row = 0; row < indices.length; ) {
    const header = parquetHeader(chunk)
    const compressed = bytes.subarray(chunk.offset, chunk.offset + header.compressed_page_size)
    chunk.offset += header.compressed_page_size
    const page = decompressPage(compressed, header.uncompressed_page_size, codec, compressors)
    const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 }
    if (header.dictionary_page_header) {
      dictionary = readPlain(reader, type, header.dictionary_page_header.num_values, undefined)
    } else if (header.data_page_header?.encoding === 'RLE_DICTIONARY') {
      const { num_values: rows } = header.data_page_header
      // First, behind their length, which values are missing; none is.
      reader.offset = 4 + reader.view.getUint32(0, true)
      const bits = reader.view.getUint8(reader.offset++)
      readRleBitPackedHybrid(reader, bits, indices.subarray(row, row + rows), page.length - reader.offset)
      row += rows
    } else throw new Error(`column ${path_in_schema}: a page without a dictionary`)
  }
  return { dictionary, indices }
}
