import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { RENDEZVOUS, TOKEN } from '../../runtime/launch-env.js'
import type { Card } from '../protocol/host-protocol.js'
import { writeRendezvous } from '../protocol/rendezvous.js'
import type { EngineName } from './engine-command.js'

/** How long it may take to end by itself when all that it has started has ended, and then when it is told to. */
const END_MS = 3000
const TERM_MS = 2000

/** Another launcher that runs under this one: it places and starts the processes, which report here. */
export class Engine {
  readonly #name: EngineName
  readonly #command: readonly string[]
  #child: ChildProcess | undefined

  constructor(name: EngineName, command: readonly string[]) {
    this.#name = name
    this.#command = command
  }

  /** `ended` is told why, should it end before it is told to. */
  start(card: Card, ended: (text: string) => void): void {
    const [file, ...args] = this.#command as [string, ...string[]]
    // A group of its own: what the terminal's interrupt means is decided here, and an srun would only print a status for it.
    const child = spawn(file, args, {
      env: { ...process.env, [RENDEZVOUS]: writeRendezvous(card), [TOKEN]: card.token },
      detached: true,
      // Ranks write and read by way of their link.
      stdio: ['ignore', 2, 2]
    })
    this.#child = child
    child.once('error', (error) => ended(`${file} could not be started: ${error.message}`))
    child.once('exit', (code, signal) => ended(`${file} has ended ${signal === null ? `with status ${code}` : `by ${signal}`}`))
  }

  /** All its processes have ended. Resolves to the status of one that was killed, where that is known: 128 and the signal's number. */
  async end(): Promise<number | undefined> {
    if (await this.#over(END_MS)) return this.#killed(this.#child?.exitCode)
    this.#child!.kill('SIGTERM')
    if (!(await this.#over(TERM_MS))) process.kill(-this.#child!.pid!, constants.signals.SIGKILL)
    return undefined
  }

  #killed(status: number | null | undefined): number | undefined {
    if (status === null || status === undefined) return undefined
    // On one machine hydra leaves out the 128; over ssh it loses the number.
    const signal = this.#name === 'hydra' ? status : status - 128
    return signal > 0 && signal < 32 ? 128 + signal : undefined
  }

  async #over(ms: number): Promise<boolean> {
    const child = this.#child
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return true
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), ms)
    const over = await once(child, 'exit', { signal: limit.signal }).then(
      () => true,
      () => false
    )
    clearTimeout(timer)
    return over
  }
}
