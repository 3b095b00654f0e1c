import { messageCompliance } from '../../testing/messageCompliance.js'
import { transportCompliance } from '../../testing/transportCompliance.js'
import { mapped, unmapped } from './mapped.js'

if (unmapped === undefined) {
  transportCompliance(mapped, { describe, it })
  messageCompliance(mapped, { describe, it })
} else it.skip(`processes share no memory here: ${unmapped}`, () => undefined)
