import { closeSync } from 'node:fs'
import { debug } from '../../diagnostics/debug.js'
import { sharedBytes } from '../../transport/shared/host-memory.js'
import { makeFile, mapFile } from '../../transport/shared/mapped-memory.js'
import { callsHere } from '../../transport/shared/system-calls.js'
import type { SharedMemory } from '../protocol/host-protocol.js'

interface Seat {
  readonly ranks: readonly number[]
  /** The machine that it is on is another. */
  readonly isFar: boolean
}

/** The memory that ranks of this machine share, each in a process of its own, instead of speaking over sockets. */
export class MachineMemory {
  readonly #shared: SharedMemory
  #isOpen = true

  /** Where there are several such ranks and it can be had. */
  static of(hosts: readonly Seat[], size: number, env: NodeJS.ProcessEnv): MachineMemory | undefined {
    const near = hosts.filter(({ isFar }) => !isFar)
    if (near.length < 2 || hosts.some(({ ranks }) => ranks.length > 1)) return undefined
    if (isOff(env)) return undefined
    const { calls, why } = callsHere()
    if (calls === undefined) {
      debug('processes of this machine share no memory: %s', why)
      return undefined
    }
    try {
      return new MachineMemory(
        near.flatMap(({ ranks }) => ranks),
        size
      )
    } catch (error) {
      debug('processes of this machine share no memory: %s', (error as Error).message)
      return undefined
    }
  }

  /** Throws where it cannot be had. */
  private constructor(ranks: readonly number[], size: number) {
    const bytes = sharedBytes(size, ranks.length)
    const file = makeFile(bytes)
    this.#shared = { file, ranks }
    // As the others will reach it, who are told that it is there and do without nothing.
    const address = mapFile(file)
    if (address === undefined) {
      this.close()
      throw new Error(`/proc/${file.process}/fd/${file.fd} cannot be mapped`)
    }
    callsHere().calls!.unmap(address, bytes)
  }

  /** What a host's ranks are told of it. */
  sharedBy(ranks: readonly number[]): SharedMemory | undefined {
    return this.#shared.ranks.includes(ranks[0]!) ? this.#shared : undefined
  }

  /** All have mapped it, or none will any more. */
  close(): void {
    if (this.#isOpen) closeSync(this.#shared.file.fd)
    this.#isOpen = false
  }
}

/** Whether the user wants sockets instead. */
export const isOff = ({ RXMPI_SHARED_MEMORY: setting }: NodeJS.ProcessEnv): boolean => setting === '0'
