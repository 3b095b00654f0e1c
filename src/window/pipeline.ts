import type { Done } from '../service/done.js'

/** Pieces that are under way to one rank at a time: enough to keep it busy, and no more to be kept. */
const WINDOW = 64

type Ask = (done: Done<unknown>) => void

/** What this rank asks another to do, in order; and when all of it is done. */
export class Pipeline {
  readonly #queue: { readonly ask: Ask; readonly alone: boolean }[] = []
  readonly #waiting: (() => void)[] = []
  #underWay = 0
  #isAlone = false

  get isIdle(): boolean {
    return this.#underWay === 0 && this.#queue.length === 0
  }

  /** `alone`: what is too long to keep its place among others goes when they are done, and they when it is. */
  push(ask: Ask, alone = false): void {
    this.#queue.push({ ask, alone })
    this.#next()
  }

  /** Calls back when all that has been asked so far is done, which may be now. */
  idle(done: () => void): void {
    if (this.isIdle) done()
    else this.#waiting.push(done)
  }

  #next(): void {
    while (this.#queue.length > 0 && this.#underWay < WINDOW && !this.#isAlone) {
      if (this.#queue[0]!.alone && this.#underWay > 0) return
      const { ask, alone } = this.#queue.shift()!
      this.#underWay++
      this.#isAlone = alone
      ask(() => {
        this.#underWay--
        this.#isAlone = false
        this.#next()
        if (this.#underWay > 0 || this.#queue.length > 0) return
        for (const done of this.#waiting.splice(0)) done()
      })
    }
  }
}
