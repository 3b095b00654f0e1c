import type { Ticket } from '../src/viewers/ticket.js'

/** A connection to a job, whatever carries it. */
export interface Line {
  send(frame: Uint8Array): void
  /** Ends it when all is out. */
  close(): void
}

/** What happens on it. `frame`: its bytes are the receiver's. `closed` is called last, and not where this end has closed it. */
export interface LineEvents {
  opened(): void
  frame(bytes: Uint8Array): void
  closed(error: Error): void
}

export type Dial = (ticket: Ticket, events: LineEvents) => Line

export const OUT_OF_REACH = 'the connection to the job is lost: the job is no more, or cannot be reached'
