import type { Outcome, Task } from '../worker.js'

/** So long a program may run, in milliseconds of the reader's time. */
const LIMIT = 3000

export type Ended = Outcome | { readonly timedOut: true }

/**
 * Runs programs, each in a worker of its own, which is ended when it takes too long or another program comes: the page never waits, and no
 * program sees what another has left. The next worker starts while nothing runs.
 */
export class Engine {
  readonly #url: string
  #ready: Worker
  #running: Worker | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(url: string) {
    this.#url = url
    this.#ready = this.#start()
  }

  /** What comes of it; nothing where another one is run meanwhile. */
  run(task: Task, done: (outcome: Ended) => void): void {
    this.stop()
    const worker = this.#ready
    this.#running = worker
    this.#ready = this.#start()
    const end = (outcome: Ended): void => {
      this.stop()
      done(outcome)
    }
    worker.onmessage = ({ data }) => {
      // Not before it is loaded, which is the network's time.
      if (data === 'begun') this.#timer = setTimeout(() => end({ timedOut: true }), LIMIT)
      else end(data)
    }
    worker.onerror = ({ message }) => end({ picture: '', text: '', printed: [], failure: { message, line: undefined } })
    worker.postMessage(task)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#running?.terminate()
    this.#running = undefined
  }

  close(): void {
    this.stop()
    this.#ready.terminate()
  }

  #start(): Worker {
    return new Worker(this.#url, { type: 'module' })
  }
}

export const TIMED_OUT = `stopped after ${LIMIT / 1000} s: the program does not end. End its streams, by take(n), and look for a loop that never ends.`
