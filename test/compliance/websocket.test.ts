import { libraryHere } from '../../src/transport/websocket/serve.js'
import { messageCompliance } from '../../testing/messageCompliance.js'
import { transportCompliance } from '../../testing/transportCompliance.js'
import { hosts } from './hosts.js'

for (const [name, library, count] of [
  ['a host for each rank, by uWebSockets.js', libraryHere(), 8],
  ['two hosts, by ws', {}, 2]
] as const) {
  const binding = { name, create: (size: number) => hosts(size, Math.min(size, count), library) }
  transportCompliance(binding, { describe, it })
  messageCompliance(binding, { describe, it })
}
