import { waits } from '../../transport/shared/host-memory.js'
import type { Host, Rest } from '../protocol/host.js'
import type { JobRanks } from './report.js'

interface Asking extends JobRanks {
  /** Has every rank say what it waits for. */
  ask(reason: 'deadlock'): Promise<string[]>
  /** Those of all its worlds. */
  readonly hosts: readonly Host[]
  /** What joins worlds, and lies outside of their hosts. */
  readonly joins: { readonly any: boolean; readonly rest: Omit<Rest, 'states'> | undefined }
}

/**
 * Proves a deadlock when the last rank that could go on has come to rest, and lets every rank's pending calls fail with the whole
 * picture.
 *
 * Among several hosts something may be under way that none of them sees, so they are asked twice: when nothing has changed, and as many
 * segments have come in as have gone out, nothing was under way in between (the four counter method of Mattern, Distributed Computing 2,
 * 1987). So they are where there are several worlds: between the two nobody has woken, so what joins them is as it was found.
 */
export class DeadlockWatch {
  readonly #job: Asking
  #checking = false
  #again = false

  constructor(job: Asking) {
    this.#job = job
  }

  /** A rank has come to rest or ended. */
  async check(): Promise<void> {
    this.#again = true
    if (this.#checking) return
    this.#checking = true
    while (this.#again) {
      this.#again = false
      if (await this.#isStuck()) await this.#tell()
    }
    this.#checking = false
  }

  async #isStuck(): Promise<boolean> {
    const first = await this.#rest()
    if (first === undefined || !first.some(({ states }) => states.some(waits))) return false
    const { hosts, joins } = this.#job
    if (hosts.length === 1 && !joins.any) return true
    const second = await this.#rest()
    if (second === undefined || JSON.stringify(first) !== JSON.stringify(second)) return false
    return sum(first, 'sent') === sum(second, 'received')
  }

  async #rest(): Promise<readonly Rest[] | undefined> {
    const { hosts, joins } = this.#job
    const rests = await Promise.all(hosts.map((host) => host.rest()))
    const between = joins.rest
    rests.push(between && { states: [], ...between })
    return rests.every((rest) => rest !== undefined) ? rests : undefined
  }

  async #tell(): Promise<void> {
    const text = (await this.#job.ask('deadlock')).join('\n')
    for (const rank of this.#job.alive) this.#job.post(rank, { type: 'reported', reason: 'deadlock', text })
  }
}

const sum = (rests: readonly Rest[], key: 'sent' | 'received'): number => rests.reduce((total, rest) => total + rest[key], 0)
