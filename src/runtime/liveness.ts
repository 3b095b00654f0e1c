import type { MessagePort } from 'node:worker_threads'
import { at, renewCallSiteBudget } from '../diagnostics/call-site.js'
import { debug } from '../diagnostics/debug.js'
import { DeadlockError, type ErrorContext, TimeoutError } from '../errors.js'
import { pendingCalls } from '../progress/pending-calls.js'
import { unreceivedBy } from '../progress/unreceived.js'
import { endable } from '../request/cancellation.js'
import { type HostMemory, IDLE, restOf, stateWord, WAKE_UP } from '../transport/shared/host-memory.js'
import type { SharedTransport } from '../transport/shared/shared-transport.js'
import type { Fabrics } from './fabrics.js'
import { keptAliveBy } from './kept-alive.js'
import { type ObservedCall, observe, observedCall } from './observation.js'
import type { EndReason, FromRank, ToRank } from './rank-protocol.js'

/**
 * When a rank may end, and when it never can.
 *
 * A rank asleep in a receive holds nothing that keeps Node's event loop open; Node then says `beforeExit`, and that is the proof that
 * nothing but a message can wake this rank, unless a signal can still end one of its calls. So it is then that the loop is held open, and
 * then that a rank says so: when all say so and nothing is under way, it is a deadlock.
 */
export class Liveness {
  readonly #fabrics: Fabrics
  /** What this rank is called. */
  readonly #title: string
  readonly #transport: SharedTransport
  readonly #memory: HostMemory
  /** There from when there is a job. */
  port: MessagePort | undefined
  readonly #states: Int32Array
  #idle = false
  /** Keeps the event loop open while a signal can still end a call. */
  #awake: NodeJS.Timeout | undefined
  #reported: ((text: string) => void) | undefined

