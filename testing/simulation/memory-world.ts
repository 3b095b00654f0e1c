import { asapScheduler } from 'rxjs'
import { Communicator } from '../../src/communicator/communicator.js'
import { CheckedMemory } from '../../src/progress/checked-memory.js'
import { Endpoint } from '../../src/progress/endpoint.js'
import { HEADER } from '../../src/progress/frame.js'
import { MemoryNetwork } from '../../src/transport/memory/memory-network.js'
import type { MemoryNetworkOptions } from '../../src/transport/memory/options.js'
import type { Transport } from '../../src/transport/transport.js'

/**
 * A world of `size` ranks in this thread; the communicator of each. `bytesPerMs` counts what messages carry and not their headers.
 * Units: milliseconds of the scheduler, of `latency`. Errors: ArgumentError for a size, a capacity or hosts that make no network.
 *
 * @example
 * const scheduler = new VirtualTimeScheduler()
 * const [a, b] = memoryWorld(2, { scheduler, latency: 3 })
 * b.irecv().subscribe((value) => console.log(value, 'at', scheduler.now()))     // 'hello' at 3
 * a.isend('hello', { dest: 1 })
 * scheduler.flush()
 */
export function memoryWorld(size: number, options: Partial<MemoryNetworkOptions> = {}): Communicator[] {
  return worldOver(new MemoryNetwork(size, { scheduler: asapScheduler, headerBytes: HEADER, ...options }).transports)
}

/**
 * A communicator of all ranks on each of their transports. `check`: memory that a call is on, and that is changed before the call is done,
 * is an AliasError; the default.
 * Shape: one communicator for each transport, in their order. Errors: none here; what a transport throws comes by the calls that use it.
 */
export function worldOver(transports: readonly Transport[], check = true): Communicator[] {
  const members = transports.map(({ rank }) => rank)
  return transports.map((transport) => new Communicator(made(transport, check), 0, 'world', members))
}

/** By default what a program does to memory that a call is on shows. */
function made(transport: Transport, check: boolean): Endpoint {
  const endpoint = withoutExit(new Endpoint(transport))
  if (check) endpoint.memoryInUse = new CheckedMemory()
  return endpoint
}

/** Ranks of one thread that abort must not take the process with them. */
export function withoutExit(endpoint: Endpoint, title = `${endpoint.transport.rank}`): Endpoint {
  endpoint.abort = (code, reason) => {
    throw new Error(`rank ${title} aborted with code ${code}${reason === undefined ? '' : `: ${reason}`}`)
  }
  return endpoint
}
