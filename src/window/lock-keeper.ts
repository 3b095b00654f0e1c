import { at, type CallSite } from '../diagnostics/call-site.js'
import type { Done } from '../service/done.js'
import { type Claim, LockQueue } from '../service/lock-queue.js'
import type { Service } from '../service/service.js'
import { type Control, FREED, holderIn, MANAGED } from './control.js'

/** Answers to who asks for a lock. */
export const NOBODY = -1

interface PartClaim extends Claim {
  readonly id: string | number
  readonly rank: number
  /** Whoever waits for it waits no longer: he is told why, or wants it no more. */
  cancel?(error: Error | null): void
}

/** The claim of a rank that has taken the part without asking. */
const TAKEN = 'taken'

/**
 * Keeps the lock of this rank's part: first come, first served, shared ones together; and lets the calls of others wait for who has it for
 * himself. What its host's ranks must know of it is in the part's control words, where one of them takes a free lock without asking; as
 * soon
 * as somebody has to wait it is this queue that says who is next.
 */
export class LockKeeper {
  readonly #service: Service
  readonly #queue = new LockQueue<PartClaim>()
  readonly #claims = new Map<string, PartClaim>()
  /** Calls that wait, by their rank: what comes after them from there waits, too. */
  readonly #waiting = new Map<number, number>()
  #control: Control | undefined
  /** Somebody has failed with it, and nobody was told. */
  #isAbandoned = false

