export type { EngineName } from './engines/engine-command.js'
export type { OnFailure } from './job/job.js'
export { type LaunchOptions, launch } from './job/launch.js'
export type { Placement } from './job/placement.js'
