/**
 * Overlap of communication and computation, on the heat equation in a plate: the border rows travel while the inside is computed.
 *
 *     npx rxmpi run -n 4 examples/07-heat.ts
 *
 * The plate is cut into strips of rows, one a rank, each with a ghost row above and below: a copy of its neighbour's border. In every
 * step a rank posts the receives of its ghost rows, sends its borders, computes what needs no ghosts, waits, and computes the borders.
 * At the ends the neighbour is `PROC_NULL` and the ghost row stays what it is: the edge of the plate, which keeps its temperature.
 *
 * Each point is computed by the same expression wherever it lies, so the result has the same bits on any number of ranks. The
 * program checks that: rank 0 solves the whole plate again alone, by the same function on `COMM_SELF`.
 * MPI: MPI_Irecv, MPI_Isend, MPI_Waitall, MPI_PROC_NULL, MPI_COMM_SELF.
 */
import { COMM_SELF, COMM_WORLD, type Communicator, PROC_NULL, Request } from 'rxmpi'

const ROWS = 192
const COLUMNS = 192
const STEPS = 600
/** Diffusivity × time step / distance²; above 1/4 the scheme is unstable. */
const RATE = 0.24

const UP = 1
const DOWN = 2
const STRIP = 3

const plate = await solve(COMM_WORLD)

if (plate !== undefined) {
  const alone = await solve(COMM_SELF)
  draw(plate)
  console.log(
    `after ${STEPS} steps: centre ${plate[at(ROWS / 2, COLUMNS / 2)].toFixed(6)}, sum ${plate.reduce((a, b) => a + b).toFixed(6)}`
  )
  console.log(`checksum ${checksum(plate)}`)
  console.log(plate.every((value, i) => Object.is(value, alone![i])) ? 'the same bits as on one rank' : 'NOT what one rank computes')
}

/** The plate after all steps, at rank 0. */
async function solve(comm: Communicator): Promise<Float64Array | undefined> {
  const { rank, size } = comm
  const first = firstRow(rank, size)
  const rows = firstRow(rank + 1, size) - first
  const above = rank > 0 ? rank - 1 : PROC_NULL
  const below = rank < size - 1 ? rank + 1 : PROC_NULL

  let now = start(first, rows)
  let next: Float64Array = now.slice()

  for (let step = 0; step < STEPS; step++) {
    const ghosts = [
      comm.irecv({ source: above, tag: DOWN, into: row(now, 0) }),
      comm.irecv({ source: below, tag: UP, into: row(now, rows + 1) })
    ]
    const borders = [comm.isend(row(now, 1), { dest: above, tag: UP }), comm.isend(row(now, rows), { dest: below, tag: DOWN })]

    for (let i = 2; i < rows; i++) diffuse(now, next, i)
    await Request.waitAll(ghosts)
    diffuse(now, next, 1)
    diffuse(now, next, rows)

    await Request.waitAll(borders)
    ;[now, next] = [next, now]
  }
  return collect(comm, now.subarray(at(1, 0), at(rows + 1, 0)))
}

/** The strips put together at rank 0. */
async function collect(comm: Communicator, strip: Float64Array): Promise<Float64Array | undefined> {
  if (comm.rank !== 0) {
    await comm.send(strip, { dest: 0, tag: STRIP })
    return undefined
  }
  const whole = new Float64Array(ROWS * COLUMNS)
  whole.set(strip)
  for (let source = 1; source < comm.size; source++) {
    const into = whole.subarray(at(firstRow(source, comm.size), 0), at(firstRow(source + 1, comm.size), 0))
    await comm.recv({ source, tag: STRIP, into })
  }
  return whole
}

/** A strip with its two ghost rows: cold, a hot disc in the middle of the plate, and an edge that is warm above the first row. */
function start(first: number, rows: number): Float64Array {
  const strip = new Float64Array((rows + 2) * COLUMNS)
  for (let i = 0; i < rows + 2; i++) {
    const y = first + i - 1
    for (let x = 0; x < COLUMNS; x++) {
      const inDisc = Math.hypot(y - ROWS / 2, x - COLUMNS / 2) < ROWS / 6
      strip[at(i, x)] = y < 0 ? 50 : inDisc ? 100 : 0
    }
  }
  return strip
}

/** One step of one row, but for its first and last point, which are the edge of the plate. */
function diffuse(now: Float64Array, next: Float64Array, i: number): void {
  for (let j = at(i, 1); j < at(i, COLUMNS - 1); j++) {
    next[j] = now[j] + RATE * (now[j - COLUMNS] + now[j + COLUMNS] + now[j - 1] + now[j + 1] - 4 * now[j])
  }
}

function row(strip: Float64Array, i: number): Float64Array {
  return strip.subarray(at(i, 0), at(i + 1, 0))
}

function at(i: number, x: number): number {
  return i * COLUMNS + x
}

function firstRow(rank: number, size: number): number {
  return Math.floor((rank * ROWS) / size)
}

/** FNV-1a over the bytes of the field: equal sums could hide errors that cancel. */
function checksum(field: Float64Array): string {
  let hash = 0x811c9dc5
  for (const byte of new Uint8Array(field.buffer)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

function draw(field: Float64Array): void {
  const shades = ' .:-=+*#%@'
  for (let y = 0; y < ROWS; y += 12) {
    let line = ''
    for (let x = 0; x < COLUMNS; x += 5) line += shades[Math.min(9, Math.floor(field[at(y, x)] / 8))]
    console.log(line.trimEnd())
  }
}
