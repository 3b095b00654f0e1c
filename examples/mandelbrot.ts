/**
 * A task farm: tiles of the Mandelbrot set, computed by the ranks of a pool as they are free, written as a PNG.
 *
 *     npx rxmpi run -n 4 examples/mandelbrot.ts [FILE]
 *
 * mpi4py: MPICommExecutor.map.
 */
import { writeFile } from 'node:fs/promises'
import { encode } from 'fast-png'
import { lastValueFrom, tap } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import { RankPool } from 'rxmpi/pool'

const WIDTH = 768
const HEIGHT = 512
const TILE = 64

interface Tile {
  left: number
  top: number
  size: number
  /** Of a pixel, in the plane. */
  step: number
  x: number
  y: number
}

function* tiles(): Generator<Tile> {
  const step = 3 / WIDTH
  for (let top = 0; top < HEIGHT; top += TILE) {
    for (let left = 0; left < WIDTH; left += TILE) yield { left, top, size: TILE, step, x: -2.2 + left * step, y: -1 + top * step }
  }
}

/** How soon each pixel of a tile escapes. It travels as its text, so all that it uses is in it. */
function escapes({ size, step, x, y }: Tile): Uint8Array {
  const pixels = new Uint8Array(size * size)
  for (let k = 0; k < pixels.length; k++) {
    const [a, b] = [x + (k % size) * step, y + Math.floor(k / size) * step]
    let [re, im, n] = [0, 0, 0]
    while (n < 255 && re * re + im * im < 4) {
      ;[re, im] = [re * re - im * im + a, 2 * re * im + b]
      n++
    }
    pixels[k] = n
  }
  return pixels
}

const pool = comm.size > 1 ? await RankPool.of(comm) : await RankPool.launch(1)
if (pool !== undefined) {
  const picture = new Uint8Array(WIDTH * HEIGHT)
  let done = 0
  const places = [...tiles()]
  const drawn$ = pool.map(escapes, places).pipe(
    tap((pixels) => {
      const { left, top } = places[done++]
      for (let row = 0; row < TILE; row++) picture.set(pixels.subarray(row * TILE, (row + 1) * TILE), (top + row) * WIDTH + left)
    })
  )
  await lastValueFrom(drawn$)
  await pool.close()
  const file = process.argv[2] ?? 'mandelbrot.png'
  await writeFile(file, encode({ width: WIDTH, height: HEIGHT, data: picture.map((n) => 255 - n), channels: 1, depth: 8 }))
  const inside = picture.filter((n) => n === 255).length
  console.log(`${done} tiles, ${((inside / picture.length) * 100).toFixed(1)} % of them inside: ${file}`)
}
