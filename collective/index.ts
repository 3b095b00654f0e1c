/**
 * Collectives of a program's own: an algorithm as an operator and a call, with the rounds, errors and speed of the library's.
 *
 * @module rxmpi/collective
 */

export type { Unit } from '../src/collective/steps.js'
export type { CallOnceOptions, Collective, CollectiveStep, CollectiveTraits, Ranks } from './collective.js'
export { collective } from './collective.js'
