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

/** A recorded call; its stack is only put into words when asked for. */
export type CallSite = { readonly stack?: string }

/** The stack of the caller, as long as the budget lasts. */
export function recordCallSite(): CallSite | undefined {
  if (budget === 0) return undefined
  budget--
  return captureCallSite()
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
