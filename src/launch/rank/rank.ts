/** The thread of a rank: makes it look like a process of its own, and runs the program in it. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { recordError } from '../../runtime/error-record.js'
import { DRAIN_SIGNALS, type DrainSignal, type FromRank, type RankData, type ToRank } from '../../runtime/rank-protocol.js'
import { runtime } from '../../world.js'
import { connectStdio } from './rank-stdio.js'
import { stalledAwaits } from './stalled-awaits.js'

type Program = Extract<ToRank, { type: 'program' }>

const port = parentPort as MessagePort
const { rxmpi: seat, launch } = workerData as RankData
/** Node's status for a program whose top-level await can never go on. */
const UNSETTLED = 13

function tell(message: FromRank, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

/** Whether the program has been evaluated to its end, or has asked for its end. */
let done = false

/** `process.exit` ends the thread before any event: what a program that ends well has sent must be out by then. Failures do not wait. */
function flushBeforeExit(): void {
  const exit = process.exit
  process.exit = (code): never => {
    done = true
    if (Number(code ?? process.exitCode ?? 0) === 0) runtime.flush()
    return exit(code)
  }
}

function reportErrors(): void {
  // Node would name a reason that is no Error by its type alone.
  process.on('unhandledRejection', (reason) => {
    if (process.listenerCount('unhandledRejection') === 1) throw reason
  })
  process.on('uncaughtExceptionMonitor', (error) => {
    if (process.listenerCount('uncaughtException') === 0) tell({ type: 'failed', error: recordError(error, { colors: launch.colors }) })
  })
}

function drain(signal: DrainSignal): void {
  if (process.listenerCount(signal) > 0) {
    process.emit(signal, signal)
    return
  }
  runtime.flush()
  process.exit(128 + DRAIN_SIGNALS[signal])
}

function program(): Promise<Program> {
  return new Promise((resolve) => {
    port.on('message', (message: ToRank) => {
      if (message.type === 'program') resolve(message)
      else if (message.type === 'signal') drain(message.signal)
    })
  })
}

/** A rank that is alone in its process has the links with other hosts in its own thread. */
async function connectLink(): Promise<void> {
  const { link: setup } = launch
  if (setup === undefined) return
  // The program can see `workerData`.
  delete launch.link
  const { RankLink } = await import('./rank-link.js')
  const link = new RankLink({ setup, memory: seat, transport: runtime.transport, port })
  runtime.onStuck = () => link.move()
}

async function run({ url, path }: Program): Promise<void> {
  process.argv[1] = path
  if (launch.inspection !== undefined) (await import('./inspect.js')).inspect(seat.rank, launch.inspection)
  if (launch.profiles.length > 0) (await import('./profile.js')).profile(seat.rank, launch.profiles)
  // From here on Node's own rules decide when the rank ends, as for any program.
  port.unref()
  const module: { default?: unknown } = await import(url)
  if (!launch.wantsResult || !('default' in module)) return
  const value = await module.default
  try {
    tell({ type: 'result', value })
  } catch (cause) {
    throw new TypeError(`the default export of ${path} cannot be handed to launch(): ${(cause as Error).message}`, { cause })
  }
}

/** What the rank does is told while it does it, and the rest at its end. */
async function traceCalls(): Promise<void> {
  if (launch.callProfile) {
    const { Profiler } = await import('../../trace/profiler.js')
    const profiler = new Profiler()
    process.on('exit', () => tell({ type: 'profile', profile: profiler.profile() }))
  }
  if (!launch.trace) return
  const { Tracer } = await import('../../trace/tracer.js')
  const tracer = new Tracer((chunk) => tell({ type: 'trace', chunk }))
  process.on('exit', () => tracer.flush())
}

process.setSourceMapsEnabled(true)
connectStdio(seat.rank, launch, port)
flushBeforeExit()
reportErrors()
// As Node does, but for the program's await and not for one of this module, which Node would show.
process.on('exit', () => {
  if (done) return
  process.exitCode ??= UNSETTLED
  if (process.exitCode === UNSETTLED) tell({ type: 'stalled', at: stalledAwaits() })
})
process.on('exit', (status) => {
  if ((process.exitCode ?? status) === 0 && runtime.tellLeftovers(launch.leftovers)) process.exitCode = 1
})
Promise.all([program(), connectLink(), traceCalls()])
  .then(([found]) => run(found))
  .catch((error) => process.nextTick(() => raise(error)))
  .finally(() => {
    done = true
  })
// The world's own listener has let go of the port.
port.ref()

/** As an error of the program itself, which is no unhandled rejection. */
function raise(error: unknown): never {
  throw error
}
