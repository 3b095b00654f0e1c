import { debug } from '../../diagnostics/debug.js'
import { mayShareMemory } from '../../runtime/shared-memory-policy.js'
import { sharedBytes } from '../../transport/shared/host-memory.js'
import { type MemoryFile, makeFile } from '../../transport/shared/mapped-memory.js'
import { callsHere } from '../../transport/shared/system-calls.js'
import type { SharedMemory, ToHost } from '../protocol/host-protocol.js'

/** The process of a host, on this machine. */
interface Sharer {
  readonly number: number
  readonly ranks: readonly number[]
  tell(message: ToHost): void
}

/**
 * The memory that ranks of this machine share, each in a process of its own, instead of speaking over sockets. All of them must reach it,
 * or none uses it: where one is in another container its process cannot.
 */
export class MachineMemory {
  /** Resolves to whether they do, once all have tried. */
  readonly reached: Promise<boolean>
  readonly #file: MemoryFile
  /** By process: whether it reaches the memory; undefined until it has tried. */
  readonly #answers: Map<number, boolean | undefined>
  #isOpen = true
  #answered!: (areAllThere: boolean) => void

  /** Where there are several such processes and it can be had. */
  static among(sharers: readonly Sharer[], size: number, env: NodeJS.ProcessEnv): MachineMemory | undefined {
    if (sharers.length < 2 || sharers.some(({ ranks }) => ranks.length > 1) || !mayShareMemory(env)) return undefined
    const { calls, why } = callsHere()
    if (calls === undefined) {
      debug('processes of this machine share no memory: %s', why)
      return undefined
    }
    try {
      return new MachineMemory(sharers, makeFile(sharedBytes(size, sharers.length)))
    } catch (error) {
      debug('processes of this machine share no memory: %s', (error as Error).message)
      return undefined
    }
  }

  private constructor(sharers: readonly Sharer[], file: MemoryFile) {
    this.#file = file
    this.#answers = new Map(sharers.map(({ number }) => [number, undefined]))
    this.reached = new Promise((resolve) => {
      this.#answered = resolve
    })
    const shared: SharedMemory = { file, ranks: sharers.flatMap(({ ranks }) => ranks) }
    for (const sharer of sharers) sharer.tell({ type: 'reach', shared })
  }

  /** A process has tried; one that is no more has not. */
  answer(host: number, isThere: boolean): void {
    if (!this.#answers.has(host) || this.#answers.get(host) !== undefined) return
    this.#answers.set(host, isThere)
    const answers = [...this.#answers.values()]
    if (answers.includes(undefined)) return
    this.close()
    const areAllThere = answers.every(Boolean)
    debug('processes of this machine %s', areAllThere ? 'share memory' : 'share no memory: some cannot reach it')
    this.#answered(areAllThere)
  }

  /** Whether a process has come. */
  hasCome(host: number): boolean {
    return this.#answers.get(host) === true
  }

  /** It remains for those who have mapped it. */
  close(): void {
    if (this.#isOpen) callsHere().calls!.close(this.#file.fd)
    this.#isOpen = false
  }
}
