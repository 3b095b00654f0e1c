import { isObservable } from 'rxjs'
import { Request } from '../../src/request/request.js'

/** What a test gives back that cannot be compared: it holds code, or something that lives on. */
export const INCOMPARABLE = Symbol('incomparable')

/** What a test has given back, once its time is over: plain data as it is, requests as what has become of them. */
export function outcomeOf(result: unknown): unknown {
  const seen = new Set<object>()
  const look = (value: unknown): unknown => {
    if (typeof value === 'function' || typeof value === 'symbol') throw INCOMPARABLE
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
    if (seen.has(value)) throw INCOMPARABLE
    seen.add(value)
    try {
      return lookInto(value, look)
    } finally {
      seen.delete(value)
    }
  }
  try {
    return look(result)
  } catch (error) {
    if (error === INCOMPARABLE) return INCOMPARABLE
    throw error
  }
}

/** Whoever called may look at the requests that a test has given back. */
export function seeRequests(result: unknown, seen = new Set<unknown>()): void {
  if (typeof result !== 'object' || result === null || ArrayBuffer.isView(result) || seen.has(result)) return
  seen.add(result)
  if (result instanceof Request) return result.seen()
  const tag = Object.prototype.toString.call(result)
  const isIterable = Array.isArray(result) || tag === '[object Map]' || tag === '[object Set]'
  if (!isIterable && isObservable(result)) return
  for (const one of isIterable ? (result as Iterable<unknown>) : Object.values(result)) seeRequests(one, seen)
}

function lookInto(value: object, look: (value: unknown) => unknown): unknown {
  if (value instanceof Request) return becameOf(value, look)
  if (isObservable(value)) throw INCOMPARABLE
  if (Array.isArray(value)) return value.map(look)
  const tag = Object.prototype.toString.call(value)
  if (tag === '[object Map]') return new Map(Array.from(value as Map<unknown, unknown>, ([key, one]) => [look(key), look(one)]))
  if (tag === '[object Set]') return new Set(Array.from(value as Set<unknown>, look))
  if (tag === '[object Date]') return value
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw INCOMPARABLE
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, look(one)]))
}

function becameOf(request: Request<unknown>, look: (value: unknown) => unknown): unknown {
  if (!request.settled) return { pending: true }
  return request.failed ? { error: request.failure?.name } : { value: look(request.value) }
}
