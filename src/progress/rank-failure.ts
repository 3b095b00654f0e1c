import { RankFailedError } from '../errors.js'

/** How a rank came to be no more. */
export interface Gone {
  /** 'has ended', 'has failed: its process was killed' */
  readonly reason: string
  /** It did not end well. */
  readonly failed: boolean
  /** Where it ran, where there are several hosts. */
  readonly host: string | undefined
}

/** An operation needs a rank that is no more; `rank` is its rank in the communicator. */
export function goneError(rank: number, { reason, failed, host }: Gone, remote = false): RankFailedError {
  const advice = failed
    ? 'what still needs it can be done without it on the communicator that shrink() gives'
    : 'let it send and receive all that the others expect before it ends'
  return new RankFailedError(
    `rank ${rank}${remote ? ' of the remote group' : ''}${failed && host !== undefined ? ` on ${host}` : ''} ${reason}: ` +
      `nothing comes from it any more and nothing can be sent to it; ${advice}`,
    { failed: { rank, host, reason, ...(remote && { remote }) } }
  )
}

/** The same, of a rank of the endpoint: what waits belongs to communicators, which know it by ranks of their own. */
export class MemberGone extends Error {
  readonly member: number
  readonly gone: Gone

  constructor(member: number, gone: Gone) {
    super(`rank ${member} ${gone.reason}`)
    this.member = member
    this.gone = gone
  }
}

/** The ranks that are no more, as a rank knows of them. */
export class GoneRanks {
  readonly #gone = new Map<number, Gone>()
  /** Those of them that have failed, in the order of the news. */
  readonly failures: number[] = []

  add(rank: number, gone: Gone): void {
    this.#gone.set(rank, gone)
    if (gone.failed) this.failures.push(rank)
  }

  /** How a rank came to be no more, or undefined. */
  why(rank: number): Gone | undefined {
    return this.#gone.get(rank)
  }
}
