/**
 * A master that starts its workers: they are the same program, a world of their own, and find the way back in `COMM_PARENT`. Each adds up
 * its share of the area under 4 / (1 + x²), which is π.
 *
 *     npx rxmpi run -n 1 examples/48-spawned-workers.ts
 *
 * MPI: MPI_Comm_spawn, MPI_Comm_get_parent, MPI_Comm_disconnect.
 */

import { COMM_WORLD as comm, COMM_PARENT as parent, SUM } from 'rxmpi'

const STRIPS = 100_000

if (parent === undefined) {
  const workers = await comm.spawn(new URL(import.meta.url), { ranks: 3 })
  await workers.bcast(STRIPS, { root: { local: 0 } })
  const pi = await workers.reduce(0, SUM, { root: { local: 0 } })
  if (comm.rank === 0) console.log(`${workers.remoteSize} workers say that pi is ${pi?.toFixed(8)}`)
  await workers.close()
} else {
  const strips = await parent.bcast(0, { root: 0 })
  let area = 0
  for (let k = comm.rank; k < strips; k += comm.size) area += 4 / (1 + ((k + 0.5) / strips) ** 2) / strips
  await parent.reduce(area, SUM, { root: 0 })
  await parent.close()
}
