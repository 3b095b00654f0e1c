import { type Refusal, withdrawnBy } from '../progress/job-services.js'

/** How much of what a rank writes before it has started is kept, to be told if it never does. */
const TAIL = 2000

/** A world that is about to start. */
export interface StartingWorld {
  /** Which process its rank 0 is. */
  readonly base: number
  /** Its processes that have not ended. */
  readonly alive: ReadonlySet<number>
  programOf(process: number): string
  /** Ends all its ranks. */
  terminate(): void
}

/** Why a world has not started: what has become of one of its ranks, where it is one. */
export interface StartFailure {
  /** Which of the job's processes. */
  readonly rank?: number | undefined
  readonly text: string
}

/** Ranks that have been asked for and have not all started: all do, or none. */
export class Starting {
  readonly #world: StartingWorld
  readonly #missing: Set<number>
  readonly #tails = new Map<number, string>()
  /** Who has asked for it, the number of what was asked for, and by which word those who want it know that. */
  readonly #asked: { root: number; id: number; key: string }
  readonly #answer: (refusal: Refusal | undefined) => void
  #failure: StartFailure | undefined
  #withdrawnBy: number | undefined

  constructor(world: StartingWorld, asked: { root: number; id: number; key: string }, answer: (refusal: Refusal | undefined) => void) {
    this.#world = world
    this.#missing = new Set(world.alive)
    this.#asked = asked
    this.#answer = answer
  }

  /** What was asked for is not wanted any more. */
  withdrawn(root: number, id: number): void {
    if (this.#asked.root === root && this.#asked.id === id) this.fail({ text: 'it is not wanted any more' })
  }

  /** The same, of any for whom it was asked. */
  withdraw(key: string, process: number): void {
    if (this.#asked.key !== key) return
    this.#withdrawnBy ??= process
    this.fail({ text: 'it is not wanted any more' })
  }

  /** Whether a failure of this rank is one of the start. */
  concerns(process: number | undefined): boolean {
    return process === undefined || this.#failure !== undefined || this.#missing.has(process)
  }

  output(process: number, chunk: string | Uint8Array): void {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    this.#tails.set(process, ((this.#tails.get(process) ?? '') + text).slice(-TAIL))
  }

  /** A rank has started; true when it was the last. */
  started(process: number): boolean {
    this.#missing.delete(process)
    if (this.#missing.size > 0 || this.#failure !== undefined) return false
    this.#answer(undefined)
    return true
  }

  /** One has failed: then none has started. */
  fail(failure: StartFailure): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.#world.terminate()
  }

  /** A rank has ended before all have started; true when it was the last. One that had started may. */
  ended(process: number): boolean {
    if (this.#missing.has(process)) this.fail({ rank: process, text: 'ended' })
    if (this.#world.alive.size > 0 || this.#failure === undefined) return false
    this.#answer(this.#refusal(this.#failure))
    return true
  }

  #refusal({ rank: process, text }: StartFailure): Refusal {
    if (this.#withdrawnBy !== undefined) return withdrawnBy(this.#withdrawnBy)
    const world = this.#world
    const program = world.programOf(process ?? world.base)
    if (process === undefined) return { name: 'SpawnError', message: `${program}: ${text}`, context: { program } }
    const rank = process - world.base
    const output = this.#tails.get(process)
    const said = output === undefined ? '' : `; it has written:\n${output.trimEnd()}`
    const message = `${program}: rank ${rank} of the new world has not started: ${text}${said}`
    return { name: 'SpawnError', message, context: { program, spawned: rank, output } }
  }
}
