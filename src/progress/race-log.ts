import { ANY_SOURCE, ANY_TAG } from '../constants.js'
import { at, type CallSite } from '../diagnostics/call-site.js'
import type { Context } from './context.js'
import { CONTEXTS, MESSAGES } from './context-ids.js'
import type { Endpoint } from './endpoint.js'
import type { Incoming, Taker } from './incoming.js'
import type { MatchListener } from './match-listener.js'

/** A receive that has got its message, while another may still come that it could have got. */
interface Open {
  readonly context: number
  readonly tag: number
  readonly sources: Set<number>
  readonly race: () => Race
  readonly first: string
}

/** The receives of one line. */
interface Race {
  readonly site: CallSite | undefined
  /** Receives of which several senders' messages could have been. */
  count: number
  /** 'rank 1, tag 0', and how it sorts. */
  readonly senders: Map<string, number>
}

/**
 * The receives from any source that could have matched messages of more than one sender. Those that waited are known at once. One that
 * comes later counts if this rank has sent nothing, to anybody, since the receive had its message: then it was sent without knowing of
 * that, and could as well have come first. Which one a receive gets is chance then.
 */
export class RaceLog implements MatchListener {
  readonly #races = new Map<string, Race>()
  #open: Open[] = []
  /** Segments that this rank has sent, and how many those of `#open` know of. */
  #sent = 0
  #known = 0

  follow(endpoint: Endpoint): void {
    endpoint.matches = this
    const { transport } = endpoint
    const publish = transport.publish.bind(transport)
    transport.publish = (dest) => {
      this.#sent++
      publish(dest)
    }
  }

  found(endpoint: Endpoint, context: Context, taker: Taker, message: Incoming): void {
    if (!isWide(taker, message)) return
    const open = this.#begin(endpoint, taker, message)
    for (const source of context.matching.sources) {
      const other = context.matching.find(source, taker.tag)
      if (other !== undefined) this.#add(endpoint, open, other)
    }
  }

  came(endpoint: Endpoint, _context: Context, taker: Taker | undefined, message: Incoming): void {
    if (this.#known !== this.#sent) this.#open = []
    for (const open of this.#open) {
      if (open.context === message.context && (open.tag === ANY_TAG || open.tag === message.tag)) this.#add(endpoint, open, message)
    }
    if (taker !== undefined && isWide(taker, message)) this.#begin(endpoint, taker, message)
  }

  #begin(endpoint: Endpoint, { site, tag }: Taker, message: Incoming): Open {
    if (this.#known !== this.#sent) this.#open = []
    this.#known = this.#sent
    const open: Open = {
      context: message.context,
      tag,
      sources: new Set([message.source]),
      race: () => this.#raceAt(endpoint, message.context, site),
      first: senderOf(endpoint, message)
    }
    this.#open.push(open)
    return open
  }

  #add(endpoint: Endpoint, open: Open, message: Incoming): void {
    if (open.sources.has(message.source)) return
    const race = open.race()
    if (open.sources.size === 1) race.count++
    open.sources.add(message.source)
    for (const sender of [open.first, senderOf(endpoint, message)]) race.senders.set(sender, (race.senders.get(sender) ?? 0) + 1)
  }

  #raceAt(endpoint: Endpoint, context: number, site: CallSite | undefined): Race {
    const key = `${endpoint.on(context)}${at(site)}`
    let race = this.#races.get(key)
    if (race === undefined) {
      race = { site, count: 0, senders: new Map() }
      this.#races.set(key, race)
    }
    return race
  }

  /** A line for each line of the program that has received so. */
  lines(title: string): string[] {
    return Array.from(this.#races, ([where, { count, senders }]) => {
      const all = [...senders.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      const more = all.length > SHOWN ? [`and ${all.length - SHOWN} more`] : []
      const receives = count === 1 ? 'a receive' : `${count} receives`
      return `rank ${title} had ${receives} that could have matched messages of several senders${where}: ${[...all.slice(0, SHOWN), ...more].join('; ')}`
    })
  }
}

/** Senders and tags that are told of one line. */
const SHOWN = 8

/** Whether it is a receive of the program's from whoever sends first. */
const isWide = ({ peer }: Taker, { context }: Incoming): boolean => peer === ANY_SOURCE && (context & (CONTEXTS - 1)) === MESSAGES

const senderOf = (endpoint: Endpoint, { context, source, tag }: Incoming): string =>
  `rank ${endpoint.rankIn(context - (context & (CONTEXTS - 1)), source)}, tag ${tag}`
