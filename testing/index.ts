// Worlds in one thread and virtual time

export { MemoryNetwork } from '../src/transport/memory/memory-network.js'
export type { Delivery, LinkModel, MemoryNetworkOptions } from '../src/transport/memory/options.js'
// Transports
export type { SegmentReceiver, Slot, Transport } from '../src/transport/transport.js'
export type { TransportBinding, TransportRig } from './compliance/binding.js'
export type { Runner, Skip } from './compliance/runner.js'
export { memoryWorld, worldOver } from './memoryWorld.js'
export { messageCompliance } from './messageCompliance.js'
export { transportCompliance } from './transportCompliance.js'
