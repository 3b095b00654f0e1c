import { barrier } from './collectives/barrier.js'
import { bcast } from './collectives/bcast.js'
import { onHosts } from './collectives/bindings.js'
import { bytewise } from './collectives/data.js'
import { reductions } from './collectives/reductions.js'

// The types of jest do not know it.
Reflect.get(expect, 'addEqualityTesters')([bytewise])

/** Those collectives that know which ranks share a host. */
describe.each(onHosts)('collectives over $name', (binding) => {
  barrier(binding)
  bcast(binding)
  reductions(binding)
})
