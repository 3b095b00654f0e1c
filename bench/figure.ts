/** Three digits are more than a benchmark can promise; none are lost before the point. */
export function figureText(value: number | undefined): string {
  if (value === undefined) return '–'
  if (value >= 100) return value.toFixed(0)
  if (value >= 10) return value.toFixed(1)
  return value >= 0.01 || value === 0 ? value.toFixed(2) : value.toPrecision(1)
}

/** How many calls went before. */
export const afterText = (after: number | undefined): string => (after === undefined ? '' : Math.round(after).toLocaleString('en'))

export const metText = (met: boolean | undefined, bar: string | undefined): string => {
  if (bar === undefined) return ''
  if (met === undefined) return 'not measured'
  return met ? 'met' : 'MISSED'
}
