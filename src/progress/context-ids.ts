import { CONTEXT_LIMIT } from './frame.js'

/** What a communicator's messages are of: its contexts, from its id on. */
export const MESSAGES = 0
export const COLLECTIVES = 1
/** What collectives say beside their data. */
export const CONTROL = 2
export const CHANNELS = 3
/** There: the lowest bits of `call` are the kind of frame, of which this one carries a value of the user's. */
export const KIND_BITS = 3
export const NEXT = 1
export const kindIn = (call: number): number => call & ((1 << KIND_BITS) - 1)

/** What the ranks of a group say to each other when they make a communicator of their own. */
export const GROUPS = 4
/** The data of partitioned sends, and what their ends say to each other. */
export const PARTITIONS = 5
/** What a rank says to the next one when its turn has ended. */
export const TURNS = 6
/** A second way for collectives, where one is two that go at the same time: those of an intercommunicator. */
export const SECOND_LANE = 7

/** Contexts of a communicator: a power of two. */
export const CONTEXTS = 8

/** The first contexts of the communicators that there are from the start. */
export const WORLD = 0
export const SELF = CONTEXTS
/** Those of the streams that ranks lend to each other. */
export const LENT = -CONTEXTS

/** What ranks say to each other about failures, whatever communicator it concerns: contexts that no communicator has. */
export const FAILURES = -2 * CONTEXTS

/** What joins the two groups of a fabric: its messages, and its collectives. */
export const JOINED = [2 * CONTEXTS, 3 * CONTEXTS] as const

/** Ids below are of communicators that all ranks have without asking each other: the world, each rank alone. */
export const FIRST_ID = 16 * CONTEXTS

/** The communicator that a context is of. */
export const communicatorOf = (context: number): number => Math.floor(context / CONTEXTS) * CONTEXTS

/**
 * The ids that a rank gives to new communicators: never one that it or another rank has given before, so that ranks need not ask each other
 * what is free, and what still comes for a communicator that is no more is not taken for another's.
 */
export class IdSource {
  /** How many it has given. */
  given = 0
  readonly #rank: number
  readonly #size: number

  constructor(rank: number, size: number) {
    this.#rank = rank
    this.#size = size
  }

  /** `null` when there is no more: after 2⁴⁴ communicators, divided by the size of the world. */
  next(): number | null {
    const id = FIRST_ID + CONTEXTS * (this.given * this.#size + this.#rank)
    if (id + CONTEXTS > CONTEXT_LIMIT) return null
    this.given++
    return id
  }
}

export const IDS_EXHAUSTED =
  'there are no contexts left: the rank that gives them to new communicators has given all that are its own; start the job anew'
