import type { Certificate, Connection, Events } from './connection.js'

/** Where to listen for the other hosts of a job. */
export interface ListenOptions {
  address: string
  /** 0: any. */
  port: number
  certificate?: Certificate | undefined
  /** Whether it keeps the process alive. */
  keepsAlive?: boolean
}

/** Where a connection is asked for, and the headers of the claim and of the answer. */
export interface Door {
  path: string
  claim: string
  answer: string
}

/** A port at which other hosts connect, whichever library listens. */
export interface Server {
  readonly port: number
  /** Whether new connections are taken; those that are there stay. */
  accept(open: boolean): void
  close(): void
}

/** Decides who gets in. */
export interface Authenticator {
  challenge?(): string
  /** `origin`: of the page that asks, where a browser does. */
  admit(header: string | undefined, origin?: string): Admission
}

/** The server's answer to a claim, and how the connection goes on; or why it is refused, and whether to try again. */
export type Admission = { answer: string; open: (connection: Connection) => Events } | { refused: string; later?: boolean }
