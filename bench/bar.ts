/** What a figure must reach: against the peer's figure in the same run, or by itself. */

export interface Measured {
  ours: number
  /** Absent where the peer was not run or has no such row. */
  theirs?: number | undefined
  /** Our figure of the same row at another size. */
  at: (size: number) => number | undefined
}

export interface Bar {
  readonly text: string
  /** `undefined` when what it compares with was not measured. */
  met(measured: Measured): boolean | undefined
}

const compare = (text: string, holds: (ours: number, theirs: number) => boolean): Bar => ({
  text,
  met: ({ ours, theirs }) => (theirs === undefined ? undefined : holds(ours, theirs))
})

const digits = (times: number): string => `${Number(times.toFixed(2))} ×`

/** Where less is better. */
export const atMost = (times: number): Bar => compare(`at most ${digits(times)}`, (ours, theirs) => ours <= times * theirs)

/** Where more is better. */
export const atLeast = (times: number): Bar => compare(`at least ${digits(times)}`, (ours, theirs) => ours >= times * theirs)

export const below = (value: number, unit: string): Bar => ({ text: `below ${value} ${unit}`, met: ({ ours }) => ours < value })

export const above = (value: number, unit: string): Bar => ({ text: `at least ${value} ${unit}`, met: ({ ours }) => ours >= value })

/** Not growing with size: two figures that differ by less than a factor of two, which is what the noise of a few microseconds needs. */
export const sameAs = (size: number, label: string): Bar => ({
  text: `as at ${label}`,
  met: ({ ours, at }) => {
    const other = at(size)
    return other === undefined ? undefined : ours < 2 * other
  }
})

/** Against our own figure of another size. */
export const within = (times: number, size: number, label: string): Bar => ({
  text: `at most ${digits(times)} ${label}`,
  met: ({ ours, at }) => {
    const other = at(size)
    return other === undefined ? undefined : ours <= times * other
  }
})

export const both = (a: Bar, b: Bar): Bar => ({
  text: `${a.text}, ${b.text}`,
  met: (measured) => {
    const [first, second] = [a.met(measured), b.met(measured)]
    if (first === false || second === false) return false
    return first === undefined || second === undefined ? undefined : true
  }
})
