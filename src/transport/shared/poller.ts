/**
 * When to look for segments. While there is traffic a rank polls: a few times between microtasks, so that a reply is seen within
 * 100 ns, then once a turn of the event loop, so that timers and I/O go on. After a quiet while it sleeps until it is woken
 * (25 µs). Where ranks outnumber cores, polling takes the core from the very rank that is waited for, so it sleeps soon.
 */
export interface Pollable {
  /** Delivers what has come; true when that was anything. */
  poll(): boolean
  /** Marks the rank as asleep, so that whoever publishes from now on wakes it, and polls once more; true when that gave anything. */
  fallAsleep(): boolean
  wakeUp(): void
  /** Resolves when the rank is woken. */
  woken(): Promise<unknown>
}

const settled = Promise.resolve()
/** Looks that leave the microtasks of a delivered message room to run before the thread spins. */
const POLITE_LOOKS = 6
const LOOKS = 40
const SPINS = 12

export class Poller {
  #held = 0
  #running = false
  #looks = 0
  #quietSince = 0
  #asleep = false
  #waiting = false
  readonly #target: Pollable
  readonly #quietMs: number
  readonly #looksATurn: number
  onSleep: () => void = () => undefined
  onWake: () => void = () => undefined

  constructor(target: Pollable, crowded: boolean) {
    this.#target = target
    this.#quietMs = crowded ? 0.05 : 1
    this.#looksATurn = crowded ? POLITE_LOOKS : LOOKS
  }

  /** Whether anything waits for a segment. */
  get held(): boolean {
    return this.#held > 0
  }

  hold(): void {
    this.#held++
    if (!this.#running) this.#start()
  }

  release(): void {
    this.#held--
  }

  #start(): void {
    this.#running = true
    this.#looks = 0
    this.#quietSince = 0
    if (this.#asleep) {
      this.#asleep = false
      this.#target.wakeUp()
      this.onWake()
    }
    void settled.then(this.#look)
  }

  /** Between microtasks. */
  readonly #look = (): void => {
    if (this.#held === 0) {
      this.#running = false
      return
    }
    const spins = this.#looks < POLITE_LOOKS ? 1 : SPINS
    for (let k = 0; k < spins; k++) {
      if (this.#target.poll()) {
        this.#looks = 0
        this.#quietSince = 0
        void settled.then(this.#look)
        return
      }
    }
    this.#looks++
    if (this.#looks < this.#looksATurn) void settled.then(this.#look)
    else setImmediate(this.#turn)
  }

  /** Once a turn of the event loop. */
  readonly #turn = (): void => {
    this.#looks = 0
    const now = performance.now()
    if (this.#quietSince === 0) this.#quietSince = now
    if (now - this.#quietSince < this.#quietMs) this.#look()
    else this.#sleep()
  }

  #sleep(): void {
    if (this.#target.fallAsleep()) {
      this.#target.wakeUp()
      this.#quietSince = 0
      this.#look()
      return
    }
    this.#asleep = true
    this.#running = false
    this.onSleep()
    if (this.#waiting) return
    this.#waiting = true
    void this.#target.woken().then(() => {
      this.#waiting = false
      if (this.#asleep && this.#held > 0) this.#start()
      else this.#asleep = false
    })
  }
}
