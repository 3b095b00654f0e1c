/**
 * A simulation, and viewers that come when they like: the simulation listens at a port, and each group that connects gets what comes from
 * then on. Here the last rank is a viewer twice, one time after the other; the rest simulate.
 *
 *     npx rxmpi run -n 3 examples/49-late-viewers.ts
 *
 * MPI: MPI_Open_port, MPI_Publish_name, MPI_Comm_accept, MPI_Comm_connect.
 */

import { EMPTY, lastValueFrom, mergeMap, share, take, timer, toArray } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const VIEWERS = 2
const isViewer = comm.rank === comm.size - 1 && comm.size > 1
using group = (await comm.split(isViewer ? 1 : 0))!

if (isViewer) {
  for (let viewer = 1; viewer <= VIEWERS; viewer++) {
    const simulation = await group.connect('frames', { timeout: 10_000 })
    const frames = EMPTY.pipe(mpi.bcast<number>(simulation, { root: 0 }), toArray())
    const seen = await lastValueFrom(frames)
    console.log(`viewer ${viewer} has seen ${seen.length} frames, in order: ${seen.every((frame, k) => frame === seen[0]! + k)}`)
    await simulation.close()
  }
} else if (comm.size > 1) {
  // It goes on, whoever looks.
  const frames = timer(0, 5).pipe(share())
  const served = group.listen('frames').pipe(
    take(VIEWERS),
    mergeMap(async (viewer) => {
      await lastValueFrom(frames.pipe(take(10), mpi.bcast(viewer, { root: { local: 0 } })), { defaultValue: undefined })
      await viewer.close()
    })
  )
  await lastValueFrom(served)
}
