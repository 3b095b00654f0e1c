import type { RankFailedError } from '../errors.js'
import type { Endpoint } from '../progress/endpoint.js'
import type { Gone } from '../progress/rank-failure.js'

/** The members of a communicator that have failed, and how many of them the program knows of. */
export class FailedMembers {
  readonly #endpoint: Endpoint
  readonly #rankOf: (member: number) => number | undefined
  readonly #errorOf: (rank: number, gone: Gone) => RankFailedError
  /** So many failures, of members or not, are acknowledged. */
  #acknowledged = 0

  constructor(endpoint: Endpoint, rankOf: (member: number) => number | undefined, errorOf: (rank: number, gone: Gone) => RankFailedError) {
    this.#endpoint = endpoint
    this.#rankOf = rankOf
    this.#errorOf = errorOf
  }

  /** Their ranks. */
  get ranks(): number[] {
    return this.#endpoint.failures
      .map((member) => this.#rankOf(member))
      .filter((rank) => rank !== undefined)
      .sort((a, b) => a - b)
  }

  acknowledge(): number[] {
    this.#acknowledged = this.#endpoint.failures.length
    return this.ranks
  }

  /** One of them as an error. */
  get error(): RankFailedError | undefined {
    return this.#from(0)
  }

  /** One that nobody here has acknowledged. */
  get unacknowledged(): RankFailedError | undefined {
    return this.#from(this.#acknowledged)
  }

  #from(place: number): RankFailedError | undefined {
    const { failures } = this.#endpoint
    for (; place < failures.length; place++) {
      const rank = this.#rankOf(failures[place]!)
      if (rank !== undefined) return this.#errorOf(rank, this.#endpoint.whyGone(failures[place]!)!)
    }
    return undefined
  }
}
