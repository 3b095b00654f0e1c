import { messageCompliance } from '../../testing/messageCompliance.js'
import { transportCompliance } from '../../testing/transportCompliance.js'
import { type Arrangement, hosts } from './hosts.js'

const arrangements: [string, Arrangement, number][] = [
  ['a host for each rank, by uWebSockets.js', {}, 8],
  ['two hosts, by sockets of Node', { library: {} }, 2],
  ['a host for each rank, its router in the same thread', { library: {}, router: 'resident' }, 8]
]

for (const [name, arrangement, count] of arrangements) {
  const binding = { name, create: (size: number) => hosts(size, Math.min(size, count), arrangement) }
  transportCompliance(binding, { describe, it })
  messageCompliance(binding, { describe, it })
}

// Moving takes time, and the suite of messages says that what has not come after some turns does not come.
const moving: Arrangement = { library: {}, router: 'moving' }
transportCompliance(
  { name: 'a host for each rank, its router moving to another thread', create: (size) => hosts(size, size, moving) },
  { describe, it }
)
