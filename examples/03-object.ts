/**
 * Sending an object. What JavaScript can hold travels as it is: maps, sets, dates, big integers, typed arrays, cycles.
 *
 *     npx rxmpi run -n 2 examples/03-object.ts
 *
 * The receiver gets an equal value of its own: ranks never share state. Here the last rank receives, which on one rank is rank 0 itself.
 * MPI: MPI_Send, MPI_Recv; mpi4py: comm.send, comm.recv.
 */
import { COMM_WORLD as comm } from 'rxmpi'

interface Station {
  name: string
  since: Date
  position: { latitude: number; longitude: number }
  sensors: Map<string, number>
  seen: bigint
}

const last = comm.size - 1

if (comm.rank === 0) {
  const station: Station = {
    name: 'Zugspitze',
    since: new Date('1900-07-19T00:00:00Z'),
    position: { latitude: 47.421, longitude: 10.985 },
    sensors: new Map([
      ['wind', 12.5],
      ['temperature', -8.25]
    ]),
    seen: 12_345_678_901_234_567_890n
  }
  await comm.send(station, { dest: last, tag: 7 })
}

if (comm.rank === last) {
  const station = await comm.recv<Station>({ source: 0, tag: 7 })
  console.log(`${station.name} at ${station.position.latitude}° N, since ${station.since.getUTCFullYear()}`)
  for (const [sensor, value] of station.sensors) console.log(`${sensor} ${value}`)
  console.log(`seen ${station.seen} times`)
}
