import type { StartingWorld } from '../../../src/job/starting.js'
import type { Part } from '../../../src/progress/job-services.js'
import type { SimulatedFabric } from './fabric.js'
import type { SimulatedProcess } from './process.js'

/** Ranks that are each other's COMM_WORLD. */
export class SimulatedWorld implements StartingWorld {
  readonly base: number
  readonly processes: readonly SimulatedProcess[]
  /** What joins them. */
  readonly fabric: SimulatedFabric
  readonly members: readonly number[]
  readonly alive: Set<number>
  readonly #parts: readonly Part[]
  readonly #end: (process: SimulatedProcess) => void

  constructor(
    processes: readonly SimulatedProcess[],
    fabric: SimulatedFabric,
    parts: readonly Part[],
    end: (process: SimulatedProcess) => void
  ) {
    this.base = processes[0]!.number
    this.processes = processes
    this.fabric = fabric
    this.members = [...processes.keys()]
    this.alive = new Set(processes.map(({ number }) => number))
    this.#parts = parts
    this.#end = end
  }

  /** What a process runs. */
  partOf(process: number): Part {
    let rank = process - this.base
    return this.#parts.find(({ ranks }) => {
      rank -= ranks
      return rank < 0
    })!
  }

  programOf(process: number): string {
    return this.partOf(process).program
  }

  terminate(): void {
    for (const process of this.processes) this.#end(process)
  }
}
