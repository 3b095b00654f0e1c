import { isMainThread, type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { Communicator, joinedBy } from './communicator/communicator.js'
import type { Intercommunicator } from './communicator/intercommunicator.js'
import { recordEveryCallSite } from './diagnostics/call-site.js'
import { FlightRecorder } from './diagnostics/flight-recorder.js'
import { temporaryFiles } from './file/node-file-system.js'
import { CheckedMemory } from './progress/checked-memory.js'
import { SELF, WORLD } from './progress/context-ids.js'
import { Endpoint } from './progress/endpoint.js'
import { leftovers } from './progress/leftovers.js'
import { RaceLog } from './progress/race-log.js'
import { checkIn } from './runtime/check-policy.js'
import { Fabrics } from './runtime/fabrics.js'
import { startedBy } from './runtime/launch-env.js'
import type { Leftovers } from './runtime/leftovers-policy.js'
import { Liveness } from './runtime/liveness.js'
import { type FromRank, type RankData, type ToRank, titleOf } from './runtime/rank-protocol.js'
import { type Beside, startOwnJob, startStandaloneRank } from './runtime/standalone-rank.js'
import { BufferHandoff } from './transport/shared/buffer-handoff.js'
import { allocateHost } from './transport/shared/host-memory.js'
import { SharedTransport } from './transport/shared/shared-transport.js'

/**
 * Who this rank is: the only place that knows the launcher. A program that none has started is a world of size 1, which has a job of its
 * own once it asks for others.
 */

const started = isMainThread ? startedBy(process.env) : undefined
const taken = started && startStandaloneRank(started, process.env)
let beside: Beside | undefined = taken

const given = workerData as Partial<RankData> | null
const seat = taken?.seat ?? given?.rxmpi
let port = taken?.port ?? (seat === undefined ? undefined : (parentPort as MessagePort))
const { rank, size, crowded, world, ...memory } = seat ?? { rank: 0, size: 1, crowded: false, world: undefined, ...allocateHost(1) }

const tell = (message: FromRank, transfer: MessagePort[] = []): void => {
  if (message.type === 'asked') port ??= ownJob()
  port?.postMessage(message, transfer)
}
/** Looks at what the launcher says, though the event loop has had no turn. */
const listen = (): void => {
  for (let next = receiveMessageOnPort(port!); next !== undefined; next = receiveMessageOnPort(port!)) port!.emit('message', next.message)
}
const lines = port && new BufferHandoff((to, end) => tell({ type: 'line', to, port: end }, [end]), listen)
const transport = new SharedTransport(rank, size, memory, crowded, lines, {
  attend: (context, about, memory) => tell({ type: 'attend', context, about, memory }),
  unattend: (context) => tell({ type: 'unattend', context })
})
const log = new FlightRecorder(memory.logs[rank]!)
const endpoint = new Endpoint(transport, log)
transport.poller.onTurn = () => {
  log.isStale = true
}
if (world !== undefined) endpoint.processes = Array.from({ length: size }, (_, other) => world.base + other)
if (world !== undefined) endpoint.fabric = `world ${world.number}`
const check = given?.launch?.check ?? checkIn(process.env)
if (check !== 'nothing') endpoint.memoryInUse = new CheckedMemory()
if (check === 'races') tellRaces()
const fabrics = new Fabrics((world?.base ?? 0) + rank, endpoint, transport, tell, listen)
// Signals and the end of a process are the main thread's to hear of.
if (port !== undefined || isMainThread) endpoint.job = fabrics.client
const liveness = new Liveness(fabrics, titleOf(rank, world), transport, memory, port)

const hear = (message: ToRank): void => {
  if (fabrics.concerns(message)) {
    liveness.stir()
    fabrics.onMessage(message)
  } else if (message.type === 'line') lines!.accept(message.from, message.port as MessagePort)
  else if (message.type === 'attended') transport.attended(message.context)
  else liveness.onMessage(message)
}
port?.on('message', hear)
port?.unref()
temporaryFiles.tell = (path, isTemporary) => tell({ type: 'temporary', path, isTemporary })

endpoint.abort = (code, reason) => {
  if (port === undefined) {
    if (reason !== undefined) console.error(`abort: ${reason}`)
    process.exit(code)
  }
  tell({ type: 'abort', code, reason })
  if (beside !== undefined) return beside.halt()
  // Nothing of the program may run any more; the launcher ends this thread.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

// Whoever has called no collective after it would else never hear of it.
process.on('beforeExit', () => {
  for (const { disputes } of fabrics.endpoints) {
    for (const dispute of disputes) {
      if (dispute.isHeard || dispute.verdict === undefined) continue
      disputes.delete(dispute)
      throw COMM_WORLD.core.inContext(dispute.verdict, undefined)
    }
  }
})

/** All ranks of the job. MPI: MPI_COMM_WORLD. */
export const COMM_WORLD = new Communicator(
  endpoint,
  WORLD,
  'world',
  Array.from({ length: size }, (_, member) => member)
)

/** This rank alone. MPI: MPI_COMM_SELF. */
export const COMM_SELF = new Communicator(endpoint, SELF, 'self', [rank])

/**
 * What joins this world with those who have spawned it; `undefined` where nobody has, and once it is closed.
 * MPI: MPI_Comm_get_parent, MPI 4.1 §11.8.2; mpi4py: MPI.Comm.Get_parent.
 */
export let COMM_PARENT: Intercommunicator | undefined
fabrics.client.onParent = (joined) => {
  COMM_PARENT = joinedBy(joined, 'parent', undefined, () => {
    COMM_PARENT = undefined
  })
  COMM_PARENT.isGiven = true
}

/** At its end, however that comes, and not for what is killed. */
function tellRaces(): void {
  const races = new RaceLog()
  races.follow(endpoint)
  recordEveryCallSite()
  process.on('exit', () => {
    const lines = races.lines(titleOf(rank, world))
    if (lines.length > 0) process.stderr.write(lines.map((line) => `rxmpi: ${line}\n`).join(''))
  })
}

/** For the launcher's side of this rank. */
export const runtime = {
  transport,
  /** Tells on standard error what this rank, which ends well, has left over, a line of each kind. True when that makes it fail. */
  tellLeftovers(policy: Leftovers): boolean {
    if (policy === 'ignore') return false
    const lines = [...fabrics.endpoints].flatMap((each) => leftovers(each, titleOf(rank, world)))
    if (lines.length > 0) process.stderr.write(lines.map((line) => `rxmpi: ${line}\n`).join(''))
    return policy === 'error' && lines.length > 0
  },
  /** Called when this thread is not to give its event loop another turn, and sends are still under way. */
  onStuck: (): void => undefined,
  /** The program has begun to use this. */
  begin(): void {
    if (world !== undefined) tell({ type: 'started' })
  },
  /** Blocks until all sends are out: `process.exit` does not wait for the event loop. */
  flush(): void {
    if (!fabrics.flushed) runtime.onStuck()
    while (!fabrics.flushed) {
      fabrics.poll()
      if (!fabrics.flushed) transport.blockUntilWoken(10)
    }
  }
}

const endWell = (policy: Leftovers): boolean => {
  runtime.flush()
  return runtime.tellLeftovers(policy)
}
beside?.onEnd(endWell)

function ownJob(): MessagePort {
  beside = startOwnJob(memory, process.env, runtime.flush, () => transport.poller.held)
  beside.onEnd(endWell)
  beside.port.on('message', hear)
  beside.port.unref()
  liveness.port = beside.port
  return beside.port
}
