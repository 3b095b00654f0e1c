import type { Claim } from './challenge.js'

/** One WebSocket between two hosts, whichever library carries it. */
export interface Connection {
  /** False when the frame was not taken: the connection is of no use any more. */
  send(frame: Uint8Array): boolean
  /** So much waits in it to be written that more should wait with the sender; `drained` follows. */
  readonly full: boolean
  /** Ends it at once. `closed` is called nonetheless, later. */
  close(): void
  /** Ends it when all is out that was sent; nothing is taken in any more. */
  finish(): void
}

/** What happens on a connection. A frame's bytes are valid during the call only. */
export interface Events {
  frame(bytes: Uint8Array): void
  drained(): void
  closed(reason: string): void
}

/** A certificate of the job, in PEM. */
export interface Certificate {
  cert: string
  key: string
}

/** Bytes that may wait within a connection: the libraries move what waits about, and what is lost with it must be written again. */
export const WAITING_BYTES = 2 ** 20

/** How the refusal of a second process with one number begins. */
export const DUPLICATE = 'ERR_DUPLICATE_RANK:'

export const CHALLENGE_PATH = '/challenge'
export const LINK_PATH = '/link'
export const CLAIM_HEADER = 'x-rxmpi-claim'
export const ANSWER_HEADER = 'x-rxmpi-answer'

export const LINK_DOOR = { path: LINK_PATH, claim: CLAIM_HEADER, answer: ANSWER_HEADER }

/** The longest WebSocket message that is taken in: a frame, and nothing longer. */
export { MAX_FRAME as MAX_MESSAGE } from './wire.js'
/** A handshake that takes longer is given up. */
export const HANDSHAKE_MS = 5000

/** A claim and its proof as the value of a header. */
export const writeClaim = ({ from, to, size, epoch, received, instance, nonceClient, nonceServer }: Claim, proof: string): string =>
  [from, to, size, epoch, received, instance, nonceClient, nonceServer, proof].join(' ')

const CLAIM = /^(-?\d{1,9}) (-?\d{1,9}) (\d{1,9}) (\d{1,15}) (\d{1,15}) ([\w-]{22}) ([\w-]{22}) ([\w.-]{30,120}) ([\w-]{43})$/

export function readClaim(header: string | undefined): { claim: Claim; proof: string } | undefined {
  const match = CLAIM.exec(header ?? '')
  if (match === null) return undefined
  const [from, to, size, epoch, received] = match.slice(1, 6).map(Number) as [number, number, number, number, number]
  return {
    claim: { from, to, size, epoch, received, instance: match[6]!, nonceClient: match[7]!, nonceServer: match[8]! },
    proof: match[9]!
  }
}
