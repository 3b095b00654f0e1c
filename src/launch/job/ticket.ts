import { ArgumentError } from '../../errors.js'
import { TICKET_PREFIX as PREFIX } from '../../progress/job-services.js'

/** What a stranger needs to connect to a port of another job. */
export interface Ticket {
  /** A word for the port. */
  id: string
  /** 32 bytes, in base64url. */
  secret: string
  /** Where its job listens: any of these. */
  addresses: string[]
  port: number
  /** Where links are encrypted, the fingerprint of the certificate. */
  tls?: string | undefined
}

/** Arguments as they may be shown: a ticket is a secret. */
export const withoutTickets = (args: readonly string[]): string[] =>
  args.map((text) => text.replace(TICKETS, (_, kind: string) => `${kind}:…`))
const TICKETS = /\b(rxmpi-[a-z]+):[\w-]{20,}/g

const WORD = /^[\w-]{43}$/

export const writeTicket = (ticket: Ticket): string => PREFIX + Buffer.from(JSON.stringify(ticket)).toString('base64url')

export function readTicket(text: string): Ticket {
  const bad = new ArgumentError('port: the ticket cannot be read; give what port.ticket has given, all of it')
  let read: Partial<Ticket> | null
  try {
    read = JSON.parse(Buffer.from(text.slice(PREFIX.length), 'base64url').toString())
  } catch {
    throw bad
  }
  const { id, secret, addresses, port, tls } = read ?? {}
  const isGood =
    typeof id === 'string' &&
    WORD.test(String(secret)) &&
    Array.isArray(addresses) &&
    addresses.every((address) => typeof address === 'string') &&
    Number.isInteger(port) &&
    (tls === undefined || WORD.test(String(tls)))
  if (!isGood) throw bad
  return read as Ticket
}
