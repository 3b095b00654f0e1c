import type { MessagePort } from 'node:worker_threads'
import type { FabricSeat, FromRank, ToRank } from '../../runtime/rank-protocol.js'
import { allocateHost, ENDED, FAILED, type HostMemory, isQuiet, markGone } from '../../transport/shared/host-memory.js'
import type { Gone } from '../protocol/host.js'
import type { World } from './world.js'

/** What joins two groups of processes. */
interface Fabric {
  readonly number: number
  readonly memory: HostMemory
  /** Those of the first group come first. */
  readonly processes: readonly number[]
  readonly first: number
  readonly worlds: ReadonlySet<World>
  /** Those that may still use it. */
  readonly users: Set<number>
  /** Both groups have closed it: neither's failure is the other's any more. */
  isClosed: boolean
}

/** The fabrics of a job: what joins ranks of several worlds. */
export class Joins {
  readonly #worldOf: (process: number) => World | undefined
  readonly #fabrics = new Map<number, Fabric>()
  /** How many messages about all this are on their way to each process: it is not at rest, though it looks so. */
  readonly #told = new Map<number, number>()
  #next = 0

  constructor(worldOf: (process: number) => World | undefined) {
    this.#worldOf = worldOf
  }

  get any(): boolean {
    return this.#fabrics.size + this.#told.size > 0
  }

  /** Nothing is under way in any. */
  get areQuiet(): boolean {
    return this.#told.size === 0 && [...this.#fabrics.values()].every(({ memory }) => isQuiet(memory))
  }

  tell(process: number, message: ToRank): void {
    const world = this.#worldOf(process)
    if (world?.alive.has(process) !== true) return
    this.#told.set(process, (this.#told.get(process) ?? 0) + 1)
    world.post(process, message)
  }

  /** It has seen to one of those. */
  heard(process: number): void {
    const left = (this.#told.get(process) ?? 1) - 1
    if (left > 0) this.#told.set(process, left)
    else this.#told.delete(process)
  }

  make(first: readonly number[], second: readonly number[]): number {
    const number = this.#next++
    const processes = [...first, ...second]
    const worlds = processes.map((process) => this.#worldOf(process))
    const bells = processes.map((process, k) => worlds[k]?.hostOf(process).bell?.(process - worlds[k]!.base))
    const { inboxes, states } = allocateHost(processes.length)
    const memory = { inboxes, states, bells: inboxes.map((inbox, k) => bells[k] ?? inbox) }
    const isAlive = (process: number): boolean => this.#worldOf(process)?.alive.has(process) === true
    for (const [rank, process] of processes.entries()) if (!isAlive(process)) markGone(memory, rank, FAILED)
    this.#fabrics.set(number, {
      number,
      memory,
      processes,
      first: first.length,
      worlds: new Set(worlds.filter((world) => world !== undefined)),
      users: new Set(processes.filter(isAlive)),
      isClosed: false
    })
    return number
  }

  /** Gives a process its place in a fabric. */
  seat(number: number, process: number, more: Pick<FabricSeat, 'crowded' | 'isParent' | 'port'>): void {
    const { memory, processes, first } = this.#fabrics.get(number)!
    const seat: FabricSeat = { fabric: number, memory, rank: processes.indexOf(process), first, processes, ...more }
    this.tell(process, { type: 'joined', seat })
  }

  /** There will be nobody to use it. */
  drop(number: number): void {
    this.#fabrics.delete(number)
  }

  closed(process: number, number: number): void {
    const fabric = this.#fabrics.get(number)
    if (fabric === undefined) return
    fabric.isClosed = true
    this.#leave(fabric, process)
  }

  /** A process is no more. */
  ended(process: number, how: Gone): void {
    this.#told.delete(process)
    for (const fabric of this.#fabrics.values()) {
      const rank = fabric.processes.indexOf(process)
      if (rank === -1) continue
      markGone(fabric.memory, rank, how === 'ended' ? ENDED : FAILED, how === 'ended' ? 0 : how)
      this.#leave(fabric, process)
    }
  }

  /** The worlds that are joined with one, by way of others or at once, and itself: what fails in one concerns all. */
  joinedWith(world: World): ReadonlySet<World> {
    const found = new Set([world])
    for (const each of found) {
      for (const { worlds, isClosed } of this.#fabrics.values()) {
        if (!isClosed && worlds.has(each)) for (const other of worlds) found.add(other)
      }
    }
    return found
  }

  /** A rank's end of a line for buffers that are moved: hands it on. */
  line(process: number, { to, port, fabric: number }: Extract<FromRank, { type: 'line' }>): void {
    const fabric = this.#fabrics.get(number!)
    const dest = fabric?.processes[to]
    if (dest === undefined) return
    const from = fabric!.processes.indexOf(process)
    this.#worldOf(dest)?.post(dest, { type: 'line', from, port, fabric: number }, [port as MessagePort])
  }

  #leave(fabric: Fabric, process: number): void {
    fabric.users.delete(process)
    if (fabric.users.size === 0) this.#fabrics.delete(fabric.number)
  }
}
