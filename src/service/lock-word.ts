/** Nobody has the lock, and nobody waits for it. Else the word is one more than the rank that has it, or says that its keeper decides. */
const FREE = 0
const KEPT = -1

/**
 * A lock that is free is taken, and given back, by one instruction, in memory that the threads of a host share. As soon as somebody has to
 * wait its keeper takes the word, and its queue decides, until nobody wants the lock any more. So no one is passed over.
 *
 * Source: the two paths of a futex (Franke, Russell, Kirkwood, Fuss, futexes and furwocks, OLS 2002), with the keeper as the kernel.
 */
export class LockWord {
  readonly memory: SharedArrayBuffer
  readonly #word: Int32Array

  constructor(memory = new SharedArrayBuffer(4)) {
    this.memory = memory
    this.#word = new Int32Array(memory)
  }

  /** Takes the lock for a rank, if nobody has it. */
  take(rank: number): boolean {
    return Atomics.compareExchange(this.#word, 0, FREE, rank + 1) === FREE
  }

  /** Gives back what `take` has taken; false where the keeper has to be told. */
  giveBack(rank: number): boolean {
    return Atomics.compareExchange(this.#word, 0, rank + 1, FREE) === rank + 1
  }

  /** Whether a rank has it that has taken it itself. */
  isOf(rank: number): boolean {
    return Atomics.load(this.#word, 0) === rank + 1
  }

  /** From now on the keeper decides; the rank that had taken it itself, if one had. */
  keep(): number | undefined {
    const before = Atomics.exchange(this.#word, 0, KEPT)
    return before === FREE || before === KEPT ? undefined : before - 1
  }

  /** The keeper decides no more, for nobody wants it. */
  letGo(): void {
    Atomics.compareExchange(this.#word, 0, KEPT, FREE)
  }
}
