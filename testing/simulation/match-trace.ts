import { ANY_SOURCE } from '../../src/constants.js'
import { at, type CallSite, justAt } from '../../src/diagnostics/call-site.js'
import type { Context } from '../../src/progress/context.js'
import { CONTEXTS, MESSAGES } from '../../src/progress/context-ids.js'
import type { Endpoint } from '../../src/progress/endpoint.js'
import type { Incoming, Taker } from '../../src/progress/incoming.js'
import type { MatchListener } from '../../src/progress/match-listener.js'
import type { NetworkTraffic } from './traffic.js'

/** A receive of the program's and the message that it has got. */
interface Match {
  readonly rank: number
  /** Of the receive: 'sum.test.ts:9:20', with its communicator where there are several. */
  readonly where: string
  /** It takes what comes first, whosever it is. */
  readonly isWide: boolean
  readonly source: number
  readonly tag: number
  /** What was sent where. */
  readonly message: string
}

/** Which message each receive of a simulated run has got, in order. */
export class MatchTrace implements MatchListener {
  readonly #matches: Match[] = []
  /** What crosses the network of each endpoint. */
  readonly #traffic = new WeakMap<Endpoint, NetworkTraffic>()

  follow(endpoint: Endpoint): void {
    endpoint.matches = this
  }

  /** The same, of an endpoint whose network is watched. */
  followIn(traffic: NetworkTraffic, endpoint: Endpoint): void {
    this.#traffic.set(endpoint, traffic)
    this.follow(endpoint)
  }

  found(endpoint: Endpoint, _context: Context, taker: Taker, message: Incoming): void {
    this.#add(endpoint, taker, message)
  }

  came(endpoint: Endpoint, _context: Context, taker: Taker | undefined, message: Incoming): void {
    if (taker !== undefined) this.#add(endpoint, taker, message)
  }

  #add(endpoint: Endpoint, { site, peer }: Taker, message: Incoming): void {
    const { context, source, tag, order } = message
    const kind = context & (CONTEXTS - 1)
    if (kind !== MESSAGES) return
    const { rank } = endpoint.transport
    const traffic = this.#traffic.get(endpoint)
    this.#matches.push({
      rank,
      source,
      tag,
      isWide: peer === ANY_SOURCE,
      get where() {
        return `${endpoint.on(context)}${justAt(site)}`
      },
      get message() {
        return `rank ${endpoint.rankIn(context - kind, source)}, tag ${tag}${sentAt(traffic?.siteOf(rank, order))}`
      }
    })
  }

  /** The first receive from any source that got another message than in another run, which `other` names: 'under seed 3, which passes,'. */
  otherMatch(trace: MatchTrace, other: string): string | undefined {
    const isWide = ({ isWide }: Match): boolean => isWide
    const pair = pairOf(this.#matches.filter(isWide), trace.#matches.filter(isWide), ({ rank, where }) => `${rank}${where}`)
    if (pair === undefined) return undefined
    const [{ rank, where, message }, its] = pair
    return `the first receive whose match differed, on rank ${rank}${where}, got the message of ${message}; ${other} that of ${its.message}`
  }

  /** The first message that came to its rank in another order, where each receive got the same. */
  otherOrder(trace: MatchTrace, other: string): string | undefined {
    const pair = pairOf(this.#matches, trace.#matches, ({ rank }) => `${rank}`)
    if (pair === undefined) return undefined
    const [mine, its] = pair
    const tell = ({ message, where }: Match): string => `that of ${message}, received${where}`
    return `each receive got the same message, but rank ${mine.rank} another one first: ${tell(mine)}; ${other} ${tell(its)}`
  }
}

/** The first match of the one run that is another in the other, where `keyOf` says which are compared: the n-th with the n-th. */
function pairOf(all: readonly Match[], others: readonly Match[], keyOf: (match: Match) => string): [Match, Match] | undefined {
  const its = new Map<string, Match[]>()
  for (const other of others) {
    const key = keyOf(other)
    const list = its.get(key)
    if (list === undefined) its.set(key, [other])
    else list.push(other)
  }
  const counts = new Map<string, number>()
  for (const match of all) {
    const key = keyOf(match)
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    const other = its.get(key)?.[count]
    if (other !== undefined && (other.source !== match.source || other.tag !== match.tag)) return [match, other]
  }
  return undefined
}

const sentAt = (site: CallSite | undefined): string => at(site).replace(', at', ', sent at')
