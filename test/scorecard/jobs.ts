import { join } from 'node:path'
import { rxmpi } from '../integration/command.js'
import type { Finding, Program } from './program.js'

/** What a job tells, and what that is. */
const TOLD: [RegExp, Finding][] = [
  [/ended with .* that nobody received/, 'left: message'],
  [/ended with .* that nobody looked at/, 'left: request'],
  [/ended with .* that nobody freed/, 'left: not freed'],
  [/ended with .* not given back/, 'left: lock'],
  [/could have matched messages of several senders/, 'race'],
  [/this may be a deadlock/, 'stall notice']
]

/** What is found of a program that runs as a job. */
export async function findingsOfJob({ name, ranks, job }: Program): Promise<Set<Finding>> {
  const { stderr, stdout } = await rxmpi(['run', '-n', `${ranks}`, ...job!, join(__dirname, 'job.ts'), name])
  const found = new Set(TOLD.flatMap(([words, finding]) => (words.test(stderr) ? [finding] : [])))
  // An error ends the job, whoever sees it.
  for (const [, error] of `${stdout}\n${stderr}`.matchAll(/^(?:\[\d+\] )?(?:rxmpi: )?(?:Uncaught )?([A-Z]\w*Error)\b/gm))
    found.add(error as Finding)
  return found
}
