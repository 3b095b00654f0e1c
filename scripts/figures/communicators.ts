import { concatMap, map, of } from 'rxjs'
import { colour, line, picture, rankAt, rect, text } from '../../src/marble/svg.js'
import { type Figure, upTo } from './figure.js'
import { record } from './record.js'

interface Membership {
  color: number
  rank: number
}

/** The ranks of the world above, and below them the communicators that they are in, with their ranks there. */
function memberships(alt: string, members: readonly Membership[], nameOf: (color: number) => string): string {
  const colors = [...new Set(members.map(({ color }) => color))].sort((a, b) => a - b)
  const step = 58
  const x = (rank: number): number => 130 + rank * step
  const bottom = (color: number): number => 140 + colors.indexOf(color) * 74
  const width = x(members.length - 1) + 60
  const world = [
    rect(96, 24, width - 120, 56, { rx: 10, class: 'box' }),
    text(84, 57, 'world', { 'text-anchor': 'end', class: 'bold' }),
    ...members.map((_, rank) => rankAt(x(rank), 52, rank))
  ]
  const groups = colors.flatMap((color) => {
    const own = upTo(members.length).filter((rank) => members[rank]!.color === color)
    const top = bottom(color)
    return [
      rect(96, top, width - 120, 56, { rx: 10, class: 'box' }),
      text(84, top + 33, nameOf(color), { 'text-anchor': 'end', class: 'bold' }),
      ...own.flatMap((rank) => [
        line(x(rank), 68, x(rank), top + 12, { class: 'line faint dashed' }),
        rect(x(rank) - 14, top + 14, 28, 28, { rx: 14, class: colour(rank) }),
        text(x(rank), top + 33, String(members[rank]!.rank), { 'text-anchor': 'middle', class: 'bold' })
      ])
    ]
  })
  return picture(width, bottom(colors.at(-1)!) + 76, alt, ...world, ...groups)
}

export const communicatorFigures: Figure[] = [
  {
    name: 'split',
    alt: 'Six ranks of the world, split into even and odd. World ranks 0, 2, 4 are ranks 0, 1, 2 of "even"; world ranks 1, 3, 5 are ranks 0, 1, 2 of "odd".',
    draw(alt) {
      const { emitted } = record(6, (comm) =>
        comm.isplit(comm.rank % 2).pipe(
          concatMap((part) => {
            const { rank } = part!
            part!.free()
            return of({ color: comm.rank % 2, rank })
          })
        )
      )
      return memberships(
        alt,
        emitted.map((values) => values[0]!.value),
        (color) => (color === 0 ? 'even' : 'odd')
      )
    }
  },
  {
    name: 'grid',
    alt: 'Six ranks in a grid of two rows and three columns. Ranks 0, 1, 2 are the first row, 3, 4, 5 the second; 0 and 3 are the first column.',
    draw(alt) {
      const { emitted } = record(6, (comm) =>
        comm.icart({ dims: [2, 3] }).pipe(
          map((grid) => {
            const { coords } = grid!
            grid!.free()
            return coords
          })
        )
      )
      const places = emitted.map((values) => values[0]!.value as number[])
      const at = ([row, column]: number[]): [number, number] => [130 + column! * 100, 70 + row! * 80]
      const rows = [0, 1].flatMap((row) => [
        rect(96, 42 + row * 80, 268, 56, { rx: 10, class: 'box' }),
        text(84, 75 + row * 80, `row ${row}`, { 'text-anchor': 'end', class: 'soft' })
      ])
      const columns = [0, 1, 2].map((column) =>
        text(130 + column * 100, 28, `column ${column}`, { 'text-anchor': 'middle', class: 'soft' })
      )
      return picture(390, 200, alt, ...rows, ...columns, ...places.map((place, rank) => rankAt(...at(place), rank)))
    }
  }
]
