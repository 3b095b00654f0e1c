/** A picture of the course. */
export interface Figure {
  /** Its file, without .svg. */
  name: string
  /** What it shows, for who cannot see it: the page says the same. */
  alt: string
  draw: (alt: string) => string
}

export const upTo = (size: number): number[] => Array.from({ length: size }, (_, k) => k)
export const letter = (rank: number): string => 'abcdefgh'[rank]!
