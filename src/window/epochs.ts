import { at, type CallSite, justAt } from '../diagnostics/call-site.js'
import { RmaSyncError } from '../errors.js'

type Site = CallSite | undefined

/**
 * What a rank has begun on a window and not ended: what may be called now, and what it must wait for first. Pure. MPI 4.1 §12.5: epochs.
 */
export class Epochs {
  /** Parts that are locked, or are to be, and where. */
  readonly #locks = new Map<number, Site>()
  #all: { readonly site: Site } | undefined
  #access: { readonly group: ReadonlySet<number>; readonly site: Site } | undefined
  #exposure: { readonly group: ReadonlySet<number>; readonly site: Site } | undefined

  /** Whether only calls to some ranks are allowed. */
  get isStarted(): boolean {
    return this.#access !== undefined
  }

  get exposedTo(): ReadonlySet<number> | undefined {
    return this.#exposure?.group
  }

  get startedWith(): ReadonlySet<number> | undefined {
    return this.#access?.group
  }

  /** Where the part of a rank was locked. */
  lockSite(target: number): Site {
    return this.#locks.has(target) ? this.#locks.get(target) : this.#all?.site
  }

  /** The parts that are locked one by one. */
  get locked(): Iterable<number> {
    return this.#locks.keys()
  }

  get isAllLocked(): boolean {
    return this.#all !== undefined
  }

  holds(target: number): boolean {
    return this.#all !== undefined || this.#locks.has(target)
  }

  call(target: number): void {
    if (this.#access === undefined || this.#access.group.has(target)) return
    const { group, site } = this.#access
    throw new RmaSyncError(
      `target: rank ${target} is not in the group that this rank has started an access epoch with (${listed(group)})${at(site)}; ` +
        'call complete() first, or start() with a group that has it'
    )
  }

  /** For what all do together: `call` is its name. */
  fence(call: 'fence' | 'close'): void {
    for (const [target, site] of this.#locks) {
      throw new RmaSyncError(`${call}: this rank holds the lock of rank ${target}'s part, taken${justAt(site)}; release it first`)
    }
    if (this.#all !== undefined) {
      throw new RmaSyncError(`${call}: this rank holds the locks of all parts, taken${justAt(this.#all.site)}; release them first`)
    }
    if (this.#access !== undefined) {
      throw new RmaSyncError(`${call}: an access epoch is open, by start${justAt(this.#access.site)}; call complete() first`)
    }
    if (this.#exposure !== undefined) {
      throw new RmaSyncError(`${call}: an exposure epoch is open, by post${justAt(this.#exposure.site)}; call wait() first`)
    }
  }

  lock(target: number, site: Site): void {
    this.#noAccess('lock')
    if (this.#all !== undefined) {
      throw new RmaSyncError(`lock: this rank holds the locks of all parts, taken${justAt(this.#all.site)}; release them first`)
    }
    if (this.#locks.has(target)) {
      const taken = at(this.#locks.get(target))
      throw new RmaSyncError(`lock: this rank has locked rank ${target}'s part already${taken}; release it before it is locked again`)
    }
    this.#locks.set(target, site)
  }

  lockAll(site: Site): void {
    this.#noAccess('lockAll')
    if (this.#all !== undefined)
      throw new RmaSyncError(`lockAll: this rank has locked all parts already${at(this.#all.site)}; release them first`)
    for (const [target, taken] of this.#locks) {
      throw new RmaSyncError(`lockAll: this rank holds the lock of rank ${target}'s part, taken${justAt(taken)}; release it first`)
    }
    this.#all = { site }
  }

  unlock(target: number): void {
    if (this.#locks.delete(target)) return
    const hint = this.#all === undefined ? 'call lock first' : `all parts were locked together${justAt(this.#all.site)}: release that lock`
    throw new RmaSyncError(`unlock: this rank has not locked the part of rank ${target}; ${hint}`)
  }

  unlockAll(): void {
    if (this.#all === undefined) throw new RmaSyncError('unlock: this rank has not locked all parts; call lockAll first')
    this.#all = undefined
  }

  start(group: ReadonlySet<number>, site: Site): void {
    if (this.#access !== undefined) {
      throw new RmaSyncError(
        `start: an access epoch is open already, by start${justAt(this.#access.site)}; call complete() before the next`
      )
    }
    for (const [target, taken] of this.#locks) {
      throw new RmaSyncError(`start: this rank holds the lock of rank ${target}'s part, taken${justAt(taken)}; release it first`)
    }
    if (this.#all !== undefined)
      throw new RmaSyncError(`start: this rank holds the locks of all parts, taken${justAt(this.#all.site)}; release them first`)
    this.#access = { group, site }
  }

  complete(): ReadonlySet<number> {
    if (this.#access === undefined) throw new RmaSyncError('complete: no access epoch is open; call start first')
    const { group } = this.#access
    this.#access = undefined
    return group
  }

  post(group: ReadonlySet<number>, site: Site): void {
    if (this.#exposure !== undefined) {
      throw new RmaSyncError(`post: an exposure epoch is open already, by post${justAt(this.#exposure.site)}; call wait() before the next`)
    }
    this.#exposure = { group, site }
  }

  /** The ranks that are to have completed; `ended` where they have. */
  exposed(call: 'wait' | 'test'): ReadonlySet<number> {
    if (this.#exposure === undefined) throw new RmaSyncError(`${call}: no exposure epoch is open; call post first`)
    return this.#exposure.group
  }

  endExposure(): void {
    this.#exposure = undefined
  }

  #noAccess(call: string): void {
    if (this.#access === undefined) return
    throw new RmaSyncError(`${call}: an access epoch is open, by start${justAt(this.#access.site)}; call complete() first`)
  }
}

const listed = (group: ReadonlySet<number>): string => (group.size === 0 ? 'nobody' : `ranks ${[...group].join(', ')}`)
