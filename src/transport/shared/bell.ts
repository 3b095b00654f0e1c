import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { types } from 'node:util'
import { callsHere } from './system-calls.js'

/** The first word of the memory by which a rank sleeps: 0 while it does not. */
export const ASLEEP = 0
/** In `Atomics.wait`, `Atomics.waitAsync`, or where other processes see the memory, in a futex. */
export const BLOCKED = 1
/** In the event loop, where other processes see the memory: a byte in a pipe ends it. */
const IN_LOOP = 2
/** Words of such memory: the process that sleeps there, and its pipe's end for writing. */
const PROCESS = 1
const PIPE = 2

const BYTE = new Uint8Array(1)
/** Pipes of ranks of other processes, by where they sleep. */
const pipes = new WeakMap<object, number>()

/** Whether only threads of this process see it. */
const isOwn = (bell: Int32Array): boolean => types.isSharedArrayBuffer(bell.buffer)

/** Wakes the rank if it sleeps. */
export function wake(bell: Int32Array): void {
  const how = Atomics.load(bell, ASLEEP)
  if (how === 0 || Atomics.compareExchange(bell, ASLEEP, how, 0) !== how) return
  if (isOwn(bell)) Atomics.notify(bell, ASLEEP)
  else if (how === BLOCKED) callsHere().calls!.notify(bell, ASLEEP)
  else writeTo(bell)
}

/** A rank that is no more has no pipe, and needs no waking. */
function writeTo(bell: Int32Array): void {
  try {
    let pipe = pipes.get(bell.buffer)
    if (pipe === undefined) {
      const path = `/proc/${Atomics.load(bell, PROCESS)}/fd/${Atomics.load(bell, PIPE)}`
      pipe = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
      pipes.set(bell.buffer, pipe)
    }
    writeSync(pipe, BYTE)
  } catch {
    const pipe = pipes.get(bell.buffer)
    pipes.delete(bell.buffer)
    if (pipe !== undefined) closeSync(pipe)
  }
}

/** How a rank sleeps. */
export interface Sleeper {
  /** From now on `wake` wakes this thread; `inLoop`: in its event loop. */
  fallAsleep(inLoop: boolean): void
  wakeUp(): void
  /** Resolves when it is woken in its event loop, which this does not keep open. */
  woken(): Promise<unknown>
  /** Blocks until it is woken, for at most `ms`. */
  block(ms: number): void
}

export const sleeperOf = (bell: Int32Array): Sleeper => (isOwn(bell) ? new ThreadSleeper(bell) : new ProcessSleeper(bell))

/** Woken by threads of its process. */
class ThreadSleeper implements Sleeper {
  readonly #bell: Int32Array

  constructor(bell: Int32Array) {
    this.#bell = bell
  }

  fallAsleep(): void {
    Atomics.store(this.#bell, ASLEEP, BLOCKED)
  }

  wakeUp(): void {
    Atomics.store(this.#bell, ASLEEP, 0)
  }

  woken(): Promise<unknown> {
    const waiting = Atomics.waitAsync(this.#bell, ASLEEP, BLOCKED)
    return waiting.async ? waiting.value : Promise.resolve()
  }

  block(ms: number): void {
    Atomics.wait(this.#bell, ASLEEP, BLOCKED, ms)
  }
}

/** Woken by other processes, too. */
class ProcessSleeper implements Sleeper {
  readonly #bell: Int32Array
  #pipe: Socket | undefined
  #woken: (() => void) | undefined

  constructor(bell: Int32Array) {
    this.#bell = bell
  }

  fallAsleep(inLoop: boolean): void {
    if (inLoop) this.#pipe ??= this.#makePipe()
    Atomics.store(this.#bell, ASLEEP, inLoop ? IN_LOOP : BLOCKED)
  }

  wakeUp(): void {
    Atomics.store(this.#bell, ASLEEP, 0)
  }

  woken(): Promise<unknown> {
    return new Promise<void>((resolve) => {
      this.#woken = resolve
    })
  }

  /** The time is short: a thread in a system call cannot be ended. */
  block(ms: number): void {
    callsHere().calls!.wait(this.#bell, ASLEEP, BLOCKED, ms)
  }

  #makePipe(): Socket {
    const [fd, end] = callsHere().calls!.pipe()
    // Most ranks come here late or never, and loading it takes time.
    const net = createRequire(import.meta.url)('node:net') as typeof import('node:net')
    const pipe = new net.Socket({ fd, readable: true, writable: false })
    pipe.on('data', () => {
      this.#woken?.()
      this.#woken = undefined
    })
    pipe.unref()
    Atomics.store(this.#bell, PROCESS, process.pid)
    Atomics.store(this.#bell, PIPE, end)
    return pipe
  }
}
