/**
 * The heat equation in a plate, seen in a browser while it runs: the page draws what the ranks compute, and a click there is a flame here.
 *
 *     npx rxmpi run -n 4 --no-prefix examples/52-heat-viewer.ts [FRAMES]
 *
 * It prints the address of the page, with a ticket in it. Each rank has some rows of the plate. Flames are noted as they come, and told to all
 * ranks once a frame, so that all change their source term at the same step. The page is `52-heat-viewer.html`, without a build step.
 * MPI has no such call.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { firstValueFrom, Subject, timer } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const FRAMES = Number(process.argv[2] ?? 100_000)
const SIDE = 128
const STEPS_PER_FRAME = 20
/** Diffusivity × time step / distance²; above 1/4 the scheme is unstable. */
const RATE = 0.2
const FRAME_MS = 20

interface Flame {
  x: number
  y: number
  heat: number
}

using viewers = await mpi.viewers(comm)
const pages = viewers && (await serve(viewers.ticket({ rights: 'write' })))

// What viewers send may be anything: only flames within the plate count.
let flames: Flame[] = [{ x: SIDE / 2, y: SIDE / 2, heat: 40 }]
const isFlame = ({ x, y, heat }: Flame): boolean =>
  [x, y].every((at) => Number.isInteger(at) && at >= 0 && at < SIDE) && Math.abs(heat) <= 100
mpi.subscribeTo<Flame[]>(comm, 'flames').subscribe((list) => {
  if (Array.isArray(list) && list.every((flame) => isFlame(Object(flame)))) flames = list.slice(0, 16)
})
let goesOn = true
mpi.subscribeTo(comm, 'stop').subscribe(() => {
  goesOn = false
})

const frame$ = new Subject<{ frame: number; side: number; plate: Float32Array | undefined }>()
frame$.pipe(mpi.publish(comm, 'plate')).subscribe()

/** The rows of this rank, with one of a neighbour above and below. */
const first = (rank: number): number => Math.floor((SIDE * rank) / comm.size)
const rows = first(comm.rank + 1) - first(comm.rank)
using grid = (await comm.cart({ dims: [comm.size] }))!
using halo = grid.halo({ sizes: [rows], cell: SIDE })
let [now, next] = [halo.allocate(Float32Array), halo.allocate(Float32Array)]
const counts = Array.from({ length: comm.size }, (_, rank) => SIDE * (first(rank + 1) - first(rank)))

let frame = 0
for (; frame < FRAMES; frame++) {
  const pace = firstValueFrom(timer(viewers?.count ? FRAME_MS : 0))
  const told = await comm.bcast(comm.rank === 0 ? { flames, goesOn } : undefined)
  if (!told!.goesOn) break
  for (let step = 0; step < STEPS_PER_FRAME; step++) {
    for (const { x, y, heat } of told!.flames) {
      const row = y - first(comm.rank)
      if (row >= 0 && row < rows) now[(row + 1) * SIDE + x] += heat
    }
    await halo.exchange(now)
    diffuse()
  }
  const plate = await comm.gatherv(now.subarray(SIDE, (rows + 1) * SIDE), { counts })
  frame$.next({ frame, side: SIDE, plate })
  await pace
}
frame$.complete()
pages?.close()
if (comm.rank === 0) console.log(`${frame} frames`)

/** One step of all rows; what is beyond the plate is cold. */
function diffuse(): void {
  for (let row = 1; row <= rows; row++) {
    for (let x = 0; x < SIDE; x++) {
      const at = row * SIDE + x
      const beside = (x > 0 ? now[at - 1] : 0) + (x < SIDE - 1 ? now[at + 1] : 0)
      next[at] = now[at] + RATE * (now[at - SIDE] + now[at + SIDE] + beside - 4 * now[at])
    }
  }
  ;[now, next] = [next, now]
}

/** The page and the client, at an address of this machine. A real page would lie elsewhere, and be told the ticket. */
async function serve(ticket: string) {
  const files = new Map([
    ['/', ['text/html', new URL('./52-heat-viewer.html', import.meta.url)]],
    ['/client.js', ['text/javascript', new URL(import.meta.resolve('rxmpi/client/standalone'))]]
  ] as const)
  const server = createServer((request, response) => {
    const file = files.get(request.url as '/')
    if (file === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': file[0] }).end(readFileSync(file[1]))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  console.log(`look at http://127.0.0.1:${(server.address() as AddressInfo).port}/#${encodeURIComponent(ticket)}`)
  return server.unref()
}
