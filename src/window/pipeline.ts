import type { Done } from '../service/done.js'

/** What may be under way to one rank at a time: enough to keep it busy, and no more to be kept. */
const WINDOW = 64
const WINDOW_BYTES = 2 ** 21

type Ask = (done: Done<unknown>) => void

/** What this rank asks another to do, in order; and when all of it is done. */
export class Pipeline {
  readonly #queue: { readonly ask: Ask; readonly bytes: number; readonly alone: boolean }[] = []
  readonly #waiting: (() => void)[] = []
  #underWay = 0
  #bytes = 0
  #isAlone = false

  get isIdle(): boolean {
    return this.#underWay === 0 && this.#queue.length === 0
  }

  /**
   * `bytes`: how many go or come; `alone`: what is too long to keep its place among others goes when they are done, and they when it is.
   */
  push(ask: Ask, bytes: number, alone = false): void {
    this.#queue.push({ ask, bytes, alone })
    this.#next()
  }

  /** Calls back when all that has been asked so far is done, which may be now. */
  idle(done: () => void): void {
    if (this.isIdle) done()
    else this.#waiting.push(done)
  }

  #next(): void {
    while (this.#queue.length > 0 && this.#underWay < WINDOW && !this.#isAlone) {
      const { ask, bytes, alone } = this.#queue[0]!
      if (this.#underWay > 0 && (alone || this.#bytes + bytes > WINDOW_BYTES)) return
      this.#queue.shift()
      this.#underWay++
      this.#bytes += bytes
      this.#isAlone = alone
      ask(() => {
        this.#underWay--
        this.#bytes -= bytes
        this.#isAlone = false
        this.#next()
        if (this.#underWay > 0 || this.#queue.length > 0) return
        for (const done of this.#waiting.splice(0)) done()
      })
    }
  }
}

/** What this rank asks all ranks of a window to do. */
export class Pipelines {
  /** By target. */
  readonly all: readonly Pipeline[]

  constructor(size: number) {
    this.all = Array.from({ length: size }, () => new Pipeline())
  }

  /** Whether all that a target has been asked is done; without one, all of them. */
  isIdle(target: number | undefined): boolean {
    if (target === undefined) return this.all.every(({ isIdle }) => isIdle)
    return this.all[target]?.isIdle === true
  }

  /** Calls back when this rank's calls to some targets are complete, which may be now. */
  complete(targets: Iterable<number>, then: () => void): void {
    let left = 1
    const one = (): void => {
      if (--left === 0) then()
    }
    for (const target of targets) {
      if (this.all[target]!.isIdle) continue
      left++
      this.all[target]!.idle(one)
    }
    one()
  }
}
