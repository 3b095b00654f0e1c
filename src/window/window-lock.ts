import { STAYS, staysHere } from '../codec/refusal.js'
/** A lock that this rank holds: of the part of one rank of a window, or of all. `win.lock` and `win.lockAll` give one. */
export class WindowLock {
  /** @internal */
  readonly stays = STAYS
  /** Whose part it is of; undefined of all. */
  readonly target: number | undefined
  /** Whether others may hold it, too. */
  readonly shared: boolean
  /** The rank that has failed while it held the lock, if the one before did: what it guards may be half done. */
  readonly abandoned: number | undefined
  readonly #release: () => Promise<void>

  /** @internal */
  constructor(target: number | undefined, shared: boolean, abandoned: number | undefined, release: () => Promise<void>) {
    this.target = target
    this.shared = shared
    this.abandoned = abandoned
    this.#release = release
  }

  /** Completes this rank's calls to the part and gives the lock back; nothing where it was given back before. Errors: as `unlock`. */
  release(): Promise<void> {
    return this.#release()
  }

  /** As `release`, without waiting for it: for `using` and `locked`. */
  [Symbol.dispose](): void {
    this.#release().catch(() => undefined)
  }

  /** As `release`: for `await using`; nothing where it was given back before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release()
  }
}

staysHere(WindowLock, 'a lock')
