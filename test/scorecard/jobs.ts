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

const strict = ['--strict', '--timeout', '60']
const check = ['--check', '--strict', '--timeout', '60']

/** Programs of other classes that run as jobs, too: what shows in virtual time shows there. */
const ALSO: Record<string, readonly string[]> = {
  'send: dest is behind the last': strict,
  'allreduce on a communicator whose parent was freed': strict,
  'a dup is not freed': strict,
  'a mutex is still held': strict,
  'a list is never received': strict,
  'a message is taken by a probe, and not received': strict,
  'iallreduce: nobody waits for it': strict,
  'irecv: nobody waits for it': strict,
  'iallreduce: it is waited for later': strict,
  'isend: dropped, as a message whose data is not touched any more': check,
  'sendInit and recvInit: started again and again, long': check,
  'isend of 32768: element 0 of the data is changed, while it is under way': check,
  'isend of 32768: element 0 of the data is changed, when it is done': check,
  'irecv of 2: into is written, while it is under way': check,
  'iallgather: into is written, while it is under way': check,
  'iallgather: into is written, when it is done': check,
  'halo: an owned cell that a neighbour gets is written, when it is done': check,
  'a Float64Array is received into a Float32Array': strict,
  'reduce: rank 2 has another root': strict,
  'a fence while a lock is held': strict,
  'post, start, complete, wait': strict
}

/** With which options a program runs as a job; `undefined`: it does not. */
export const jobOptionsOf = ({ name, job }: Program): readonly string[] | undefined => job ?? ALSO[name]

/** Those that are named and are not there. */
export const unknownTo = (programs: readonly Program[]): string[] => {
  const names = new Set(programs.map(({ name }) => name))
  return Object.keys(ALSO).filter((name) => !names.has(name))
}

/** What is found of a program that runs as a job. */
export async function findingsOfJob(program: Program): Promise<Set<Finding>> {
  const { name, ranks } = program
  const { stderr, stdout } = await rxmpi(['run', '-n', `${ranks}`, ...jobOptionsOf(program)!, join(__dirname, 'job.ts'), name])
  const found = new Set(TOLD.flatMap(([words, finding]) => (words.test(stderr) ? [finding] : [])))
  // An error ends the job, whoever sees it.
  for (const [, error] of `${stdout}\n${stderr}`.matchAll(/^(?:\[\d+\] )?(?:rxmpi: )?(?:Uncaught )?([A-Z]\w*Error)\b/gm))
    found.add(error as Finding)
  return found
}
