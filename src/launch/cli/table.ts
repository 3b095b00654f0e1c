/** Rows below their headings, in columns that are as wide as what stands in them; those of `numbers` end on one line. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], numbers: readonly number[] = []): string[] {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const cell = (text: string, column: number): string =>
    numbers.includes(column) ? text.padStart(widths[column]!) : column === headings.length - 1 ? text : text.padEnd(widths[column]!)
  return all.map((row) => row.map(cell).join('  ').trimEnd())
}
