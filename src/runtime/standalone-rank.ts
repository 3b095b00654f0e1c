/**
 * A program that plain node runs, on the main thread. What the main thread of a host does elsewhere, a worker does here
 * (`standalone-host.ts`), so that bytes move, heartbeats go out and others are seen to while the program computes.
 *
 * As one of several processes of a launcher (`mpiexec -n 4 node program.js`) it takes its rank at import. As a world of one it has a job of
 * its own from when it asks for others.
 */
import { availableParallelism } from 'node:os'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { RxmpiError } from '../errors.js'
import { allocateHost, type HostMemory, hasRoutes, type Shares } from '../transport/shared/host-memory.js'
import { callsHere } from '../transport/shared/system-calls.js'
import { RENDEZVOUS, type Started, TOKEN } from './launch-env.js'
import { type Leftovers, leftoversOf } from './leftovers-policy.js'
import { standaloneHostModule } from './package.js'
import { DRAIN_SIGNALS, type DrainSignal, type FromRank, type Seat, type StandaloneData, type ToRank } from './rank-protocol.js'
import { mayShareMemory } from './shared-memory-policy.js'

/** Words of what the worker tells a main thread that listens to nothing: whether all is over, and the status to end with. */
export const OVER_WORD = 0
export const STATUS_WORD = 1
/** Set once the memory of a rank that waits for it is there, or never will be. */
export const SEATED_WORD = 2

/** Set for what this process starts: it has this one's environment, and no place of its own. */
const TAKEN = 'RXMPI_TAKEN'

/** A program's side of the worker beside it. */
export interface Beside {
  port: MessagePort
  /** Nothing of the program may run any more: waits for the end of the job, and ends this process. */
  halt(): never
  /** Called when the program ends well, before others are told; true when it fails all the same. */
  onEnd(finish: (leftovers: Leftovers) => boolean): void
}

export interface StandaloneRank extends Beside {
  seat: Seat
}

export function startStandaloneRank({ name, rank, size }: Started, env: NodeJS.ProcessEnv): StandaloneRank {
  if (env[TAKEN] !== undefined) {
    throw new RxmpiError(
      `${name} has started this program as rank ${rank} by way of another, process ${env[TAKEN]}, which has taken that place: ` +
        `a rank may start programs of rxmpi with \`npx rxmpi run --launcher local\`, or without the variables of ${name}`
    )
  }
  const near = Number(env.MPI_LOCALNRANKS ?? env.OMPI_COMM_WORLD_LOCAL_SIZE ?? env.LOCAL_WORLD_SIZE ?? size)
  const shares = near === size && mayShareMemory(env) && callsHere().calls !== undefined
  const given = shares ? undefined : standaloneMemory(rank, size)
  // Node's own options are for the program.
  const { beside, words } = startBeside({ rank, size, memory: given, isAlone: false }, env, [])
  env[TAKEN] = String(process.pid)
  // The program is none of those that it is for.
  for (const secret of [RENDEZVOUS, TOKEN]) delete env[secret]
  const memory = given ?? seated(beside.port, words)
  return { seat: { rank, size, crowded: (hasRoutes(memory) ? 2 : 1) * near > availableParallelism(), ...memory }, ...beside }
}

/** The job of a world of one, which has begun without; `flush`: sends what is to be sent, `waits`: whether it waits for a message. */
export function startOwnJob(memory: HostMemory, env: NodeJS.ProcessEnv, flush: () => void, waits: () => boolean): Beside {
  // The ranks that it starts have Node's options.
  const { beside, end } = startBeside({ rank: 0, size: 1, memory, isAlone: true }, env, undefined)
  const { port } = beside
  const signals = Object.keys(DRAIN_SIGNALS) as DrainSignal[]
  const pass = (signal: DrainSignal): void => {
    // A second one ends all at once.
    letGo()
    port.postMessage({ type: 'signalled', signal } satisfies FromRank)
  }
  const letGo = (): void => {
    for (const signal of signals) process.off(signal, pass)
  }
  for (const signal of signals) process.on(signal, pass)
  port.on('message', (message: ToRank) => {
    if (message.type !== 'signal' || process.listenerCount(message.signal) > 0) return
    flush()
    process.exit(128 + DRAIN_SIGNALS[message.signal])
  })
  // Whoever has nothing left to do waits for the others with an open event loop, so that a signal is still heard of.
  process.prependListener('beforeExit', (code) => {
    const before = resources()
    process.nextTick(() => {
      // Unless a listener of the program has found something to do.
      if (waits() || resources() !== before) return
      end(code)
      port.ref()
    })
  })
  // From here on this thread blocks, and hears of none.
  process.on('exit', letGo)
  return beside
}

/** What Node counts, some of which keeps no event loop open. */
const resources = (): string => process.getActiveResourcesInfo().sort().join()

interface Ending {
  beside: Beside
  words: Int32Array
  /** The program has come to its end. */
  end(code: number): void
}

function startBeside(
  place: Pick<StandaloneData, 'rank' | 'size' | 'memory' | 'isAlone'>,
  env: NodeJS.ProcessEnv,
  execArgv: string[] | undefined
): Ending {
  const leftovers = leftoversOf(env)
  const words = new Int32Array(new SharedArrayBuffer(12))
  const { port1: port, port2 } = new MessageChannel()
  const workerData: StandaloneData = { ...place, leftovers, words, port: port2 }
  const worker = new Worker(standaloneHostModule, { workerData, transferList: [port2], execArgv, name: 'router', env: { ...env } })
  worker.unref()
  let finish = (_: Leftovers): boolean => false
  let hasEnded = false
  const end = (code: number): void => {
    if (hasEnded) return
    hasEnded = true
    const status = code === 0 && finish(leftovers) ? 1 : code
    port.postMessage({ type: 'ended', status } satisfies FromRank)
  }
  port.on('message', (message: ToRank) => {
    if (message.type === 'end') process.exit()
  })
  // Here all ways to end meet, and nothing but this thread's blocking keeps the process until its messages are out and the job is over.
  process.on('exit', (code) => {
    end(code)
    // Some launchers end all processes as soon as one has failed: they do anyway, and with its status.
    if (!place.isAlone) process.on('SIGTERM', () => undefined)
    Atomics.wait(words, OVER_WORD, 0)
    process.exitCode = words[STATUS_WORD]!
  })
  const halt = (): never => {
    Atomics.wait(words, OVER_WORD, 0)
    process.exit(words[STATUS_WORD])
  }
  const onEnd: Beside['onEnd'] = (action) => {
    finish = action
  }
  return { beside: { port, halt, onEnd }, words, end }
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
