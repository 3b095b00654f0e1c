/** What the page of a running job is told, each time the whole: a page that is slow misses some and lacks nothing. */

/**
 * `busy`: it has not answered, so it computes. `ended` by itself, `failed`, or `cut` off with the others. Processes are ranks of any world
 * of the job, by the job's numbering.
 */
export type RankState = 'running' | 'waiting' | 'busy' | 'ended' | 'failed' | 'cut'

export interface CallPicture {
  /** 'in recv for rank 1, tag 0' */
  readonly what: string
  /** `file:line:column`, where that was recorded. */
  readonly at?: string | undefined
  /** The processes of this job that are waited for. */
  readonly peers: readonly number[]
  /** Any rank will do. */
  readonly any: boolean
  /** It may wait for ever, and that is nothing to worry about. */
  readonly endless: boolean
}

export type MarkKind = 'send' | 'queue' | 'receive' | 'begin' | 'end' | 'break' | 'gone'

/** Something that a rank has done. */
export interface Mark {
  /** The how-many-th thing of this rank it is. */
  readonly n: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly kind: MarkKind
  readonly peer?: number | undefined
  /** 'sends 8 bytes to rank 1, tag 0 on 'world'' */
  readonly text: string
}

export interface RankPicture {
  readonly process: number
  /** '2', or '1.0' in a world that was not there from the start. */
  readonly title: string
  readonly host?: string | undefined
  readonly state: RankState
  /** How it has ended, where that was not well. */
  readonly why?: string | undefined
  /** Seconds that it has not answered. */
  readonly silent: number
  /** When it last did, in milliseconds since 1970: what it says of itself was so then. */
  readonly answered: number
  /** Seconds in which it has done nothing, as far as others see. */
  readonly still: number
  readonly calls: readonly CallPicture[]
  readonly moreCalls: number
  /** Sends, receives and collectives so far. */
  readonly events: number
  /** Sent so far. */
  readonly messages: number
  readonly bytes: number
  /** Messages that wait for room or credit, that wait to be matched, and that have come and nobody has received. */
  readonly queued: number
  readonly unmatched: number
  readonly unreceived: number
  /** The least credit that is left to another, and to whom. */
  readonly credit?: { readonly bytes: number; readonly to: number } | undefined
  /** From the oldest. */
  readonly last: readonly Mark[]
}

/** What one process has sent to another: from, to, messages, bytes. */
export type PairPicture = readonly [from: number, to: number, messages: number, bytes: number]

export interface FailurePicture {
  /** What the rank is called, if it is one's. */
  readonly title?: string | undefined
  readonly text: string
}

export interface Picture {
  readonly program: string
  readonly args: readonly string[]
  /** When the job has begun and when this was so, in milliseconds since 1970. */
  readonly began: number
  readonly time: number
  readonly ranks: readonly RankPicture[]
  /** The busiest, and how many others there are. */
  readonly pairs: readonly PairPicture[]
  readonly morePairs: number
  readonly failures: readonly FailurePicture[]
  /** That nothing can go on was proved. */
  readonly deadlock: boolean
  /** The job is over, with this status. */
  readonly status?: number | undefined
}
