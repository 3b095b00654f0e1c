import type { OptionNames } from '../diagnostics/option-names.js'
import type { Target } from '../request/options.js'
import type { Status } from '../request/status.js'

/** Where a call reads or writes. */
export interface FilePlace {
  /** At this element of the view; no pointer moves. */
  at?: number
  /** At the file's common pointer: in order of arrival, in collective calls in rank order. */
  shared?: boolean
  /** Aborting it fails the call with an AbortError; of a collective call, on the other ranks with a RemoteError. */
  signal?: AbortSignal
}

/** What is read, and where it goes. */
export interface ReadOptions extends FilePlace {
  /** Elements; default all that fit `into`, or all to the end. */
  count?: number
  /** Read in place, also into a view or records: the call resolves to this object, `status.count` tells how much of it is filled. */
  into?: Target
  /** Is filled in with what was read: `status: new Status()`. */
  status?: Status
}

/** What a call takes that has no other options. */
export interface FileCallOptions {
  /** Aborting it fails the call with an AbortError; of a collective call, on the other ranks with a RemoteError. */
  signal?: AbortSignal
}

/** From where an offset counts. */
export type SeekFrom = 'start' | 'current' | 'end'

export const PLACE: OptionNames<FilePlace> = { at: true, shared: true, signal: true }
export const READ: OptionNames<ReadOptions> = { ...PLACE, count: true, into: true, status: true }
