import { bindings } from './collectives/bindings.js'
import { mismatches } from './collectives/mismatches.js'

describe.each(bindings)('collectives that do not agree over $name', (binding) => mismatches(binding))
