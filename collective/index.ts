export type { Unit } from '../src/collective/steps.js'
export type { CallOnceOptions, Collective, CollectiveTraits, Exchange, Ranks } from './collective.js'
export { collective } from './collective.js'
