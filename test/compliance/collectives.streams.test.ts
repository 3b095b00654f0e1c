import { bindings } from './collectives/bindings.js'
import { bytewise } from './collectives/data.js'
import { streams } from './collectives/streams.js'

// The types of jest do not know it.
Reflect.get(expect, 'addEqualityTesters')([bytewise])

describe.each(bindings)('collectives of streams over $name', (binding) => streams(binding))
