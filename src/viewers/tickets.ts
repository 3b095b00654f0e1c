import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { PROOF, PROTOCOL } from './wire.js'

/** What the holder of a ticket may do, until when, and on which pages. */
export interface TicketTerms {
  readonly writes: boolean
  /** By the clock of `now`. */
  readonly end: number
  /** Undefined: pages of this machine. */
  readonly origins: readonly string[] | undefined
}

interface Entry extends TicketTerms {
  readonly digest: Buffer
}

export type Check = TicketTerms | { refused: string } | undefined

const HEADER = new RegExp(`^${PROTOCOL.replaceAll('.', '\\.')}, ?${PROOF.replaceAll('.', '\\.')}([\\w-]{11})\\.([\\w-]{43})$`)
const NOBODY = randomBytes(32)

/** The tickets of one server. Of each secret it keeps a digest only: what has been given out cannot be had from it again. */
export class Tickets {
  readonly #entries = new Map<string, Entry>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** The new ticket's number and secret, 'ID.SECRET'. */
  issue(terms: Omit<TicketTerms, 'end'> & { readonly milliseconds: number }): string {
    const { writes, origins, milliseconds } = terms
    const [id, secret] = [randomBytes(8).toString('base64url'), randomBytes(32).toString('base64url')]
    this.#entries.set(id, { writes, origins, end: this.#now() + milliseconds, digest: digestOf(secret) })
    return `${id}.${secret}`
  }

  /**
   * What the holder may do. Undefined for whoever shows no good secret: all reasons look alike to him. Whoever has one is told what is
   * wrong.
   */
  check(header: string | undefined, origin: string | undefined): Check {
    const [, id, secret] = HEADER.exec(header ?? '') ?? []
    if (id === undefined || secret === undefined) return undefined
    const entry = this.#entries.get(id)
    // Digests, so that the time says nothing of how far two secrets agree, or of whether there is such a number.
    if (!timingSafeEqual(digestOf(secret), entry?.digest ?? NOBODY) || entry === undefined) return undefined
    if (this.isOver(entry)) return { refused: EXPIRED }
    if (!isAllowed(origin, entry.origins)) {
      return { refused: `this ticket is not for pages of ${origin}: name that in the ticket's origins` }
    }
    return entry
  }

  isOver({ end }: TicketTerms): boolean {
    return this.#now() >= end
  }
}

export const EXPIRED = 'the ticket has expired; ask for another'

const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Programs that are no browser say no origin, and could say any. */
function isAllowed(origin: string | undefined, origins: readonly string[] | undefined): boolean {
  if (origin === undefined) return true
  if (origins !== undefined) return origins.includes(origin)
  return URL.canParse(origin) && LOOPBACK.has(new URL(origin).hostname)
}
