/**
 * Jobs that are started from a program, as `rxmpi run` starts them from a shell.
 *
 * @module rxmpi/launch
 */

export type { Leftovers } from '../runtime/leftovers-policy.js'
export type { EngineName } from './engines/engine-command.js'
export type { OnFailure } from './job/job.js'
export { type LaunchOptions, launch } from './job/launch.js'
export type { Placement } from './job/placement.js'
