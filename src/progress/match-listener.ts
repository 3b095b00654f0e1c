import type { Context } from './context.js'
import type { Endpoint } from './endpoint.js'
import type { Incoming, Taker } from './incoming.js'

/** Sees which message meets which receive, where somebody wants to know. */
export interface MatchListener {
  /** From now on it sees those of this endpoint. */
  follow(endpoint: Endpoint): void
  /** A receive gets a message that has waited; it and others are still in their places. */
  found(endpoint: Endpoint, context: Context, taker: Taker, message: Incoming): void
  /** A message comes, to a receive that has waited or to none. */
  came(endpoint: Endpoint, context: Context, taker: Taker | undefined, message: Incoming): void
}
