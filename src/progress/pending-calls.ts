import type { CallSite } from '../diagnostics/call-site.js'
import type { Endpoint } from './endpoint.js'
import type { Waiting } from './incoming.js'

/** A call that is under way, and all that it waits for. */
export interface PendingCall {
  readonly site: CallSite | undefined
  /** It waits for as long as somebody is subscribed, and that is nothing to worry about. */
  readonly endless: boolean
  /** What it waits for, once each: 'in recv for rank 1, tag 0'. */
  readonly waits: readonly string[]
  /** The ranks of the endpoint that it waits for; `ANY_SOURCE` where any will do. */
  readonly peers: ReadonlySet<number>
  /** Fails it; `makeError` is called once, when it is known where the call was. */
  giveUp: Waiting['giveUp']
}

/** The calls of a rank that wait for others. One call may wait for several ranks, and for each with several messages. */
export function pendingCalls(endpoint: Endpoint): PendingCall[] {
  const calls = new Map<Waiting, Map<Waiting, number[]>>()
  for (const [waiting, peer] of endpoint.waitingFor()) {
    const call = waiting.partOf === undefined ? waiting : waiting.partOf
    if (call === null) continue
    const parts = calls.get(call)
    const peers = parts?.get(waiting)
    if (parts === undefined) calls.set(call, new Map([[waiting, [peer]]]))
    else if (peers === undefined) parts.set(waiting, [peer])
    else peers.push(peer)
  }
  return Array.from(calls, ([call, parts]) => {
    // What the call as a whole waits for is told where no part of it says more.
    if (parts.size > 1) parts.delete(call)
    return {
      site: call.site,
      endless: [...parts.keys()].every(({ endless }) => endless),
      waits: [...new Set(Array.from(parts.keys(), (part) => part.describe()))],
      peers: new Set([...parts.values()].flat()),
      giveUp: (makeError) => call.giveUp(makeError)
    }
  })
}
