import { at, type CallSite } from '../../src/diagnostics/call-site.js'
import type { Endpoint } from '../../src/progress/endpoint.js'
import { pendingCalls } from '../../src/progress/pending-calls.js'
import { contentOf, unreceived } from '../../src/progress/unreceived.js'
import { show } from './marbles.js'
import type { NetworkTraffic } from './traffic.js'

/** A rank of some world, and its ends of all that joins it with others. */
export interface Presence {
  /** What it is called: '2', '1.0'. */
  readonly title: string
  readonly ends: Iterable<{ readonly endpoint: Endpoint; readonly traffic: NetworkTraffic }>
}

/** What a world of ranks has left behind, one line each. */
export interface Leaks {
  /** Calls that wait for ever: 'rank 0 waits in recv for rank 1, tag 0, at ring.test.ts:12:8'. */
  readonly waiting: string[]
  /** Subscriptions that are open, which is no fault. */
  readonly open: string[]
  readonly unreceived: string[]
  readonly unfreed: string[]
  /** Receives and collectives that are complete and that nobody has looked at. */
  readonly overlooked: string[]
  /** Locks that were not given back: 'rank 1 holds mutex 'world.mutex(1)', at log.test.ts:8:3'. */
  readonly held: string[]
  /** The first line of the test that one of them tells. */
  site: CallSite | undefined
}

/** Lines of each kind that are shown. */
const SHOWN = 20

export function leaksOf(ranks: Iterable<Presence>): Leaks {
  const leaks: Leaks = { waiting: [], open: [], unreceived: [], unfreed: [], overlooked: [], held: [], site: undefined }
  for (const { title, ends } of ranks) for (const { endpoint, traffic } of ends) add(leaks, title, endpoint, traffic)
  return leaks
}

function add(leaks: Leaks, title: string, endpoint: Endpoint, traffic: NetworkTraffic): void {
  const { rank } = endpoint.transport
  for (const { endless, site, waits } of pendingCalls(endpoint)) {
    const list = endless ? leaks.open : leaks.waiting
    for (const what of waits) list.push(`rank ${title} waits ${what}${at(site)}`)
    if (!endless) leaks.site ??= site
  }
  for (const { message, origin } of unreceived(endpoint)) {
    const sent = at(traffic.siteOf(rank, message.order)).replace(', at', ', sent at')
    leaks.unreceived.push(`rank ${title} never received ${contentOf(message, show)} from ${origin}${sent}`)
  }
  for (const { name, site, kind = 'communicator', isGiven = false, holdings = [] } of endpoint.unfreed) {
    if (!isGiven) leaks.unfreed.push(`rank ${title} never freed ${kind} '${name}'${at(site)}`)
    for (const holding of holdings) leaks.held.push(`rank ${title} holds ${holding.describe()}${at(holding.site)}`)
  }
  for (const { kind, describe, site } of endpoint.overlooked) {
    const what = kind === 'probed message' ? 'never received the message of' : 'never looked at'
    leaks.overlooked.push(`rank ${title} ${what} ${describe()}${at(site)}`)
  }
  for (const holding of endpoint.held) leaks.held.push(`rank ${title} holds ${holding.describe()}${at(holding.site)}`)
}

/** So many of the lines as can be read. */
export function listed(lines: readonly string[]): string {
  const more = lines.length > SHOWN ? [`… and ${lines.length - SHOWN} more`] : []
  return [...lines.slice(0, SHOWN), ...more].map((line) => `  ${line}`).join('\n')
}
