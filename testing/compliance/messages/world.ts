import assert from 'node:assert/strict'
import type { Communicator } from '../../../src/communicator/communicator.js'
import { worldOver } from '../../simulation/memory-world.js'
import type { TransportBinding, TransportRig } from '../binding.js'

/** Turns without any delivery after which nothing comes any more. */
const PATIENCE = 20_000
/** Turns after which what should not happen would have happened. */
const QUIET = 50

export interface World {
  readonly comms: readonly Communicator[]
  /** Lets time pass, and every rank poll. */
  quiet(): Promise<void>
  /** Every rank polls once. */
  step(): Promise<void>
  end(rank: number): void
}

/** Runs a test in a world of its own while time passes; fails, and tells who waits for what, when nothing comes any more. */
export async function inWorld(binding: TransportBinding, size: number, body: (world: World) => Promise<void>): Promise<void> {
  const rig = await binding.create(size)
  const comms = worldOver(rig.transports, false)
  const deliveries = counted(comms)
  let over = false
  const watch = async (): Promise<void> => {
    let seen = -1
    for (let idle = 0; !over; idle++) {
      await turn(rig)
      if (deliveries() !== seen) idle = 0
      seen = deliveries()
      if (idle === PATIENCE) assert.fail(`hangs: ${waits(comms)}`)
    }
  }
  const step = async (): Promise<void> => {
    for (const {
      core: { endpoint }
    } of comms)
      endpoint.transport.poll()
    await rig.settle()
  }
  const quiet = async (): Promise<void> => {
    for (let k = 0; k < QUIET; k++) await step()
  }
  const hanging = watch()
  try {
    await Promise.race([body({ comms, quiet, step, end: (rank) => rig.end(rank) }), hanging])
  } finally {
    over = true
    await rig.close()
  }
  await hanging
}

async function turn(rig: TransportRig): Promise<void> {
  await rig.settle()
  await new Promise((resolve) => setImmediate(resolve))
}

function counted(comms: readonly Communicator[]): () => number {
  let count = 0
  for (const {
    core: { endpoint }
  } of comms) {
    const segment = endpoint.segment.bind(endpoint)
    endpoint.segment = (source, slot) => {
      count++
      segment(source, slot)
    }
  }
  return () => count
}

function waits(comms: readonly Communicator[]): string {
  const lines = comms.flatMap(({ rank, core: { endpoint } }) =>
    [...endpoint.waiting()].map((waiting) => `rank ${rank} ${waiting.describe()}`)
  )
  return lines.length === 0 ? 'nobody waits for a message' : lines.slice(0, 10).join('; ')
}
