import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ArgumentError } from '../src/errors.js'
import type { FunctionSource } from './parcel.js'

/** A function of a module, as `task` makes it. */
export class Task<F> {
  /** The module's file URL. */
  readonly module: string
  /** The name of its export. */
  readonly name: string
  /** What the function takes and returns; for TypeScript only. */
  declare readonly type: F

  /** @internal */
  constructor(module: string, name: string) {
    this.module = module
    this.name = name
  }
}

/**
 * A function by its module and exported name, for pools: the workers import the module. So it may use whatever its module has, which a
 * function that is given to a pool as such cannot: of that one only the text travels. It is how mpi4py.futures pickles functions.
 *
 * Shape: `module` as for `import`: a file URL, such as `new URL('./work.js', import.meta.url)`; TypeScript files are compiled. `name` is
 * the export's, default 'default'. `task<typeof work>(…)` tells TypeScript what it takes and gives: else it takes anything, and what comes
 * is `unknown`. Errors: ArgumentError when `module` is no file URL; on the worker: an error of the task when there is
 * no such export.
 */
// biome-ignore lint/suspicious/noExplicitAny: where nobody says what it is, it may be given to any pool
export function task(module: URL | string, name?: string): Task<any>
export function task<F extends (value: never, index: number) => unknown>(module: URL | string, name?: string): Task<F>
export function task<F>(module: URL | string, name = 'default'): Task<F> {
  const url = String(module)
  if (!url.startsWith('file:')) {
    throw new ArgumentError(`module: expected a file URL such as new URL('./work.js', import.meta.url), got '${url}'`)
  }
  if (typeof name !== 'string') throw new ArgumentError(`name: expected the name of an export, got ${String(name)}`)
  return new Task(url, name)
}

/** What a pool does: a function, which travels as its text, or one that a module exports. */
export type Work<T, R> = ((value: T, index: number) => R | Promise<R>) | Task<(value: T, index: number) => R | Promise<R>>

/** What of a function can travel. */
export function sourceOf(fn: unknown): FunctionSource {
  if (fn instanceof Task) return { module: fn.module, name: fn.name }
  if (typeof fn !== 'function') throw new ArgumentError(`fn: expected a function, or task(module, name), got ${String(fn)}`)
  const text = Function.prototype.toString.call(fn)
  if (/\{\s*\[native code\]\s*\}$/.test(text)) {
    throw new ArgumentError(`fn: '${fn.name}' is built in or bound and has no text; wrap it: (value) => ${fn.name || 'fn'}(value)`)
  }
  try {
    evaluate(text)
  } catch (cause) {
    throw new ArgumentError('fn: methods and accessors have no text of their own; wrap it: (value) => object.method(value)', { cause })
  }
  return { text }
}

/** The function that a worker gets. */
export async function functionOf(source: FunctionSource): Promise<(value: unknown, index: number) => unknown> {
  if ('text' in source) return explained(evaluate(source.text))
  const module = await import(await loadable(source.module))
  const fn = module[source.name]
  if (typeof fn !== 'function') throw new ArgumentError(`task: ${source.module} exports no function '${source.name}'`)
  return fn
}

/** Node does not read TypeScript. */
async function loadable(url: string): Promise<string> {
  if (!existsSync(new URL(url))) throw new ArgumentError(`task: there is no file ${fileURLToPath(url)}`)
  if (!/\.[cm]?tsx?$/.test(url)) return url
  const { compile } = await import('../src/launch/compile/compile.js')
  return (await compile(fileURLToPath(url))).url
}

/** In the global scope; some compilers call a helper of theirs in every function. */
const evaluate = (text: string): ((value: unknown, index: number) => unknown) =>
  new Function('__name', `'use strict'; return (${text})`)((fn: unknown) => fn)

/** A name that is missing has most likely been left behind. */
function explained(fn: (value: unknown, index: number) => unknown) {
  const explain = (error: unknown): never => {
    if (error instanceof ReferenceError) {
      error.message +=
        ': a function that is given to a pool travels as its text and takes along nothing from around it; ' +
        'pass the data with the inputs, import() inside, or give task(new URL(…, import.meta.url), name)'
    }
    throw error
  }
  return (value: unknown, index: number): unknown => {
    try {
      const result = fn(value, index)
      return result instanceof Promise ? result.catch(explain) : result
    } catch (error) {
      return explain(error)
    }
  }
}
