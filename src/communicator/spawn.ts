import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catchError, concatMap, map, type Observable, of, throwError } from 'rxjs'
import { type Failure, failureOf, remoteError } from '../collective/control-messages.js'
import type { Make } from '../collective/definition.js'
import { bcastOf } from '../collective/definitions/bcast.js'
import { call } from '../collective/request.js'
import { checkObject, checkRoot, shown } from '../diagnostics/arguments.js'
import { checkNames, type OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CollectiveMismatchError, RxmpiError, SpawnError } from '../errors.js'
import type { JobServices, Joined, Part, Process, Where } from '../progress/job-services.js'
import type { Request } from '../request/request.js'
import type { Communicator, DeriveOptions } from './communicator.js'
import { gatherSays, type Setting } from './communicator-create.js'

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

/** What a rank says of itself, and at the root what is wrong with the call. */
interface Say {
  readonly root: number
  readonly process: Process
  readonly failure: Failure | undefined
}

/** What the root tells the others: which fabric joins them with the new ranks, or why there is none. */
type Verdict = { readonly fabric: number } | { readonly failure: Failure } | { readonly refused: Refused }
type Refused = { readonly message: string; readonly context: { program: string } }

/** Has the job start ranks, once all ranks have called; emits this one's end of what joins it with them. */
export function spawnRanks(
  comm: Communicator,
  what: URL | string | readonly SpawnPart[] | undefined,
  options: SpawnOptions,
  setting: Setting
): Observable<Joined> {
  const { core } = comm
  const { root = 0 } = options
  checkRoot(root, core.size)
  const job = jobOf(comm)
  const isRoot = core.rank === root
  let reason: unknown
  const failedBy = (error: unknown): { failure: Failure } => {
    reason = error
    return { failure: failureOf(0, error) }
  }
  let parts: readonly Part[] = []
  let failure: Failure | undefined
  try {
    if (isRoot) parts = partsOf(what, options)
  } catch (error) {
    failure = failedBy(error).failure
  }
  const throwIt = (failed: Failure): never => {
    throw isRoot ? reason : remoteError(core, root, 'spawn', failed)
  }
  const order = (processes: readonly Process[]): Observable<Verdict | undefined> => {
    if (!isRoot) return of(undefined)
    return job.spawn({ parts, where: whereOf(options), processes }).pipe(
      map((fabric): Verdict => ({ fabric })),
      catchError((error) =>
        of(error instanceof SpawnError ? { refused: { message: error.message, context: { ...error } } } : failedBy(error))
      )
    )
  }
  return gatherSays<Say>(comm, 'spawn', { root, process: job.process, failure }, setting).pipe(
    concatMap(({ id, all }) => {
      core.endpoint.disuse(id)
      checkRoots(all)
      const failed = all[root]!.failure
      return failed === undefined ? order(all.map(({ process }) => process)) : throwIt(failed)
    }),
    concatMap(
      (verdict) => call(comm, verdictOf, verdict as Verdict, { ...setting.options, root }, undefined, setting.site) as Request<Verdict>
    ),
    concatMap((verdict) => {
      if ('fabric' in verdict) return job.join(verdict.fabric)
      if ('failure' in verdict) return throwIt(verdict.failure)
      const { message, context } = verdict.refused
      return throwError(() => new SpawnError(message, context))
    })
  )
}

/** What starts and joins ranks beyond the world. */
export function jobOf({ core }: Communicator): JobServices {
  const { job } = core.endpoint
  if (job !== undefined) return job
  throw new RxmpiError('there is nothing that could start ranks or join them with others: run the program with `npx rxmpi run`')
}

const verdictOf: Make<Verdict, Verdict> = (ranks, options) => ({ ...bcastOf<Verdict>(ranks, options), name: 'spawn' })

function checkRoots(all: readonly Say[]): void {
  const [first] = all as [Say]
  const other = all.findIndex(({ root }) => root !== first.root)
  if (other === -1) return
  throw new CollectiveMismatchError(
    `spawn: rank 0 gives root: ${first.root} and rank ${other} root: ${all[other]!.root}; all ranks must give the same`
  )
}

function whereOf({ hosts, placement }: SpawnOptions): Where {
  return { hosts, placement }
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
