import assert from 'node:assert/strict'
import type { TransportBinding, TransportRig } from './binding.js'
import { type Log, Port } from './port.js'

/** Steps without any delivery after which nothing comes any more. */
const PATIENCE = 20_000
/** Steps after which what comes too much would have come. */
const QUIET = 50

/** Ranks of one world in a test of a transport, and the passing of time. */
export class Trial {
  readonly ports: readonly Port[]
  readonly #rig: TransportRig
  readonly #log: Log
  readonly #ended = new Set<number>()

  constructor(rig: TransportRig) {
    this.#rig = rig
    const ranks = rig.transports.map(({ rank }) => rank)
    this.#log = ranks.map(() => ranks.map(() => []))
    this.ports = rig.transports.map((transport) => new Port(transport, this.#log))
  }

  /** Every rank but those in `but` polls once. */
  async step(but: readonly number[] = []): Promise<void> {
    for (const port of this.#running) if (!but.includes(port.rank)) port.poll()
    await this.#rig.settle()
    this.check()
  }

  async until(done: () => boolean, what: string, but: readonly number[] = []): Promise<void> {
    let events = this.events
    for (let idle = 0; !done(); idle++) {
      if (idle === PATIENCE) assert.fail(`nothing comes any more, in spite of ${PATIENCE} polls: ${what}; ${this.#missing()}`)
      await this.step(but)
      if (this.events !== events) idle = 0
      events = this.events
    }
  }

  /** Sends a segment, once there is room for it. */
  async send(from: number, to: number, length: number, but: readonly number[] = []): Promise<void> {
    if (!this.ports[from]!.send(to, length))
      await this.until(() => this.ports[from]!.send(to, length), `no room from ${from} to ${to}`, but)
  }

  /** Everything that was sent has come, and nothing else. */
  async complete(): Promise<void> {
    await this.until(() => this.#missing() === '', 'not all that was sent has come')
    await this.quiet()
  }

  async quiet(): Promise<void> {
    for (let k = 0; k < QUIET; k++) await this.step()
  }

  /** Time passes, and nobody polls but the transports themselves. */
  async untilAlone(done: () => boolean, what: string): Promise<void> {
    for (let idle = 0; !done(); idle++) {
      if (idle === PATIENCE) assert.fail(`nothing comes by itself: ${what}`)
      await this.#rig.settle()
    }
    this.check()
  }

  end(rank: number): void {
    this.#ended.add(rank)
    this.#rig.end(rank)
  }

  check(): void {
    const faults = this.#running.flatMap((port) => port.faults)
    assert.equal(faults.slice(0, 5).join('\n'), '')
  }

  get events(): number {
    return this.#running.reduce((sum, { events }) => sum + events, 0)
  }

  get #running(): readonly Port[] {
    return this.ports.filter(({ rank }) => !this.#ended.has(rank))
  }

  /** What was sent to ranks that have not ended, and has not come. */
  #missing(): string {
    const missing: string[] = []
    for (const [from, lengths] of this.#log.entries()) {
      for (const [to, { length }] of lengths.entries()) {
        const received = this.ports[to]!.received[from]!
        if (!this.#ended.has(to) && received < length) missing.push(`${received} of ${length} from rank ${from} to ${to}`)
      }
    }
    return missing.join(', ')
  }
}

/** Runs a test on a world of its own. */
export async function trial({ create }: TransportBinding, size: number, body: (trial: Trial) => Promise<void>): Promise<void> {
  const rig = await create(size)
  try {
    const run = new Trial(rig)
    await body(run)
    run.check()
  } finally {
    await rig.close()
  }
}
