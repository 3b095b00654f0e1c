import { ANY_SOURCE } from '../constants.js'
import { type CallSite, locate } from '../diagnostics/call-site.js'
import type { Endpoint } from '../progress/endpoint.js'
import type { Process } from '../progress/job-services.js'
import { type PendingCall, pendingCalls } from '../progress/pending-calls.js'
import type { SendTraffic } from '../progress/send-queue.js'

/** A call that is under way, for those who draw it. */
export interface ObservedCall {
  /** 'in recv for rank 1, tag 0' */
  what: string
  /** `file:line:column`, where that was recorded. */
  at?: string | undefined
  /** Who is waited for. */
  peers: Process[]
  /** Any rank will do. */
  any: boolean
  /** It waits for as long as somebody is subscribed. */
  endless: boolean
}

/** What a rank sends to another. */
export interface ObservedPath extends SendTraffic {
  to: Process
}

/** What a rank does, as it says itself. */
export interface Observation {
  calls: ObservedCall[]
  /** Calls that are not among these. */
  moreCalls: number
  paths: ObservedPath[]
  /** Messages that have come and that nobody has received. */
  unreceived: number
}

/** Calls that are told: to find the line of one takes longer than all else here. */
const SHOWN = 8

export function observe(endpoints: Iterable<Endpoint>): Observation {
  const calls: ObservedCall[] = []
  const paths: ObservedPath[] = []
  let unreceived = 0
  let moreCalls = 0
  for (const endpoint of endpoints) {
    for (const call of pendingCalls(endpoint)) {
      if (calls.length < SHOWN) calls.push(observedCall(endpoint, call, call.site))
      else moreCalls++
    }
    for (const { rank, sendQueue } of endpoint.peers) paths.push({ to: processOf(endpoint, rank), ...sendQueue.traffic })
    for (const { matching } of endpoint.registry.all()) unreceived += matching.kept
  }
  return { calls, moreCalls, paths, unreceived }
}

export function observedCall(endpoint: Endpoint, { waits, peers, endless }: PendingCall, site: CallSite | undefined): ObservedCall {
  const [what = 'for something', ...others] = waits
  return {
    what: others.length === 0 ? what : `${what}, and for ${others.length} more`,
    at: locate(site),
    peers: [...peers].filter((peer) => peer !== ANY_SOURCE).map((peer) => processOf(endpoint, peer)),
    any: peers.has(ANY_SOURCE),
    endless
  }
}

const processOf = ({ processes }: Endpoint, rank: number): Process => processes?.[rank] ?? rank
