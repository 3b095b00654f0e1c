/** Who does the same cases beside rxmpi. */

import type { Command } from './command.js'
import { mpi4py } from './mpi4py.js'
import { ours } from './ours.js'
import type { Plan } from './plan.js'
import { besideOf, type Case, type PeerName } from './suite.js'
import { zeromq } from './zeromq.js'

export interface Peer {
  /** The peer, and what it runs on, with their versions; none of rxmpi itself. */
  readonly versions?: string
  command(subject: Case, plan: Plan): Command
}

/** rxmpi without what observes it. */
const unobserved = (): Peer => ({ command: (subject, plan) => ours(subject, plan) })

const makers: Readonly<Record<PeerName, () => Peer | undefined>> = { mpi4py, 'zeromq.js': zeromq, unobserved }

/** Those of them that are installed. */
export class Peers {
  readonly #found = new Map<PeerName, Peer | undefined>()

  constructor(subjects: readonly Case[]) {
    for (const name of new Set(subjects.map(besideOf))) this.#found.set(name, makers[name]())
  }

  of(subject: Case): Peer | undefined {
    return this.#found.get(besideOf(subject))
  }

  get missing(): PeerName[] {
    return [...this.#found].flatMap(([name, peer]) => (peer === undefined ? [name] : []))
  }

  get versions(): string | undefined {
    const all = [...this.#found.values()].flatMap((peer) => peer?.versions ?? [])
    return all.length === 0 ? undefined : all.join('; ')
  }
}
