import { barrier } from './collectives/barrier.js'
import { bcast } from './collectives/bcast.js'
import { bindings } from './collectives/bindings.js'
import { bytewise } from './collectives/data.js'
import { reductions } from './collectives/reductions.js'

// The types of jest do not know it.
Reflect.get(expect, 'addEqualityTesters')([bytewise])

/** The collectives on values, the same everywhere: `streams` and `mismatches` have files of their own. */
describe.each(bindings)('collectives over $name', (binding) => {
  barrier(binding)
  bcast(binding)
  reductions(binding)
})
