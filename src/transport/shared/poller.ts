/**
 * When to look for segments.
 *
 * A rank that waits looks whenever all microtasks have run, for a few microseconds without a pause, for a reply is there within one; then
 * it gives way to other threads between looks, so that whoever is waited for gets the core that it needs. In between the event loop has its
 * turns, so that timers and I/O go on. After a quiet millisecond it blocks its thread, a moment at a time, and at last sleeps in the event
 * loop until it is woken. Being woken takes as long as some twenty looks, and costs whoever wakes as much.
 *
 * Where no way to give way is known, it looks for not much longer than being woken would take (competitive spinning: Karlin, Li, Manasse,
 * Owicki, SOSP 1991). Where ranks outnumber cores it looks once between yields, and blocks at once for as long as giving way loses the core
 * (`LostCores`). Where the event loop has I/O under way the thread is not blocked.
 */
import { LostCores } from './lost-cores.js'

export interface Pollable {
  /** Delivers what has come; true when that was anything. */
  poll(): boolean
  /** The rank is about to sleep: what waits asks those it waits for, if that is not known. */
  beforeSleep(): void
  /**
   * Marks the rank as asleep, so that whoever publishes from now on wakes it, and polls once more; true when that gave anything. `inLoop`:
   * it sleeps in the event loop, and else blocked.
   */
  fallAsleep(inLoop: boolean): boolean
  wakeUp(): void
  /** Lets other threads have the core; false where that cannot be done. */
  giveWay(): boolean
  /** Resolves when the rank is woken. */
  woken(): Promise<unknown>
  /** Whether nothing but a segment or a timer can come, so that nothing waits for this thread. */
  readonly mayBlock: boolean
  /** Blocks the thread until the rank is woken, or the time is over. */
  block(ms: number): void
}

/** Another transport of this thread: all sleep by the first one's bell. */
export type AlsoPolled = Pick<Pollable, 'poll' | 'beforeSleep' | 'mayBlock'>

const { nextTick } = process
const settled = Promise.resolve()
/** Looks without a pause. */
const LOOKS = 60
/** Looks between which others have the core, before the event loop has a turn. */
const YIELDS = 20
/** and for how long: on a busy machine each may take milliseconds, and the event loop would not see what is read, written or due. */
const YIELDS_MS = 0.1
/** Deliveries after which the event loop gets a turn in any case. */
const DELIVERIES = 256
/** How long it looks, in quiet milliseconds, */
const PATIENCE_MS = 1
/** and where it cannot give way: some times as long as being woken takes. */
const SPIN_MS = 0.2
const BLOCK_MS = 1
/** Quiet time after which it sleeps. */
const QUIET_MS = 10

export class Poller {
  #held = 0
  #watched = 0
  #running = false
  #deliveries = 0
  #quietSince = 0
  /** How often it has given way since then. */
  #yields = 0
  #asleep = false
  #waiting = false
  /** What comes, comes by the event loop: looking between its turns is vain. */
  needsLoop = false
  /** How many of those that hold it wait for something else than a segment, which the event loop brings. */
  #byLoop = 0
  readonly #target: Pollable
  #others: readonly AlsoPolled[] = []
  /** Ranks outnumber cores. */
  #crowded: boolean
  /** Others can be given the core. */
  #givesWay = true
  readonly #lost = new LostCores()
  /** Called each time the rank falls asleep and when it wakes. */
  onSleep: () => void = () => undefined
  onWake: () => void = () => undefined
  /** Called in each turn of the event loop in which it has found little to deliver. */
  onTurn: () => void = () => undefined

  constructor(target: Pollable, crowded: boolean) {
    this.#target = target
    this.#crowded = crowded
  }

  /** Polls another transport as well. */
  join(other: AlsoPolled): void {
    this.#others = [...this.#others, other]
  }

  leave(other: AlsoPolled): void {
    this.#others = this.#others.filter((each) => each !== other)
  }

