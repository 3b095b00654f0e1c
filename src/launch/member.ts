import { ArgumentError } from '../errors.js'
import { Agent } from './agent.js'
import { MeetingPoint } from './bootstrap/meeting-point.js'
import type { Card } from './control.js'
import { Fleet } from './fleet.js'
import type { JobOptions } from './job.js'
import type { Seen } from './launcher.js'
import { RECONNECT_MS, START_MS } from './patience.js'
import type { Placement } from './placement.js'

/**
 * This process as one of several that another launcher has started: it takes one rank. The process of rank 0 does what the launcher would do:
 * brings them together, sees failures and proves deadlocks; each writes the output of its own rank.
 */
export class Membership {
  /** Resolves to the status that this process should end with. */
  readonly over: Promise<number>
  readonly #seen: Seen
  readonly #options: Placement
  readonly #bootstrap
  #end!: (status: number) => void

  constructor(seen: Seen, options: Placement) {
    const { tls = false, insecure = false } = options
    if (!seen.together && !tls && !insecure) {
      throw new ArgumentError(
        `${seen.launcher} has started ranks on several machines, and what they send could be read on the way: encrypt the links with --tls, or say --insecure`
      )
    }
    this.#seen = seen
    this.#options = options
    this.#bootstrap = seen.bootstrap()
    if (tls && this.#bootstrap instanceof MeetingPoint)
      throw new ArgumentError(
        `--tls needs a launcher over which rank 0 can give out its certificate, which ${seen.launcher} is not: say --insecure`
      )
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** For the process of rank 0: how the job finds its hosts. */
  readonly place: JobOptions['place'] = (job, listener) => {
    const { size, together } = this.#seen
    const { tls = false, reconnect = RECONNECT_MS / 1000 } = this.#options
    const bootstrap = this.#bootstrap
    const given = bootstrap instanceof MeetingPoint ? bootstrap.card : undefined
    return new Fleet(
      job,
      {
        hosts: Array.from({ length: size }, (_, rank) => ({ name: `the process of rank ${rank}`, slots: 1 })),
        far: !together,
        tls,
        ssh: [],
        reconnectMs: reconnect * 1000,
        startMs: START_MS,
        port: bootstrap.port,
        card: given,
        announce: (card) => this.#join(card)
      },
      listener
    ).hosts
  }

  /** For the others. */
  join(): Promise<void> {
    return this.#join(undefined)
  }

  async finish(): Promise<void> {
    await this.#bootstrap.finish()
  }

  async #join(ours: Card | undefined): Promise<void> {
    const { rank, size } = this.#seen
    const { reconnect = RECONNECT_MS / 1000 } = this.#options
    if (ours !== undefined) await this.#bootstrap.put(Buffer.from(JSON.stringify(ours)).toString('base64url'))
    await this.#bootstrap.fence()
    const text = await this.#bootstrap.get()
    const card: Card = JSON.parse(text.startsWith('{') ? text : Buffer.from(text, 'base64url').toString())
    new Agent({ ...card, host: rank, size, bySsh: false, reconnectMs: reconnect * 1000 }, (status, reason) => {
      if (reason !== undefined) process.stderr.write(`rxmpi: ${reason}\n`)
      this.#end(status)
    })
  }
}
