import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { concatMap, type Observable } from 'rxjs'
import { checkObject, checkRoot, shown } from '../diagnostics/arguments.js'
import { checkNames, type OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError } from '../errors.js'
import type { Joined, Part, Process, SpawnOrder } from '../progress/job-services.js'
import type { Communicator, DeriveOptions } from './communicator.js'
import type { Setting } from './communicator-create.js'
import { askJob, jobOf } from './job-call.js'

/** Ranks of one of several programs that make up a world. */
export interface SpawnPart {
  /** A `.ts`, `.mts`, `.js` or `.mjs` file. */
  program: URL | string
  /** How many ranks run it; default 1. */
  ranks?: number
  /** What follows the program in their `process.argv`. */
  args?: readonly string[]
  /** Changes to the environment; `undefined` takes a variable away. */
  env?: Readonly<Record<string, string | undefined>>
}

/** What `spawn` may be told. */
export interface SpawnOptions extends DeriveOptions {
  /** The rank that says what is started; the same on all ranks, default 0. What else is told is read there. */
  root?: number
  /** How many ranks; default 1. */
  ranks?: number
  /** What follows the program in their `process.argv`. */
  args?: readonly string[]
  /** Changes to the environment; `undefined` takes a variable away. */
  env?: Readonly<Record<string, string | undefined>>
  /** Where they run, as `rxmpi run --host` says it: 'a:4,b:4'. As threads of the root's host where nothing is said. */
  hosts?: string
  /** What a rank is on its host: a 'thread' (the default) of a process that they share, or a 'process' of its own. */
  placement?: 'thread' | 'process'
}

export const SPAWN: OptionNames<SpawnOptions> = {
  name: true,
  signal: true,
  root: true,
  ranks: true,
  args: true,
  env: true,
  hosts: true,
  placement: true
}
const PART: OptionNames<SpawnPart> = { program: true, ranks: true, args: true, env: true }

/** Has the job start ranks, once all ranks have called; emits this one's end of what joins it with them. */
export function spawnRanks(
  comm: Communicator,
  what: URL | string | readonly SpawnPart[] | undefined,
  options: SpawnOptions,
  setting: Setting
): Observable<Joined> {
  const { root = 0, hosts, placement } = options
  checkRoot(root, comm.core.size)
  const orderFor = (processes: readonly Process[], key: string): SpawnOrder => ({
    type: 'spawn',
    key,
    parts: partsOf(what, options),
    where: { hosts, placement },
    processes
  })
  const started = askJob(comm, { how: 'spawn', root, alike: `root: ${root}`, what: 'in spawn for ranks to start', orderFor }, setting)
  return started.pipe(concatMap((fabric) => jobOf(comm).join(fabric)))
}

function partsOf(what: unknown, { ranks, args, env, hosts, placement }: SpawnOptions): readonly Part[] {
  if (hosts !== undefined && typeof hosts !== 'string')
    throw new ArgumentError(`hosts: expected a string such as 'a:4,b:4', got ${shown(hosts)}`)
  if (![undefined, 'thread', 'process'].includes(placement)) {
    throw new ArgumentError(`placement: expected 'thread' or 'process', got ${shown(placement)}`)
  }
  if (!Array.isArray(what)) return [partOf({ program: what as URL, ranks, args, env } as SpawnPart, '')]
  if (what.length === 0) throw new ArgumentError('program: the list of what to start is empty; give { program, ranks } for each')
  for (const [name, value] of Object.entries({ ranks, args, env })) {
    if (value !== undefined) throw new ArgumentError(`${name}: it is said for each program of a list by itself: [{ program, ${name} }]`)
  }
  return what.map((part, k) => {
    checkObject(part, "[{ program: './worker.ts', ranks: 2 }]")
    checkNames(part, PART)
    return partOf(part as SpawnPart, `[${k}].`)
  })
}

function partOf({ program, ranks = 1, args = [], env = {} }: SpawnPart, at: string): Part {
  if (!(program instanceof URL) && typeof program !== 'string') {
    throw new ArgumentError(`${at}program: expected a path or a URL such as new URL('./worker.ts', import.meta.url), got ${shown(program)}`)
  }
  if (!Number.isInteger(ranks) || ranks < 1) throw new ArgumentError(`${at}ranks: expected an integer from 1 on, got ${shown(ranks)}`)
  if (!Array.isArray(args) || !args.every((arg) => typeof arg === 'string')) {
    throw new ArgumentError(`${at}args: expected an array of strings, got ${shown(args)}`)
  }
  const isText = (value: unknown): boolean => value === undefined || typeof value === 'string'
  if (typeof env !== 'object' || env === null || !Object.values(env).every(isText)) {
    throw new ArgumentError(`${at}env: expected strings by name, got ${shown(env)}`)
  }
  return { program: pathOf(program, at), ranks, args: [...args], env: { ...env } }
}

function pathOf(program: URL | string, at: string): string {
  const text = String(program)
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return resolve(text)
  if (text.startsWith('file:')) return fileURLToPath(text)
  throw new ArgumentError(`${at}program: ${shown(text)} cannot be run; expected a path or a file: URL`)
}