  constructor(service: Service) {
    this.#service = service
    service.serve('lock', (rank, [id, shared], reply) => this.#claim(rank, id as number, shared as boolean, reply))
    service.serve('unlock', (rank, [id]) => this.#give(rank, id as number | string))
    service.onGone((rank) => this.#lose(rank))
  }

  set control(control: Control) {
    this.#control = control
    this.#publish()
  }

  /** Runs a call of a rank, now or when nobody else has the part for himself. */
  admit(rank: number, run: () => void): void {
    this.#adopt(false)
    const waiting = this.#waiting.get(rank) ?? 0
    if (waiting === 0 && !this.#isKeptFrom(rank)) return run()
    this.#waiting.set(rank, waiting + 1)
    const claim: PartClaim = {
      id: '',
      rank,
      shared: true,
      grant: () => {
        this.#waiting.set(rank, this.#waiting.get(rank)! - 1)
        this.#isAbandoned = false
        run()
        this.#queue.remove(claim)
        this.#publish()
      },
      cancel: run
    }
    this.#adopt(true)
    this.#queue.add(claim)
  }

  /** The part is given up: nobody waits for it any more. */
  end(error: Error): void {
    for (const claim of [...this.#queue.waiters]) claim.cancel?.(error)
  }

  #isKeptFrom(rank: number): boolean {
    const state = this.#control?.state ?? 0
    const holder = holderIn(state)
    if (holder !== undefined && holder !== rank) return true
    for (const claim of this.#queue.holders) if (!claim.shared && claim.rank !== rank) return true
    return false
  }

  #claim(rank: number, id: number, shared: boolean, reply: Done<unknown>): void {
    this.#adopt(true)
    const claim: PartClaim = {
      id,
      rank,
      shared,
      grant: (abandoned) => {
        this.#isAbandoned = false
        this.#publish()
        reply(null, abandoned ?? NOBODY)
      },
      cancel: (error) => reply(error, NOBODY)
    }
    this.#claims.set(`${rank} ${id}`, claim)
    this.#queue.add(claim)
    this.#publish()
    // Who waits is told by the holder where that has taken it.
    if (this.#queue.waiters.has(claim)) for (const holder of this.#queue.holders) this.#service.tell(holder.rank, 'whose', [rank, id])
  }

  #give(rank: number, id: number | string): void {
    const claim = this.#claims.get(`${rank} ${id}`)
    if (claim === undefined) return
    this.#claims.delete(`${rank} ${id}`)
    if (this.#queue.waiters.has(claim)) claim.cancel?.(null)
    this.#queue.remove(claim)
    this.#publish()
  }

  #lose(rank: number): void {
    const control = this.#control
    if (control !== undefined && holderIn(control.state) === rank) this.#adopt(true)
    for (const [key, claim] of this.#claims) if (claim.rank === rank) this.#claims.delete(key)
    for (const claim of this.#queue.holders) if (claim.rank === rank) this.#isAbandoned = true
    this.#queue.lose(rank)
    this.#publish()
  }

  /** From now on nobody takes the lock without asking; who has it already is the first of the queue. */
  #adopt(forced: boolean): void {
    const control = this.#control
    if (control === undefined) return
    for (;;) {
      const { state } = control
      const holder = holderIn(state)
      if ((state & MANAGED) !== 0 || (!forced && holder === undefined)) return
      if (!control.exchange(state, state | MANAGED)) continue
      if (holder !== undefined) {
        const claim: PartClaim = { id: TAKEN, rank: holder, shared: false, grant: () => undefined }
        this.#claims.set(`${holder} ${TAKEN}`, claim)
        this.#queue.add(claim)
      }
      return
    }
  }

  /** Says in the control words who has it. */
  #publish(): void {
    const control = this.#control
    if (control === undefined || (control.state & MANAGED) === 0) return
    const { holders, waiters } = this.#queue
    let holder = 0
    for (const claim of holders) if (!claim.shared) holder = claim.rank + 1
    const isFree = holders.size === 0 && waiters.size === 0 && !this.#isAbandoned
    const before = control.state
    control.state = (before & FREED) | (isFree ? 0 : MANAGED | holder)
    if (holder !== 0 && (holderIn(before) ?? -1) + 1 !== holder) control.drain()
  }
}

/** A lock of a rank's part that this rank has, or waits for. */
export class HeldLock {
  readonly target: number
  readonly shared: boolean
  readonly site: CallSite | undefined
  /** What the part's rank knows it by. */
  readonly id: number | string
  /** Who has it, as long as this rank waits. */
  holders = ''
  isHeld = false
  abandoned: number | undefined

  constructor(target: number, shared: boolean, id: number | string, site: CallSite | undefined) {
    this.target = target
    this.shared = shared
    this.id = id
    this.site = site
  }
}

/** The locks that this rank has of others' parts and of its own. */
export class Locks {
  readonly #service: Service
  /** By target. */
  readonly #held: (HeldLock | undefined)[]
  #ids = 0

  constructor(service: Service) {
    this.#service = service
    this.#held = Array(service.core.size).fill(undefined)
    service.serve('whose', (keeper, [waiter, id]) => {
      const held = this.#held[keeper]
      if (held !== undefined) service.tell(waiter as number, 'held', [keeper, id, at(held.site)])
    })
    service.serve('held', (holder, [keeper, id, line]) => {
      const waiting = this.#held[keeper as number]
      if (waiting?.id === id && !waiting!.isHeld) waiting!.holders += `${waiting!.holders === '' ? '' : ' and by'} rank ${holder}${line}`
    })
  }

  all(): HeldLock[] {
    return this.#held.filter((held) => held !== undefined)
  }

  of(target: number): HeldLock | undefined {
    return this.#held[target]
  }

  /** Takes a lock that nobody has or waits for, without asking. */
  takeFree(target: number, control: Control, site: CallSite | undefined): boolean {
    if (!control.exchange(0, this.#service.core.rank + 1)) return false
    const held = new HeldLock(target, false, TAKEN, site)
    held.isHeld = true
    this.#held[target] = held
    control.drain()
    return true
  }

  /** Takes the lock of a part; of one that is free at once. */
  take(target: number, shared: boolean, control: Control | undefined, site: CallSite | undefined, done: Done<HeldLock>): void {
    if (!shared && control !== undefined && this.takeFree(target, control, site)) return done(null, this.#held[target]!)
    const held = new HeldLock(target, shared, ++this.#ids, site)
    this.#held[target] = held
    const describe = (): string => {
      const by = held.holders === '' ? '' : `, which is held by${held.holders}`
      return `in lock for the ${shared ? 'shared ' : ''}lock of rank ${target}'s part of ${this.#service.what}${by}`
    }
    const granted: Done<number> = (error, abandoned) => {
      if (this.#held[target] !== held) return
      if (error !== null) this.#held[target] = undefined
      else {
        held.isHeld = true
        held.abandoned = abandoned === NOBODY ? undefined : abandoned
      }
      done(error, held)
    }
    this.#service.ask(target, 'lock', [held.id, shared], site, granted, describe)
  }

  /** Gives it back, or waits for it no longer. */
  give(held: HeldLock, control: Control | undefined): void {
    if (this.#held[held.target] !== held) return
    this.#held[held.target] = undefined
    if (held.id === TAKEN && control?.exchange(this.#service.core.rank + 1, 0) === true) return
    this.#service.tell(held.target, 'unlock', [held.id])
  }
}
