/**
 * Several requests at once. A request is an Observable, so RxJS's operators are MPI's wait functions: `race` is MPI_Waitany and
 * `forkJoin` is MPI_Waitall.
 *
 *     npx rxmpi run -n 4 examples/08-requests.ts
 *
 * Every rank, rank 0 too, answers once it is told to go. The last rank is told first, so it wins the race.
 * MPI: MPI_Irecv, MPI_Waitany, MPI_Waitall.
 */
import { firstValueFrom, forkJoin, race } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'

const GO = 1
const ANSWER = 2

const answered = comm.recv({ source: 0, tag: GO }).then(() => comm.send(`rank ${comm.rank}`, { dest: 0, tag: ANSWER }))

if (comm.rank === 0) {
  const ranks = Array.from({ length: comm.size }, (_, rank) => rank)
  const requests = ranks.map((source) => comm.irecv<string>({ source, tag: ANSWER }))

  const winner = ranks.pop()!
  await comm.send('go', { dest: winner, tag: GO })
  console.log(`race: ${await firstValueFrom(race(requests))}`)

  // The race has unsubscribed from the others. That loses nothing: a request is live from the call, and replays.
  for (const dest of ranks) await comm.send('go', { dest, tag: GO })
  console.log(`forkJoin: ${(await firstValueFrom(forkJoin(requests))).join(', ')}`)
}

await answered
