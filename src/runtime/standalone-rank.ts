/**
 * A program that plain node runs as one of several processes of a launcher (`mpiexec -n 4 node program.js`): it takes its rank at import,
 * on the main thread. What a host's main thread does elsewhere, a worker does here (`standalone-host.ts`), so that bytes move and
 * heartbeats go out while the program computes.
 */
import { availableParallelism } from 'node:os'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { RxmpiError } from '../errors.js'
import { allocateHost, type HostMemory, hasRoutes, type Shares } from '../transport/shared/host-memory.js'
import { callsHere } from '../transport/shared/system-calls.js'
import { RENDEZVOUS, type Started, TOKEN } from './launch-env.js'
import { type Leftovers, leftoversOf } from './leftovers-policy.js'
import { standaloneHostModule } from './package.js'
import type { FromRank, Seat, StandaloneData, ToRank } from './rank-protocol.js'
import { mayShareMemory } from './shared-memory-policy.js'

/** Words of what the worker tells a main thread that listens to nothing: whether all is over, and the status to end with. */
export const OVER_WORD = 0
export const STATUS_WORD = 1
/** Set once the memory of a rank that waits for it is there, or never will be. */
export const SEATED_WORD = 2

/** Set for what this process starts: it has this one's environment, and no place of its own. */
const TAKEN = 'RXMPI_TAKEN'

export interface StandaloneRank {
  seat: Seat
  port: MessagePort
  /** Nothing of the program may run any more: waits for the end of the job, and ends this process. */
  halt(): never
  /** Called when the program ends well, before others are told; true when it fails all the same. */
  onEnd(finish: (leftovers: Leftovers) => boolean): void
}

export function startStandaloneRank({ name, rank, size }: Started, env: NodeJS.ProcessEnv): StandaloneRank {
  if (env[TAKEN] !== undefined) {
    throw new RxmpiError(
      `${name} has started this program as rank ${rank} by way of another, process ${env[TAKEN]}, which has taken that place: ` +
        `a rank may start programs of rxmpi with \`npx rxmpi run --launcher local\`, or without the variables of ${name}`
    )
  }
  const leftovers = leftoversOf(env)
  const near = Number(env.MPI_LOCALNRANKS ?? env.OMPI_COMM_WORLD_LOCAL_SIZE ?? env.LOCAL_WORLD_SIZE ?? size)
  const shares = near === size && mayShareMemory(env) && callsHere().calls !== undefined
  const given = shares ? undefined : standaloneMemory(rank, size)
  const words = new Int32Array(new SharedArrayBuffer(12))
  const { port1: port, port2 } = new MessageChannel()
  const workerData: StandaloneData = { rank, size, memory: given, words, port: port2 }
  // Node's own options are for the program.
  const worker = new Worker(standaloneHostModule, { workerData, transferList: [port2], execArgv: [], name: 'router', env: { ...env } })
  worker.unref()
  env[TAKEN] = String(process.pid)
  // The program is none of those that it is for.
  for (const secret of [RENDEZVOUS, TOKEN]) delete env[secret]
  const memory = given ?? seated(port, words)
  let finish = (_: Leftovers): boolean => false
  port.on('message', (message: ToRank) => {
    if (message.type === 'end') process.exit()
  })
  // Here all ways to end meet, and nothing but this thread's blocking keeps the process until its messages are out and the job is over.
  process.on('exit', (code) => {
    const status = code === 0 && finish(leftovers) ? 1 : code
    port.postMessage({ type: 'ended', status } satisfies FromRank)
    // Some launchers end all processes as soon as one has failed: they do anyway, and with its status.
    process.on('SIGTERM', () => undefined)
    Atomics.wait(words, OVER_WORD, 0)
    process.exitCode = words[STATUS_WORD]!
  })
  return {
    seat: { rank, size, crowded: (hasRoutes(memory) ? 2 : 1) * near > availableParallelism(), ...memory },
    port,
    halt: () => {
      Atomics.wait(words, OVER_WORD, 0)
      process.exit(words[STATUS_WORD])
    },
    onEnd: (action) => {
      finish = action
    }
  }
}

/** The memory of a process with one rank. */
export const standaloneMemory = (rank: number, size: number, shares?: Shares): HostMemory =>
  allocateHost(size, { host: rank, hosts: Array.from({ length: size }, (_, k) => k) }, shares)

/** Waits until all processes have come, and know whether they share memory: what MPI_Init does. */
function seated(port: MessagePort, words: Int32Array): HostMemory {
  Atomics.wait(words, SEATED_WORD, 0)
  const message = receiveMessageOnPort(port)?.message as ToRank | undefined
  if (message?.type === 'seat') return message.memory
  // The job is over before it has begun.
  process.exit(words[STATUS_WORD]!)
}
