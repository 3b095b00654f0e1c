import { changed } from '../options/environment.js'
import { STALL_NOTICE } from '../options/timeouts.js'
import { Job, type JobOptions } from './job.js'

/** What a job is asked for; the rest has defaults. */
export interface JobRequest
  extends Pick<JobOptions, 'ranks' | 'program' | 'place'>,
    Partial<Omit<JobOptions, 'ranks' | 'program' | 'place' | 'env' | 'envChanges'>> {
  /** Changes to the environment of this process. */
  env?: Record<string, string | undefined>
}

export function startJob({ env = {}, ...request }: JobRequest): Job {
  return new Job({
    args: [],
    env: changed(process.env, env),
    envChanges: env,
    prefix: false,
    wantsResults: false,
    leftovers: 'warn',
    stallNotice: STALL_NOTICE,
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: () => process.stdin,
    inputIsTerminal: false,
    ...request
  })
}
