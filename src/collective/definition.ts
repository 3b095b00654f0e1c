import type { Observable } from 'rxjs'
import type { CommunicatorCore, Root } from '../core/communicator-core.js'
import type { AnyOp } from '../op/op.js'
import type { Posts, Stages } from './board/posts.js'
import type { CallOptions, Ragged } from './call.js'
import type { CallRegistry } from './call-registry.js'
import type { Links } from './steps.js'
import type { Hosts } from './topology/hosts.js'
import type { Neighborhood } from './topology/neighborhood.js'

/** What a rank gets from a round of which it gets nothing. */
export const NOTHING = Symbol('nothing')

/** The value of a rank whose stream is over, while those of others go on. */
export const ABSENT = Symbol('absent')

/** A result that could not be received here, while all is well for the others. */
export class Misfit {
  readonly error: Error

  constructor(error: Error) {
    this.error = error
  }
}

/** All that a collective knows of a communicator. */
export interface Ranks {
  readonly rank: number
  readonly size: number
  /** How they lie on several hosts, where there are several. */
  readonly hosts: Hosts | undefined
  /** Whom this rank exchanges with, where they are a topology. */
  readonly neighborhood?: Neighborhood | undefined
}

/** Who calls collectives: a communicator. */
export interface Caller {
  readonly core: CommunicatorCore
  /** Throws when nothing can be called any more. */
  readonly calls: CallRegistry
}

/** Makes a collective for a rank, of what all its calls and rounds have in common. */
export type Make<T, R> = (ranks: Ranks, options: PlanOptions, op?: AnyOp) => Definition<T, R>

export interface PlanOptions {
  readonly root?: number | undefined
  readonly algorithm?: string | undefined
  readonly ragged?: Ragged | undefined
}

/** The same as a program gives it. */
export type GivenPlan = Omit<PlanOptions, 'root'> & { readonly root?: Root | undefined }

/** A collective, as one rank calls it: once, as often as it likes, or on a stream. */
export interface Definition<T, R> {
  readonly name: string
  readonly root?: number | undefined
  readonly op?: string | undefined
  /** The one that was asked for. */
  readonly algorithm?: string | undefined
  /** The one for a value whose size asks for another than usual: rounds by it have the links to themselves. All ranks find the same. */
  readonly suited?: (value: T) => string | undefined
  /** Throws what is wrong with the options of a call. */
  readonly checkOptions?: (options: CallOptions) => void
  /** Throws what is wrong with a value that this rank gives. */
  readonly check?: (data: T, options: CallOptions) => void
  /** The rank that alone gives something, where that is another: this rank's own stream is ignored, it follows that of the giver. */
  readonly giver?: number | undefined
  /** The ranks that give something, where they are several and not all: the others' own streams are ignored, they follow those. */
  readonly givers?: readonly number[] | undefined
  /** A rank may be done with a round that others have not come to. */
  readonly ahead?: boolean | undefined
  /** But not this one, for it gets something of every other. */
  readonly meetsAll?: boolean | undefined
  /** Only these other ranks meet this one in a round: what is done here says nothing of the rest. */
  readonly neighbors?: { readonly sources: readonly number[]; readonly dests: readonly number[] } | undefined
  /** A rank's round begins when the one before is over: its steps use a link more than once. */
  readonly serial?: boolean | undefined
  /** How ranks of one host do it that all see one board, for a small value of a method's call. */
  readonly posts?: Posts<T, R> | undefined
  /** The same for one that is suited to another algorithm than usual. */
  readonly stages?: Stages<T, R> | undefined
  /**
   * The collective, composed of its links: from the values of this rank to its results, one of each round. By the algorithm that was asked
   * for or is suited, which the ranks agree on, or else as usual. What is composed serves any number of rounds, of one call or of several.
   */
  readonly build: (links: Links, algorithm: string | undefined) => (values: Observable<T>) => Observable<R | typeof NOTHING | Misfit>
}

/** Whether a rank gives something. */
export function givesTo({ giver, givers }: Pick<Definition<never, unknown>, 'giver' | 'givers'>, rank: number): boolean {
  return givers === undefined ? giver === undefined || giver === rank : givers.includes(rank)
}

/** How a stream of rounds goes on and ends. */
export interface StreamOptions {
  /** What happens when the ranks' streams end after different numbers of values; default 'error'. */
  ragged?: Ragged
  /** Rounds that a rank may be ahead of the others; default 64. */
  window?: number
  /** Aborting it fails the stream: with an AbortError here, with a RemoteError on the other ranks. */
  signal?: AbortSignal
}
