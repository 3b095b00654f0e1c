import { messageCompliance } from '../../testing/messageCompliance.js'
import { transportCompliance } from '../../testing/transportCompliance.js'
import { shared } from './in-thread.js'

for (const crowded of [false, true]) {
  const binding = shared(crowded)
  transportCompliance(binding, { describe, it })
  messageCompliance(binding, { describe, it })
}
