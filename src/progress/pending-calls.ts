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
  /** Fails it; `makeError` is called once, when it is known where the call was. */
  giveUp: Waiting['giveUp']
}

/** The calls of a rank that wait for others. One call may wait for several ranks, and for each with several messages. */
export function pendingCalls(endpoint: Endpoint): PendingCall[] {
  const calls = new Map<Waiting, Set<Waiting>>()
  for (const waiting of endpoint.waiting()) {
    const call = waiting.partOf === undefined ? waiting : waiting.partOf
    if (call === null) continue
    const parts = calls.get(call)
    if (parts === undefined) calls.set(call, new Set([waiting]))
    else parts.add(waiting)
  }
  return Array.from(calls, ([call, parts]) => {
    // What the call as a whole waits for is told where no part of it says more.
    if (parts.size > 1) parts.delete(call)
    return {
      site: call.site,
      endless: [...parts].every(({ endless }) => endless),
      waits: [...new Set(Array.from(parts, (part) => part.describe()))],
      giveUp: (makeError) => call.giveUp(makeError)
    }
  })
}
