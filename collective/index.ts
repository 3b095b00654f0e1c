export type { Unit } from '../src/collective/steps.js'
export type { CallOnceOptions, Collective, CollectiveStep, CollectiveTraits, Ranks } from './collective.js'
export { collective } from './collective.js'
