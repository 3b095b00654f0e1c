import type { Dashboard } from '../dashboard/dashboard.js'
import { withoutTickets } from './ticket.js'

/** Where one is asked for, at a port or, by 0, at any that is free: its code is read then only. `say` is told where it is. */
export async function openDashboard(
  port: number | undefined,
  program: string,
  args: readonly string[],
  say: (line: string) => unknown
): Promise<Dashboard | undefined> {
  if (port === undefined) return undefined
  const { Dashboard } = await import('../dashboard/dashboard.js')
  const dashboard = await Dashboard.open(port, { program, args: withoutTickets(args) })
  await say(`rxmpi: look at this job at ${dashboard.address}`)
  return dashboard
}
