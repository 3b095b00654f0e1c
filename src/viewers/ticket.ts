import { ArgumentError } from '../errors.js'
import { VIEWERS_PATH } from './wire.js'

/** What a ticket says. Nothing after the # is ever part of a request's address, so that it is in no log of a proxy's. */
export interface Ticket {
  /** 'ws://127.0.0.1:41234/viewers' */
  readonly url: string
  /** Whether it lets publish. The rank knows by itself; this is for an early error. */
  readonly writes: boolean
  /** Which ticket it is and its secret: 'ID.SECRET'. */
  readonly proof: string
  /** SHA-256 of the rank's certificate in base64url, where the connection is encrypted. */
  readonly fingerprint: string | undefined
}

export function writeTicket({ url, writes, proof, fingerprint }: Ticket): string {
  return `${url}#${writes ? 'w' : 'r'}.${proof}${fingerprint === undefined ? '' : `.${fingerprint}`}`
}

const WORD = '[\\w-]'
const TICKET = new RegExp(`^(wss?://[^/#?\\s]+${VIEWERS_PATH})#([rw])\\.(${WORD}{11}\\.${WORD}{43})(?:\\.(${WORD}{43}))?$`)

export function readTicket(text: string): Ticket {
  const match = TICKET.exec(String(text).trim())
  if (match === null) {
    // Not what follows the #: it may be a secret.
    const shown = JSON.stringify(`${String(text).split('#', 1)[0]!.slice(0, 60)}#…`)
    throw new ArgumentError(`ticket: expected all that viewers.ticket() has given, 'ws://HOST:PORT${VIEWERS_PATH}#…', got ${shown}`)
  }
  return { url: match[1]!, writes: match[2] === 'w', proof: match[3]!, fingerprint: match[4] }
}
