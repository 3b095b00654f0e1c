import { shown } from '../engines/engine-command.js'
import { commandOf, engineOf, type Placement, placesOf } from '../job/placement.js'
import { hostCommand } from '../job/start-host.js'

/** What would be run, a command a line, as a user could type it. */
export function dryRun(options: Placement & { ranks: number; program: string; args: readonly string[] }): string[] {
  const engine = engineOf(options)
  if (engine !== undefined) return [shown(commandOf(engine, options))]
  const places = placesOf(options)
  const { ranks, program, args } = options
  if (places === undefined) return [`# ${ranks} rank${ranks === 1 ? '' : 's'} as threads of this process: ${shown([program, ...args])}`]
  const ssh = (options.ssh ?? 'ssh').split(/\s+/).filter(Boolean)
  return places.map(
    ({ name, slots }) => `${shown(hostCommand(name, ssh))}  # ${slots} rank${slots === 1 ? '' : 's'} of ${shown([program, ...args])}`
  )
}
