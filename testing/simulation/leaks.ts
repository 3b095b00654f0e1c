import type { Communicator } from '../../src/communicator/communicator.js'
import { type CallSite, locate } from '../../src/diagnostics/call-site.js'
import { CHANNELS, CONTEXTS, CONTROL, MESSAGES } from '../../src/progress/context-ids.js'
import type { Incoming } from '../../src/progress/incoming.js'
import { kindIn, NEXT } from '../../src/stream/control-messages.js'
import { show } from './marbles.js'
import type { TrafficMonitor } from './traffic.js'

/** What a world of ranks has left behind, one line each. */
export interface Leaks {
  /** Calls that wait for ever: 'rank 0 waits in recv for rank 1, tag 0, at ring.test.ts:12:8'. */
  readonly waiting: string[]
  /** Subscriptions that are open, which is no fault. */
  readonly open: string[]
  readonly unreceived: string[]
  readonly unfreed: string[]
  /** The first line of the test that one of them tells. */
  site: CallSite | undefined
}

/** Lines of each kind that are shown. */
const SHOWN = 20

export function leaksOf(comms: readonly Communicator[], traffic: TrafficMonitor, ended: ReadonlySet<number>): Leaks {
  const leaks: Leaks = { waiting: [], open: [], unreceived: [], unfreed: [], site: undefined }
  for (const {
    rank,
    core: { endpoint }
  } of comms) {
    if (ended.has(rank)) continue
    for (const waiting of endpoint.waiting()) {
      const list = waiting.endless ? leaks.open : leaks.waiting
      list.push(`rank ${rank} waits ${waiting.describe()}${at(waiting.site)}`)
      if (!waiting.endless) leaks.site ??= waiting.site
    }
    for (const message of endpoint.unreceived()) {
      // Of these their senders tell.
      if (message.answer) continue
      const kind = message.context % CONTEXTS
      if (kind === CONTROL || (kind === CHANNELS && kindIn(message.call) !== NEXT)) continue
      const of = kind === MESSAGES ? `tag ${message.tag}` : kind === CHANNELS ? `in a stream, tag ${message.tag}` : 'in a collective'
      const sent = at(traffic.siteOf(rank, message.order)).replace(', at', ', sent at')
      leaks.unreceived.push(`rank ${rank} never received ${contentOf(message)} from rank ${message.source}, ${of}${sent}`)
    }
    for (const { name, site } of endpoint.unfreed) leaks.unfreed.push(`rank ${rank} never freed communicator '${name}'${at(site)}`)
  }
  return leaks
}

/** So many of the lines as can be read. */
export function listed(lines: readonly string[]): string {
  const more = lines.length > SHOWN ? [`… and ${lines.length - SHOWN} more`] : []
  return [...lines.slice(0, SHOWN), ...more].map((line) => `  ${line}`).join('\n')
}

function contentOf(message: Incoming): string {
  try {
    if (message.complete) return show(message.value())
  } catch {}
  return `a message of ${message.bytes} bytes`
}

function at(site: CallSite | undefined): string {
  const where = locate(site)
  return where === undefined ? '' : `, at ${where}`
}
