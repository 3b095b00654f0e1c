/** Time on a scale of columns, in µs. */
export interface Scale {
  readonly since: number
  readonly until: number
  /** What a column stands for. */
  readonly unit: number
  readonly columns: number
}

/** The least of 1, 2 and 5 times a power of ten that is not below. */
export function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= value * (1 - 1e-9))!
}

/** The scale on which that time takes at most so many columns. */
export function scaleOf(since: number, until: number, columns: number): Scale {
  const unit = Math.max(0.001, nice(Math.max(until - since, 1e-3) / Math.max(1, columns - 1)))
  const begin = Math.floor(since / unit + 1e-9) * unit
  return { since: begin, until, unit, columns: Math.min(columns, Math.floor((until - begin) / unit + 1e-9) + 1) }
}

/** The column of a time; ends of ranks, which come after all, have one more. */
export const columnOf = ({ since, unit, columns }: Scale, time: number): number =>
  Math.max(0, Math.min(columns, Math.floor((time - since) / unit + 1e-9)))

/** A time of so many µs, in words. */
export function timeText(us: number): string {
  const [value, unit] = us >= 1e6 ? [us / 1e6, 's'] : us >= 1000 ? [us / 1000, 'ms'] : us < 1 && us > 0 ? [us * 1000, 'ns'] : [us, 'µs']
  return `${Number(value.toPrecision(6))} ${unit}`
}

const UNITS: Readonly<Record<string, number>> = { ns: 1e-3, us: 1, µs: 1, μs: 1, ms: 1e3, s: 1e6 }

/** Reads '250us', '1.5 ms' or '2' (milliseconds); undefined where it is none. */
export function readTime(text: string): number | undefined {
  const [, number, unit = 'ms'] = /^\s*(\d+(?:\.\d+)?)\s*(ns|us|µs|μs|ms|s)?\s*$/.exec(text) ?? []
  return number === undefined ? undefined : Number(number) * UNITS[unit]!
}
