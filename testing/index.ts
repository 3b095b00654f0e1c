/**
 * Tests: any number of ranks in one thread and in virtual time, orders of arrival, and suites that say whether a transport keeps its
 * contract.
 *
 * @module rxmpi/testing
 */

// Worlds in one thread and virtual time

// Transports
export type { Board, BoardReader, Boards, Place, Stage } from '../src/transport/board.js'
export { MemoryNetwork } from '../src/transport/memory/memory-network.js'
export type { Delivery, LinkModel, MemoryNetworkOptions } from '../src/transport/memory/options.js'
export type { ReachableMemory, SegmentReceiver, Slot, Transport } from '../src/transport/transport.js'
export type { TransportBinding, TransportRig } from './compliance/binding.js'
export type { Runner, Skip } from './compliance/runner.js'
export { type Exploration, type ExploreOptions, explore } from './explore.js'
export { messageCompliance } from './messageCompliance.js'
export { type SimulateHelpers, type SimulateOptions, simulate } from './simulate.js'
export { ExplorationError, LeakError, MarbleError } from './simulation/errors.js'
export type { ProgramSetting, SimulatedProgram, SimulatedPrograms } from './simulation/job/programs.js'
export type { Assert } from './simulation/marble-scheduler.js'
export { memoryWorld, worldOver } from './simulation/memory-world.js'
export type { Traffic } from './simulation/traffic.js'
export type { DiskModel, DiskOperation } from './simulation/virtual-disk.js'
export { transportCompliance } from './transportCompliance.js'
