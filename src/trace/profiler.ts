import { subscribe } from 'node:diagnostics_channel'
import { type CallSite, countPlaces, locate } from '../diagnostics/call-site.js'
import type { CollectiveEvent } from '../diagnostics/channels.js'
import { communicatorOf } from '../progress/context-ids.js'
import type { Endpoint } from '../progress/endpoint.js'
import { kindOf } from '../progress/message-event.js'
import { type MessageObserver, observeMessages } from '../progress/message-observers.js'
import type { PlaceProfile, RankProfile } from './call-profile.js'

/** Calls of one name: what is known of all of them, and of those whose place was seen. */
class Calls {
  count = 0
  total = 0
  waited = 0
  /** Since the last whose place was seen. */
  #unseen = 0
  readonly #places = new Map<CallSite, { seen: number; weight: number; total: number; waited: number }>()

  add(site: CallSite | undefined, time: number, waited: number): void {
    this.count++
    this.total += time
    this.waited += waited
    if (site === undefined) {
      this.#unseen++
      return
    }
    let place = this.#places.get(site)
    if (place === undefined) {
      place = { seen: 0, weight: 0, total: 0, waited: 0 }
      this.#places.set(site, place)
    }
    place.seen++
    place.weight += 1 + this.#unseen
    place.total += time
    place.waited += waited
    this.#unseen = 0
  }

  get isEstimate(): boolean {
    const seen = [...this.#places.values()].reduce((sum, place) => sum + place.seen, 0)
    return seen > 0 && seen < this.count
  }

  /**
   * By place. A call that was seen stands for those since the one before (Horvitz, Thompson: A generalization of sampling without
   * replacement from a finite universe, JASA 47, 1952); what is known of all is dealt out so that the sums are exact.
   */
  places(call: string): PlaceProfile[] {
    const merged = new Map<string, PlaceProfile>()
    const scale = { count: 0, total: 0, waited: 0 }
    for (const [site, { seen, weight, total, waited }] of this.#places) {
      const place = locate(site)
      const known = merged.get(`${place}`) ?? { place, call, count: 0, total: 0, waited: 0 }
      merged.set(`${place}`, known)
      const share = { count: weight, total: (total * weight) / seen, waited: (waited * weight) / seen }
      for (const key of ['count', 'total', 'waited'] as const) {
        known[key] += share[key]
        scale[key] += share[key]
      }
    }
    if (merged.size === 0) return [{ place: undefined, call, count: this.count, total: this.total, waited: this.waited }]
    for (const known of merged.values()) {
      for (const key of ['count', 'total', 'waited'] as const) if (scale[key] > 0) known[key] *= this[key] / scale[key]
    }
    return [...merged.values()]
  }
}

/** Intervals of which some end later than others that began after them, as they end: how much of each none before has covered. */
class Covered {
  sum = 0
  /** Those that are apart, in order; of the older ones nothing begins as early any more, as a rule. */
  readonly #intervals: { begin: number; end: number }[] = []

  add(begin: number, end: number): number {
    const intervals = this.#intervals
    let from = begin
    let covered = 0
    let last = intervals.at(-1)
    // The last of those that it meets becomes the one that all of them are.
    let joined: typeof last
    while (last !== undefined && last.end >= from) {
      covered += Math.min(last.end, end) - Math.max(last.begin, begin)
      from = Math.min(from, last.begin)
      joined = last
      intervals.pop()
      last = intervals.at(-1)
    }
    joined ??= { begin, end }
    joined.begin = from
    joined.end = end
    intervals.push(joined)
    if (intervals.length > MOST) intervals.shift()
    const fresh = Math.max(0, end - begin - covered)
    this.sum += fresh
    return fresh
  }
}

const MOST = 256

/** What has gone to another rank. */
interface Sent {
  readonly to: number | string
  messages: number
  bytes: number
}

/** Adds up what a rank calls, how long it waits and what it sends to whom. */
export class Profiler implements MessageObserver {
  readonly timesSends = false
  readonly #start = performance.now()
  /** By name, in the order in which they were first seen. */
  readonly #calls = new Map<string, Calls>()
  /** Those of every message, at hand. */
  #sends: Calls | undefined
  #receives: Calls | undefined
  /** By `messages()`. */
  #taken: Calls | undefined
  readonly #covered = new Covered()
  readonly #sent = new Map<Endpoint, Sent[]>()
  /** What the last messages went by: most go the same way as the one before. */
  #endpoint: Endpoint | undefined
  #peers: Sent[] = []
  #context = Number.NaN
  #kind: ReturnType<typeof kindOf> = 'control'

  constructor() {
    countPlaces()
    observeMessages(this)
    subscribe('rxmpi:collective', (event) => this.#collective(event as CollectiveEvent))
  }

  profile(): RankProfile {
    const calls = [...this.#calls]
    return {
      time: performance.now() - this.#start,
      waited: this.#covered.sum,
      isEstimate: calls.some(([, own]) => own.isEstimate),
      places: calls.flatMap(([call, own]) => own.places(call)),
      sent: [...this.#sent.values()].flatMap((peers) => Object.values(peers))
    }
  }

  sent(endpoint: Endpoint, context: number, to: number, bytes: number, site: CallSite | undefined): void {
    if (context !== this.#context) this.#turn(context)
    if (this.#kind === 'control') return
    if (endpoint !== this.#endpoint) this.#go(endpoint)
    let peer = this.#peers[to]
    if (peer === undefined) {
      peer = { to: endpoint.processes?.[to] ?? to, messages: 0, bytes: 0 }
      this.#peers[to] = peer
    }
    peer.messages++
    peer.bytes += bytes
    if (this.#kind === 'message') {
      this.#sends ??= this.#of('send')
      this.#sends.add(site, 0, 0)
    }
  }

  received(_: Endpoint, context: number, time: number, waited: number, site: CallSite | undefined): void {
    if (context !== this.#context) this.#turn(context)
    if (this.#kind !== 'message') return
    if (waited < 0) {
      this.#taken ??= this.#of('messages')
      this.#taken.add(site, 0, 0)
    } else {
      this.#receives ??= this.#of('recv')
      this.#receives.add(site, waited, this.#covered.add(time - waited, time))
    }
  }

  #collective({ phase, name, time, duration, site }: CollectiveEvent): void {
    if (phase === 'end' && duration !== undefined) this.#of(name).add(site, duration, this.#covered.add(time - duration, time))
  }

  #of(call: string): Calls {
    let calls = this.#calls.get(call)
    if (calls === undefined) {
      calls = new Calls()
      this.#calls.set(call, calls)
    }
    return calls
  }

  /** A message of another context than the last. */
  #turn(context: number): void {
    const id = communicatorOf(context)
    this.#context = context
    this.#kind = kindOf(id, context - id)
  }

  /** A message through another fabric than the last. */
  #go(endpoint: Endpoint): void {
    this.#endpoint = endpoint
    this.#peers = this.#sent.get(endpoint) ?? []
    this.#sent.set(endpoint, this.#peers)
  }
}
