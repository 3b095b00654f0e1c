import { concatMap, map, type Observable, of } from 'rxjs'
import type { Communicator } from 'rxmpi'
import { subarray, vector, view } from 'rxmpi/layout'
import { simulate } from 'rxmpi/testing'
import { arrow, cell, colour, picture, rankAt, rect, text } from '../../src/marble/svg.js'
import { type Figure, upTo } from './figure.js'
import { record } from './record.js'

const OWNED = 3
const SIDE = 28
const EDGE = 24

/** Each rank's block of the plate, with what is in its ghosts before and after an exchange. */
const halos = (corners: boolean) => (comm: Communicator) =>
  comm.icart({ dims: [2, 2] }).pipe(
    concatMap((grid) => {
      const halo = grid!.halo({ sizes: [OWNED, OWNED], corners })
      const u = halo.allocate(Float64Array).fill(-1)
      for (const i of upTo(OWNED)) for (const j of upTo(OWNED)) u[halo.index(i, j)] = comm.rank
      return halo.iexchange(u).pipe(
        map(() => {
          halo.free()
          grid!.free()
          return [...u]
        })
      )
    })
  )

function ghosts(alt: string): string {
  const blocks = record(4, halos(false)).emitted.map((values) => values[0]!.value)
  const shape = OWNED + 2
  const gap = 70
  const parts = blocks.flatMap((u, rank) => {
    const [left, top] = [EDGE + (rank % 2) * (shape * SIDE + gap), EDGE + Math.floor(rank / 2) * (shape * SIDE + gap)]
    const cells = u.map((owner, at) => {
      const [i, j] = [Math.floor(at / shape), at % shape]
      const isGhost = i === 0 || j === 0 || i === shape - 1 || j === shape - 1
      const kind = owner < 0 ? 'paper ghost' : isGhost ? `${colour(owner)} ghost` : colour(owner)
      return rect(left + j * SIDE, top + i * SIDE, SIDE - 2, SIDE - 2, { rx: 3, class: kind })
    })
    return [...cells, rankAt(left + (shape * SIDE) / 2 - 1, top + (shape * SIDE) / 2 - 1, rank)]
  })
  const far = EDGE + shape * SIDE
  const middle = EDGE + (shape * SIDE) / 2
  const other = middle + shape * SIDE + gap
  const arrows = [middle, other].flatMap((m) => [
    arrow(far - SIDE - 14, m - SIDE, far + gap + 12, m - SIDE),
    arrow(far + gap + SIDE + 12, m + SIDE, far - 14, m + SIDE),
    arrow(m - SIDE, far - SIDE - 14, m - SIDE, far + gap + 12),
    arrow(m + SIDE, far + gap + SIDE + 12, m + SIDE, far - 14)
  ])
  const side = 2 * far + gap
  return picture(side, side, alt, ...parts, ...arrows)
}

function layouts(alt: string): string {
  const [rows, columns] = [4, 6]
  const numbers = Float64Array.from({ length: rows * columns }, (_, k) => k)
  const picks = [
    { name: 'vector(4, 1, 6): a column', layout: vector(rows, 1, columns), offset: 2 },
    {
      name: 'subarray: a box',
      layout: subarray({ sizes: [rows, columns], subsizes: [2, 3], starts: [1, 2] }),
      offset: 0
    }
  ]
  const parts = picks.flatMap(({ name, layout, offset }, which) => {
    const left = 30 + which * (columns * 40 + 50)
    const picked = [...(view(numbers, layout, { offset }).pack() as Float64Array)]
    const cells = [...numbers].map((number, k) => {
      const [x, y] = [left + (k % columns) * 38, 50 + Math.floor(k / columns) * 34]
      return cell(x, y, 34, 30, String(number), picked.includes(number) ? colour(which) : 'box')
    })
    const sent = picked.map((number, k) => cell(left + k * 38, 226, 34, 30, String(number), colour(which)))
    return [
      text(left, 34, name, { class: 'mono' }),
      ...cells,
      arrow(left + 100, 190, left + 100, 218),
      text(left + 112, 210, 'travels as', { class: 'soft' }),
      ...sent
    ]
  })
  return picture(30 + 2 * (columns * 40 + 50), 280, alt, ...parts)
}

function file(alt: string): string {
  const size = 3
  const file = simulate(size, { latency: 1 }, ({ ranks, flush, files }) => {
    ranks((comm) =>
      comm
        .iopen('letters', 'w')
        .pipe(
          concatMap((file) =>
            file!.iwriteAll(new Uint8Array(4).fill(97 + comm.rank), { shared: true }).pipe(concatMap(() => file!.iclose()))
          )
        )
    )
    flush()
    return Object.values(files())[0]!
  })
  const x = (k: number): number => 120 + k * 40
  const bytes = [...file].map((byte, k) => cell(x(k), 130, 36, 30, String.fromCharCode(byte), colour(byte - 97)))
  const ranks = upTo(size).flatMap((rank) => {
    const middle = x(rank * 4) + 78
    return [rankAt(middle, 44, rank), arrow(middle, 62, middle, 124)]
  })
  return picture(x(file.length) + 24, 190, alt, ...ranks, ...bytes, text(104, 150, 'the file', { 'text-anchor': 'end', class: 'soft' }))
}

function windows(alt: string): string {
  const size = 3
  const { emitted } = record(size, (comm) =>
    comm.iallocateWindow(Int32Array, 4).pipe(
      concatMap((win) => {
        const put: Observable<unknown> = comm.rank === 0 ? win!.iput(Int32Array.of(7, 8), { target: 2, at: 1 }) : of(undefined)
        return put.pipe(
          concatMap(() => win!.ifence()),
          concatMap(() => {
            const local = [...win!.local]
            return win!.iclose().pipe(map(() => local))
          })
        )
      })
    )
  )
  const y = (rank: number): number => 50 + rank * 56
  const parts = emitted.flatMap((values, rank) => [
    rankAt(40, y(rank), rank),
    ...values[0]!.value.map((value, k) => cell(260 + k * 44, y(rank) - 15, 40, 30, String(value), value === 0 ? 'box' : colour(0)))
  ])
  return picture(
    470,
    y(size - 1) + 40,
    alt,
    ...parts,
    cell(90, y(0) - 15, 40, 30, '7', colour(0)),
    cell(134, y(0) - 15, 40, 30, '8', colour(0)),
    arrow(180, y(0) + 4, 300, y(2) - 8),
    text(150, y(1) + 26, 'put', { class: 'bold mono' }),
    text(260, 24, 'the parts of the window', { class: 'soft' })
  )
}

export const memoryFigures: Figure[] = [
  {
    name: 'ghost-cells',
    alt: 'Four ranks, each with a block of three by three cells of its own and a border of ghost cells. After an exchange the ghosts have the colours of the neighbours whose cells they are copies of.',
    draw: ghosts
  },
  {
    name: 'layouts',
    alt: 'Two layouts over a matrix of four rows and six columns. The vector picks the third column, 2, 8, 14, 20. The subarray picks a box of two rows and three columns, 8, 9, 10, 14, 15, 16. What is picked travels in a row.',
    draw: layouts
  },
  {
    name: 'window',
    alt: 'A window of three ranks: rank 0 puts 7 and 8 into the part of rank 2, at element 1. Rank 2 does nothing for it.',
    draw: windows
  },
  {
    name: 'file',
    alt: 'Three ranks write to one file together: a a a a from rank 0, then b b b b from rank 1, then c c c c from rank 2.',
    draw: file
  }
]
