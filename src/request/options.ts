import type { BufferLike } from '../codec/datatype.js'
import type { Status } from './status.js'

/** What the calls of a communicator are told. */

export interface To {
  dest: number
  /** 0 … TAG_UB; default 0. */
  tag?: number
  signal?: AbortSignal
}

export interface From {
  /** Default ANY_SOURCE. */
  source?: number
  /** Default ANY_TAG. */
  tag?: number
  /** Receive in place: the call resolves to this object. */
  into?: BufferLike
  status?: Status
  signal?: AbortSignal
}

export interface Exchange {
  dest: number
  sendTag?: number
  source?: number
  recvTag?: number
  /** May be the data itself. */
  into?: BufferLike
  status?: Status
  signal?: AbortSignal
}