  /** More threads have come. */
  crowd(): void {
    this.#crowded = true
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

  /** One more, or one less, of those that hold it waits for the event loop. */
  awaitLoop(change: 1 | -1): void {
    this.#byLoop += change
  }

  /** As `hold`, for whoever does not need the rank to live on. */
  watch(): void {
    this.#watched++
    if (!this.#running) this.#start()
  }

  unwatch(): void {
    this.#watched--
  }

  /** Something has come by the event loop. */
  poke(): void {
    if (!this.#wanted) return
    if (!this.#running) this.#start()
    if (this.#poll()) this.#quietSince = 0
  }

  #poll(): boolean {
    const any = this.#target.poll()
    return this.#others.length === 0 ? any : this.#pollOthers() || any
  }

  #pollOthers(): boolean {
    let any = false
    for (const other of this.#others) if (other.poll()) any = true
    return any
  }

  /** From here on who publishes wakes this thread; true when something had come before. */
  #fallAsleep(inLoop: boolean): boolean {
    if (inLoop) {
      this.#target.beforeSleep()
      for (const other of this.#others) other.beforeSleep()
    }
    const any = this.#target.fallAsleep(inLoop)
    return this.#pollOthers() || any
  }

  get #mayBlock(): boolean {
    return this.#target.mayBlock && this.#others.every(({ mayBlock }) => mayBlock)
  }

  get #wanted(): boolean {
    return this.#held + this.#watched > 0
  }

  #start(): void {
    this.#running = true
    this.#quietSince = 0
    if (this.#asleep) {
      this.#asleep = false
      this.#target.wakeUp()
      this.onWake()
    }
    nextTick(this.#look)
  }

  readonly #look = (): void => {
    if (!this.#wanted) this.#running = false
    else if (this.#finds()) this.#delivered()
    else setImmediate(this.#turn)
  }

  /** Node runs a tick after all microtasks where a microtask has asked for it, and before them where another tick has. */
  readonly #lookAfterMicrotasks = (): void => nextTick(this.#look)

  #finds(): boolean {
    const target = this.#target
    if (this.#awaitsLoop) return this.#poll()
    if (this.needsLoop) return this.#poll() || this.#findsAfterYield()
    const looks = this.#crowded || this.#quietSince > 0 ? 1 : LOOKS
    for (let k = 0; k < looks; k++) if (this.#poll()) return true
    if (!this.#yieldsBetween) return false
    const start = performance.now()
    let now = start
    for (let k = 0; k < YIELDS && this.#givesWay && now - start < YIELDS_MS; k++) {
      this.#givesWay = target.giveWay()
      this.#yields++
      const before = now
      now = performance.now()
      this.#lost.took(now - before)
      if (this.#poll()) return true
    }
    return false
  }

  /**
   * What comes by the event loop is sent by another process. Where the system has put both on one core, each would look until its slice of
   * milliseconds is over.
   */
  #findsAfterYield(): boolean {
    if (!this.#givesWay) return false
    if (this.#lost.areFeared) {
      this.#lost.blocked()
      return false
    }
    const start = performance.now()
    this.#givesWay = this.#target.giveWay()
    this.#lost.took(performance.now() - start)
    return this.#poll()
  }

  #delivered(): void {
    this.#quietSince = 0
    if (++this.#deliveries >= DELIVERIES) setImmediate(this.#turn)
    // Who goes on now and waits for the next segment starts it again.
    else if (!this.#wanted) this.#running = false
    else void settled.then(this.#lookAfterMicrotasks)
  }

  /** Once a turn of the event loop. */
  readonly #turn = (): void => {
    const due = this.#deliveries >= DELIVERIES
    this.#deliveries = 0
    if (due || !this.#wanted) return this.#look()
    this.onTurn()
    // Whoever it waits for needs the core.
    if (this.#awaitsLoop) return this.#sleep()
    const now = performance.now()
    if (this.#quietSince === 0) {
      this.#quietSince = now
      this.#yields = 0
    }
    const quiet = now - this.#quietSince
    if (quiet < this.#patience || (this.#yieldsBetween && this.#yields < YIELDS)) return this.#look()
    if (quiet > QUIET_MS || !this.#mayBlock) return this.#sleep()
    const found = this.#fallAsleep(false)
    if (!found) this.#target.block(BLOCK_MS)
    this.#lost.blocked()
    this.#target.wakeUp()
    if (found) this.#delivered()
    else this.#look()
  }

  /** Whether nothing that it waits for comes as a segment. */
  get #awaitsLoop(): boolean {
    return this.#byLoop > 0 && this.#held <= this.#byLoop
  }

  /** Whether others get the core between its looks. */
  get #yieldsBetween(): boolean {
    return this.#givesWay && !this.needsLoop && !this.#blocksAtOnce
  }

  get #blocksAtOnce(): boolean {
    return this.#crowded && (this.#lost.areFeared || !this.#givesWay)
  }

  get #patience(): number {
    if (this.needsLoop) return PATIENCE_MS
    return this.#blocksAtOnce ? 0 : this.#givesWay ? PATIENCE_MS : SPIN_MS
  }

  #sleep(): void {
    if (this.#fallAsleep(true)) {
      this.#target.wakeUp()
      return this.#delivered()
    }
    this.#asleep = true
    this.#running = false
    this.onSleep()
    if (this.#waiting) return
    this.#waiting = true
    void this.#target.woken().then(() => {
      this.#waiting = false
      if (this.#asleep && this.#wanted) this.#start()
      else this.#asleep = false
    })
  }
}
