import { allgather } from './collectives/allgather.js'
import { alltoall } from './collectives/alltoall.js'
import { barrier } from './collectives/barrier.js'
import { bcast } from './collectives/bcast.js'
import { bindings } from './collectives/bindings.js'
import { bytewise } from './collectives/data.js'
import { gather } from './collectives/gather.js'
import { reductions } from './collectives/reductions.js'
import { scatter } from './collectives/scatter.js'

// The types of jest do not know it.
Reflect.get(expect, 'addEqualityTesters')([bytewise])

/** The collectives on values, the same everywhere: `streams` and `mismatches` have files of their own. */
describe.each(bindings)('collectives over $name', (binding) => {
  barrier(binding)
  bcast(binding)
  scatter(binding)
  gather(binding)
  allgather(binding)
  alltoall(binding)
  reductions(binding)
})
