import type { Communicator, Intercommunicator } from '../../src/index.js'
import { memoryWorld } from '../../testing/simulation/memory-world.js'

/** A rank of one of two groups: which group, its own and the other's size. */
export interface Side {
  readonly side: 0 | 1
  readonly local: number
  readonly remote: number
  readonly world: Communicator
  readonly half: Communicator
}

export const SIZES: readonly (readonly [number, number])[] = [
  [1, 1],
  [1, 2],
  [2, 1],
  [2, 2],
  [2, 3],
  [3, 5]
]

/** Runs a program on every rank of two groups that an intercommunicator joins; what each group's ranks return. */
export async function twoGroups<R>(
  [first, second]: readonly [number, number],
  program: (inter: Intercommunicator, side: Side) => Promise<R>,
  world: readonly Communicator[] = memoryWorld(first + second)
): Promise<[R[], R[]]> {
  const results: [R[], R[]] = [[], []]
  await Promise.all(
    world.map(async (comm) => {
      const side = comm.rank < first ? 0 : 1
      const half = (await comm.split(side))!
      const inter = await half.createIntercomm({ bridge: comm, remoteLeader: side === 0 ? first : 0 })
      const [local, remote] = side === 0 ? [first, second] : [second, first]
      results[side][inter.rank] = await program(inter, { side, local, remote, world: comm, half })
    })
  )
  return results
}

/** `count` values, of each rank. */
export const ofEach = <T>(count: number, value: (rank: number) => T): T[] => Array.from({ length: count }, (_, rank) => value(rank))
