import { shown } from '../../diagnostics/arguments.js'
import { ArgumentError } from '../../errors.js'
import { isTypedArray } from '../../op/op.js'
import type { CallOptions } from '../call.js'
import type { PlanOptions } from '../definition.js'

/** Throws unless it is one of these, or none. */
export function checkAlgorithm(algorithm: unknown, algorithms: object): void {
  if (algorithm === undefined || Object.keys(algorithms).includes(algorithm as string)) return
  const names = Object.keys(algorithms).map((name) => `'${name}'`)
  throw new ArgumentError(`algorithm: expected ${names.join(' or ')}, got ${shown(algorithm)}`)
}

type Check = (data: unknown, options: CallOptions) => void

/** The check of data for an algorithm that cuts arrays into blocks, and so can do nothing else. */
export function forArrays(algorithm: string, { ragged }: PlanOptions, check: Check): Check {
  if (ragged === 'rest') {
    throw new ArgumentError(`algorithm: '${algorithm}' needs an array from every rank, so it cannot go on with the 'rest'; leave it out`)
  }
  return (data, options) => {
    check(data, options)
    if (!isTypedArray(data))
      throw new ArgumentError(`algorithm: '${algorithm}' cuts typed arrays into blocks, got ${shown(data)}; leave it out`)
  }
}