  constructor(fabrics: Fabrics, title: string, transport: SharedTransport, memory: HostMemory, port: MessagePort | undefined) {
    this.#fabrics = fabrics
    this.#title = title
    this.#transport = transport
    this.#memory = memory
    this.port = port
    this.#states = new Int32Array(memory.states)
    transport.poller.onSleep = renewCallSiteBudget
    transport.poller.onWake = () => {
      this.#wake()
      this.#decideAgain()
    }
    endable.onSettled = () => this.#decideAgain()
    process.on('beforeExit', () => this.#rest())
  }

  /** What the launcher says about it. */
  onMessage(message: ToRank): void {
    if (message.type === 'observe') this.#tell({ type: 'observed', observation: observe(this.#fabrics.endpoints) })
    else if (message.type === 'report') {
      const { reason } = message
      if (reason === 'look') return this.#look()
      // From here on the program may go on; only the answer is waited for.
      this.#wake()
      this.port?.ref()
      this.#report(reason)
    } else if (message.type === 'reported') {
      this.port?.unref()
      this.#reported?.(message.text)
    }
  }

  /** Something has come that is no segment. */
  stir(): void {
    this.#wake()
  }

  #rest(): void {
    if (!this.#transport.poller.held || this.#idle) return
    if (endable.count > 0) {
      this.#awake = setTimeout(() => undefined, AWAKE_MS)
      return
    }
    if (this.port === undefined) {
      this.#report('deadlock')
      return
    }
    this.#idle = true
    this.#fabrics.tellHeard()
    debug('rank %s rests: only a message can wake it', this.#title)
    this.port.ref()
    Atomics.or(this.#states, stateWord(this.#transport.rank), IDLE)
    if (restOf(this.#memory) !== undefined) this.#tell({ type: 'idle' })
  }

  /** Things have changed: when the event loop has nothing left, it asks again. */
  #decideAgain(): void {
    clearTimeout(this.#awake)
  }

  #wake(): void {
    if (!this.#idle) return
    this.#idle = false
    Atomics.add(this.#states, stateWord(this.#transport.rank), WAKE_UP - IDLE)
    this.port!.unref()
  }

  #tell(message: FromRank): void {
    this.port?.postMessage(message)
  }

  /** Says what waits, and what else keeps the rank alive; of calls whose line was not recorded, none. */
  #look(): void {
    const rank = this.#title
    const calls = [...this.#fabrics.endpoints].flatMap((endpoint) => pendingCalls(endpoint))
    const waits = calls.flatMap(({ waits, site }) => waits.map((what) => `rank ${rank} waits ${what}${at(site)}`))
    const lines = waits.slice(0, SHOWN)
    if (waits.length > SHOWN) lines.push(`rank ${rank} … and ${waits.length - SHOWN} more`)
    if (waits.length === 0) lines.push(`rank ${rank} waits for no message`)
    const waiting = calls.filter(({ endless }) => !endless).length
    this.#tell({ type: 'waits', reason: 'look', lines: [...lines, ...this.#keptAlive(), ...this.#left()], waiting, calls: [] })
  }

  /** What keeps the rank alive beside what it waits for. */
  #keptAlive(): string[] {
    const reasons = this.#idle ? '' : keptAliveBy(endable.count)
    return reasons === '' ? [] : [`rank ${this.#title} is kept alive by ${reasons}`]
  }

  /** What others may wait for, and what nobody has waited for. */
  #left(): string[] {
    const title = this.#title
    const endpoints = [...this.#fabrics.endpoints]
    const held = endpoints.flatMap(({ held }) => Array.from(held, (one) => `rank ${title} holds ${one.describe()}${at(one.site)}`))
    const unreceived = endpoints.flatMap((endpoint) => unreceivedBy(endpoint, title))
    return [...held.slice(0, SHOWN), ...unreceived.slice(0, SHOWN)]
  }

  /** Gives up all that waits, and says what it was and where: some call sites only show when their promise is rejected. */
  #report(reason: EndReason): void {
    const { rank } = this.#transport
    const title = this.#title
    const endpoints = [...this.#fabrics.endpoints]
    const calls = endpoints.flatMap((endpoint) => pendingCalls(endpoint).map((call) => ({ ...call, endpoint })))
    const observed: ObservedCall[] = []
    const shown = calls.slice(0, SHOWN)
    const others = calls.slice(SHOWN)
    const left = this.#left()
    const everybody = new Promise<string>((resolve) => {
      this.#reported = resolve
    })
    const errorOf = async (context: ErrorContext): Promise<Error> => {
      const text = await everybody
      return reason === 'timeout'
        ? new TimeoutError(`the job's time is up\n${text}`, context)
        : new DeadlockError(`deadlock: every rank waits and nothing is under way, so nothing can ever happen again\n${text}\n`, context)
    }
    const tell = (waits: string[]): void => {
      const lines = waits.slice(0, SHOWN)
      const more = waits.length - lines.length + others.length
      if (more > 0) lines.push(`rank ${title} … and ${more} more`)
      if (reason === 'timeout') {
        if (calls.length === 0) lines.push(`rank ${title} waits for no message`)
        lines.push(...this.#keptAlive())
      }
      lines.push(...left)
      if (this.port === undefined) this.#reported!(lines.join('\n'))
      else this.#tell({ type: 'waits', reason, lines, waiting: calls.length, calls: observed })
      let crowd: Promise<Error> | undefined
      for (const [k, call] of others.entries()) {
        call.giveUp(() => {
          if (k < LOCATED) return errorOf({})
          crowd ??= errorOf({ rank, communicator: 'world' })
          return crowd
        })
      }
    }
    const lines: string[] = []
    let located = 0
    for (const call of shown) {
      call.giveUp((site) => {
        observed.push(observedCall(call.endpoint, call, site))
        for (const what of call.waits) lines.push(`rank ${title} waits ${what}${at(site)}`)
        if (++located === shown.length) tell(lines)
        return errorOf({})
      })
    }
    if (shown.length === 0) tell([])
  }
}

/** After that it asks again in any case. */
const AWAKE_MS = 1000
const SHOWN = 20
/** The others share one error that names no line: a hundred thousand would take seconds and hundreds of megabytes. */
const LOCATED = 1000
