import type { CommunicatorCore } from '../core/communicator-core.js'

/** The first rank of each host. */
export function hostLeadersOf({ members, endpoint }: CommunicatorCore): number[] {
  const { hosts } = endpoint.transport
  const seen = new Set<number>()
  return members.flatMap((member, rank) => {
    const host = hosts?.[member] ?? 0
    if (seen.has(host)) return []
    seen.add(host)
    return [rank]
  })
}
