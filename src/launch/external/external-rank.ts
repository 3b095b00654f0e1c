import { debug } from '../../diagnostics/debug.js'
import { ArgumentError } from '../../errors.js'
import { RENDEZVOUS, TOKEN } from '../../runtime/launch-env.js'
import type { DrainSignal } from '../../runtime/rank-protocol.js'
import type { Bootstrap } from '../bootstrap/bootstrap.js'
import { MeetingPoint } from '../bootstrap/meeting-point.js'
import { HostProxy, type Seated } from '../host/host-proxy.js'
import type { JobOptions } from '../job/job.js'
import type { Placement } from '../job/placement.js'
import { ProcessManager } from '../job/process-manager.js'
import { RECONNECT_MS, START_MS } from '../options/timeouts.js'
import type { Card } from '../protocol/host-protocol.js'
import { readRendezvous } from '../protocol/rendezvous.js'
import type { DetectedLauncher } from './detect-launcher.js'

type LinkOptions = Pick<Placement, 'tls' | 'insecure' | 'reconnect' | 'startupTimeout'>

interface Surroundings {
  /** Writes to standard error. */
  say?: (text: string) => void
  /** The rank runs already. */
  seated?: Seated
}

const write = (text: string): void => {
  process.stderr.write(text)
}

/**
 * This process as one of several that another launcher has started: it takes one rank. Where `rxmpi run` has started that launcher it
 * reports there. Else the process of rank 0 does what `rxmpi run` would do: brings them together, sees failures and proves deadlocks;
 * each writes the output of its own rank.
 */
export class ExternalRank {
  /** Resolves to the status that this process should end with. */
  readonly over: Promise<number>
  /** Whether this process has to see to the job. */
  readonly leads: boolean
  readonly #say: (text: string) => void
  readonly #seated: Seated | undefined
  readonly #seen: DetectedLauncher
  readonly #options: LinkOptions
  readonly #bootstrap: Bootstrap | undefined
  readonly #card: Card | undefined
  #proxy: HostProxy | undefined
  #end!: (status: number) => void

  constructor(seen: DetectedLauncher, options: LinkOptions, env: NodeJS.ProcessEnv, { say = write, seated }: Surroundings = {}) {
    this.#say = say
    this.#seated = seated
    this.#seen = seen
    this.#options = options
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
    const { [RENDEZVOUS]: rendezvous, [TOKEN]: token = '' } = env
    debug('%s: rank %d of %d', seen.launcher, seen.rank, seen.size)
    this.leads = rendezvous === undefined && seen.rank === 0
    if (rendezvous !== undefined) this.#card = readRendezvous(rendezvous, token)
    else {
      const { tls = false, insecure = false } = options
      if (!seen.together && !tls && !insecure) {
        throw new ArgumentError(
          `${seen.launcher} has started ranks on several machines, and what they send could be read on the way: ` +
            'encrypt the links with --tls (RXMPI_TLS=1), or say --insecure (RXMPI_INSECURE=1)'
        )
      }
      this.#bootstrap = seen.bootstrap()
    }
    // The program is none of those that it is for.
    for (const name of [RENDEZVOUS, TOKEN]) delete env[name]
  }

  /** For the process that leads: how the job finds its hosts. */
  readonly place: JobOptions['place'] = (job, listener) => {
    const { size, together } = this.#seen
    const { tls = false, reconnect = RECONNECT_MS / 1000 } = this.#options
    const bootstrap = this.#bootstrap!
    return new ProcessManager(
      job,
      {
        hosts: Array.from({ length: size }, (_, rank) => ({ name: `the process of rank ${rank}`, slots: 1 })),
        far: !together,
        tls,
        ssh: [],
        reconnectMs: reconnect * 1000,
        startMs: this.#startMs,
        port: bootstrap.port,
        card: bootstrap instanceof MeetingPoint ? bootstrap.card : undefined,
        announce: (card) => this.#join(card),
        ownOutput: true
      },
      listener
    ).hosts
  }

  /** For the others. */
  join(): Promise<void> {
    return this.#join(undefined)
  }

  /** Whoever has started this process wants it to end. */
  signalled(signal: DrainSignal): void {
    this.#proxy?.signalled(signal)
  }

  /** A job that could not start is one that its launcher has to end. */
  async finish(): Promise<void> {
    if (this.#proxy === undefined) this.#bootstrap?.abort(1)
    else await this.#bootstrap?.finish()
  }

  /** Has the launcher end all processes. */
  abort(status: number): void {
    this.#bootstrap?.abort(status)
  }

  get #startMs(): number {
    return this.#options.startupTimeout === undefined ? START_MS : this.#options.startupTimeout * 1000
  }

  async #join(ours: Card | undefined): Promise<void> {
    const { rank, size } = this.#seen
    const { reconnect = RECONNECT_MS / 1000 } = this.#options
    const card = this.#card ?? (await this.#exchange(this.#bootstrap!, ours))
    const rendezvous = { ...card, host: rank, size, bySsh: false, reconnectMs: reconnect * 1000, startMs: this.#startMs }
    this.#proxy = new HostProxy(
      rendezvous,
      (status, reason) => {
        if (reason !== undefined) this.#say(`rxmpi: ${reason}\n`)
        // Who has started this launcher says how the job has ended.
        this.#end(this.#card !== undefined && reason === undefined ? 0 : status)
      },
      this.#seated
    )
  }

  async #exchange(bootstrap: Bootstrap, ours: Card | undefined): Promise<Card> {
    const limit = this.#startMs
    debug('meeting the others by %s', bootstrap.name)
    if (ours !== undefined) await bootstrap.put(Buffer.from(JSON.stringify(ours)).toString('base64url'))
    await bootstrap.fence(limit)
    const text = await bootstrap.get(limit)
    // What everybody knows beforehand holds no certificate: it is part of the proofs.
    if (bootstrap instanceof MeetingPoint) return { ...(JSON.parse(text) as Card), tls: this.#options.tls ? '' : undefined }
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  }
}
