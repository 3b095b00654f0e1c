import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Where in the user's program a call was made.
 *
 * Walking the stack costs 2 µs, as much as sending a message. So a rank records the call sites of its first thousand calls, and of some
 * more each time it has been quiet: that covers programs that make few calls, and all others at their start. For an awaited call that was
 * not recorded, V8 still knows who waits: an error made in a promise job on the way to the `await` has the waiting function in its stack
 * (`rejectLater`).
 */

const BUDGET = 1000
const RENEWAL = 50
const FRAMES = 12
let budget = BUDGET
let most = BUDGET
/** Of calls found by their `await`: putting a stack into words takes 100 µs, and a hundred thousand may fail at once. */
let late = BUDGET

/**
 * A recorded call; its stack is only put into words when asked for. `place`: while calls are counted by where they are, all of one place
 * have this object.
 */
export type CallSite = { readonly stack?: string; readonly place?: true }

/** The stack of the caller, as long as the budget lasts; `sort`: what is the same for all calls like it. */
export function recordCallSite(sort?: unknown): CallSite | undefined {
  if (places !== undefined) return samplePlace(places, sort)
  if (budget === 0) return undefined
  budget--
  return captureCallSite()
}

/** While calls are counted by place, so many of a sort tell theirs, then one in so many: to look at a stack costs ten messages and more. */
const FIRST = 200
const EVERY = 1024
/** Between the caller and the program are some frames of ours. */
const NEAR_FRAMES = 8
let places: Map<string, CallSite> | undefined

/** Calls of each sort: those of a rare one are not to be missed for the many of another. */
const sorts = new Map<unknown, { count: number; untilNext: number }>()

/** From now on calls of the same place have the same call site: the first of a sort all, then some, by chance. */
export function countPlaces(): void {
  places ??= new Map()
}

function samplePlace(known: Map<string, CallSite>, sort: unknown): CallSite | undefined {
  let counter = sorts.get(sort)
  if (counter === undefined) {
    counter = { count: 0, untilNext: 0 }
    sorts.set(sort, counter)
  }
  if (++counter.count > FIRST) {
    if (--counter.untilNext > 0) return undefined
    // At random: a program that makes its calls in turns would else be seen at some of them only.
    counter.untilNext = Math.ceil(Math.random() * 2 * EVERY)
  }
  const place = placeOf()
  if (place === undefined) return undefined
  let site = known.get(place)
  if (site === undefined) {
    site = Object.assign(captureCallSite(), { place: true as const })
    known.set(place, site)
  }
  return site
}

const asFrames = (_: Error, frames: NodeJS.CallSite[]): NodeJS.CallSite[] => frames

/** Where the caller is in the code that runs, as V8 has it: putting a stack into words takes as long as fifty messages. */
function placeOf(): string | undefined {
  const { stackTraceLimit, prepareStackTrace } = Error
  Error.stackTraceLimit = NEAR_FRAMES
  Error.prepareStackTrace = asFrames
  const holder: { stack?: NodeJS.CallSite[] } = {}
  Error.captureStackTrace(holder)
  const found = holder.stack?.find((frame) => isUsers(frame.getFileName() ?? frame.getEvalOrigin()))
  Error.stackTraceLimit = stackTraceLimit
  Error.prepareStackTrace = prepareStackTrace
  return found === undefined ? undefined : `${found.getFileName()}:${found.getLineNumber()}:${found.getColumnNumber()}`
}

/** Files of which it is known whether they are the user's. */
const users = new Map<string, boolean>()

function isUsers(file: string | undefined): boolean {
  if (file === undefined || file.startsWith('node:')) return false
  let known = users.get(file)
  if (known === undefined) {
    known = !isOwn(file.startsWith('file://') ? fileURLToPath(file) : file)
    users.set(file, known)
  }
  return known
}

/**
 * The stack of the caller, if it was recorded and a line of the user's is in it, which it may only be when RxJS was called from there; else
 * another.
 */
export function recordCallSiteOr(other: CallSite | undefined): CallSite | undefined {
  const site = recordCallSite()
  return {
    get stack() {
      return (frames(site).length > 0 ? site : other)?.stack ?? ''
    }
  }
}

/** The stack of the caller, whatever it costs: for errors. */
export function captureCallSite(): CallSite {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = FRAMES
  const site = {}
  Error.captureStackTrace(site)
  Error.stackTraceLimit = limit
  return site
}

/** The rank has been quiet: some more calls can be recorded. */
export function renewCallSiteBudget(calls = RENEWAL): void {
  budget = Math.min(most, budget + calls)
  late = BUDGET
}

/** All call sites are recorded from now on, whatever that costs. */
export function recordEveryCallSite(): void {
  most = Number.POSITIVE_INFINITY
  budget = most
}

/** `file:line:column` of the first frame that is the user's. */
export function locate(site: CallSite | undefined): string | undefined {
  const [first] = frames(site)
  const { file, position } = (first !== undefined && parse(first)) || {}
  return file === undefined ? undefined : `${shortPath(file)}:${position}`
}

/** The same at the end of a line of a report; nothing where it was not recorded. */
export function at(site: CallSite | undefined): string {
  const where = justAt(site)
  return where === '' ? '' : `,${where}`
}

/** The same behind the word that says what was done there: 'taken at ring.ts:3:26'. */
export function justAt(site: CallSite | undefined): string {
  const where = locate(site)
  return where === undefined ? '' : ` at ${where}`
}

/** The lines of a recorded stack from the first that is the user's. */
export function frames(site: CallSite | undefined): string[] {
  const lines = site?.stack?.split('\n') ?? []
  const first = lines.findIndex((line) => {
    const frame = parse(line)
    return frame !== undefined && !isOwn(frame.file)
  })
  return first < 0 ? [] : lines.slice(first)
}

function parse(line: string): { file: string; position: string } | undefined {
  const [, file, position] = /(?:\(|at (?:async )?)((?:file:\/\/)?\/[^()]*?|[A-Za-z]:\\[^()]*?):(\d+:\d+)\)?$/.exec(line) ?? []
  if (file === undefined || position === undefined) return undefined
  return { file: file.startsWith('file://') ? fileURLToPath(file) : file, position }
}

/** Where rxmpi's own code lies, compiled or not: beside the last `src` on the way to this module. */
const [, home] = /^(.*[\\/])src[\\/]/.exec(fileURLToPath(import.meta.url))!
const rooms = ['src', 'operators', 'testing', 'pool', 'collective'].map((room) => `${home}${room}${sep}`)
const libraries = `${sep}node_modules${sep}rxjs${sep}`

export function isOwn(path: string): boolean {
  return rooms.some((directory) => path.startsWith(directory)) || path.includes(libraries)
}

/** A file's path from where the job was started, where that is above it. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}

/**
 * Rejects a promise that somebody may await, with what `fail` throws once V8 can tell who awaits: when a promise was resolved with a chain,
 * the waiting function is part of the chain's stack two jobs later.
 */
export function rejectLater(
  resolve: (value: PromiseLike<never>) => void,
  fail: (site: CallSite | undefined) => never | Promise<never>
): void {
  const linked = Promise.resolve()
    .then(() => undefined)
    .then(() => undefined)
  resolve(linked.then(() => fail(late-- > 0 ? captureCallSite() : undefined)))
}
