/**
 * A simulation and its analysis, in two groups of ranks that an intercommunicator joins: the simulation gives the energy of its pendulums
 * at every step, and goes on; the analysis gets the sum of all, and watches that none is lost. Neither is a part of the other.
 *
 * Run: rxmpi run -n 4 examples/47-simulation-and-analysis.ts
 */
import { EMPTY, lastValueFrom, map, range, toArray } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const PENDULUMS = 60
const STEPS = 1000
const DT = 0.01

if (comm.size === 1) {
  console.log('this takes two ranks or more')
} else {
  // The last third of the ranks, or one, are for the analysis.
  const first = comm.size - Math.max(1, Math.floor(comm.size / 3))
  const simulates = comm.rank < first
  const group = (await comm.split(simulates ? 0 : 1))!
  const inter = await group.createIntercomm({ bridge: comm, remoteLeader: simulates ? first : 0 })

  if (simulates) {
    const own = Array.from({ length: PENDULUMS }, (_, k) => k).filter((k) => k % group.size === group.rank)
    const angle = Float64Array.from(own, (k) => 0.02 * (k + 1))
    const speed = new Float64Array(own.length)
    /** Half a kick, a drift and half a kick: errors of the energy stay small for ever. */
    const step = (): Float64Array => {
      const energy = new Float64Array(2)
      for (let k = 0; k < own.length; k++) {
        speed[k]! -= (DT / 2) * Math.sin(angle[k]!)
        angle[k]! += DT * speed[k]!
        speed[k]! -= (DT / 2) * Math.sin(angle[k]!)
        energy[0]! += speed[k]! ** 2 / 2
        energy[1]! += 1 - Math.cos(angle[k]!)
      }
      return energy
    }
    // Rank 0 of the other group gets what these ranks give; up to 64 steps may be under way.
    await lastValueFrom(range(STEPS).pipe(map(step), mpi.reduce(inter, SUM, { root: 0 })), { defaultValue: undefined })
  } else {
    const totals = EMPTY.pipe(mpi.reduce<Float64Array>(inter, SUM, { root: { local: 0 } })).pipe(
      map(([kinetic, potential]) => kinetic! + potential!)
    )
    const energies = await lastValueFrom(totals.pipe(toArray()))
    const [least, most, count] = [Math.min(...energies), Math.max(...energies), energies.length]
    if (group.rank === 0) console.log(`${count} steps of ${PENDULUMS} pendulums: energy between ${least.toFixed(3)} and ${most.toFixed(3)}`)
  }
  await inter.close()
  group.free()
}
