import type { Ragged } from './call.js'

/**
 * How the ranks of a collective find out, without a leader, where their streams end. A rank says one thing of its own stream: that it has
 * ended or failed after so many values, or, where another's is over before, that it goes on. The end is worked out from the words of all
 * ranks, so it is the same on all of them.
 *
 * As long as all say the same, words go round in a dissemination: after ⌈log₂ p⌉ latencies every rank has those of all. A rank that hears
 * anything else tells its own word to everyone, and so does everyone who is told: nobody depends any more on what others pass on. Source:
 * Hensgen, Finkel, Manber, IJPP 17(1), 1988.
 */

/** What a rank says of its stream. */
export interface Word {
  readonly kind: typeof ENDED | typeof GOES_ON | typeof FAILED
  /** Values before its end, or so far. */
  readonly count: number
}

export const ENDED = 0
/** It has given so many values, as many as it takes to know that another's stream is the shorter one. */
export const GOES_ON = 1
/** There is an error in the place after so many values. */
export const FAILED = 2

export const COMPLETE = 0
export const RAGGED = 1

/** The end of a collective: after so many rounds it is complete, or the streams are not equally long, or fails as this rank has. */
export interface End {
  readonly rounds: number
  readonly how: typeof COMPLETE | typeof RAGGED | { readonly failed: number }
}

/** What is to be said to others. */
export interface Speaker {
  /** So many ranks up to this one, two to the power of `step`, have ended after `count` values. */
  passOn(to: number, step: number, count: number): void
  /** This rank's word, to everyone. `single`: some rank has called the method, so that there is one value. */
  tell(word: Word, single: boolean): void
}

export class Termination {
  readonly #rank: number
  readonly #size: number
  readonly #ragged: Ragged
  /** The ranks whose streams count, where those of others do not. */
  readonly #givers: ReadonlySet<number> | undefined
  /** How many streams count. */
  readonly #counting: number
  readonly #speaker: Speaker
  readonly #words: (Word | undefined)[]
  #known = 0
  /** The ends and errors that come first, of those that are known. */
  #ended = Number.POSITIVE_INFINITY
  #failed = Number.POSITIVE_INFINITY
  /** Steps of the dissemination that are out. */
  #step = 0
  /** Not all say the same. */
  #irregular = false
  #hasTold = false
  #single = false

  constructor(rank: number, size: number, ragged: Ragged, givers: readonly number[] | undefined, speaker: Speaker) {
    this.#rank = rank
    this.#size = size
    this.#ragged = ragged
    this.#givers = givers && new Set(givers)
    this.#counting = givers?.length ?? size
    this.#speaker = speaker
    this.#words = new Array(size).fill(undefined)
  }

  /** What this rank has said. */
  get own(): Word | undefined {
    return this.#words[this.#rank]
  }

  /** This rank's stream has ended, with all that belongs to it under way. */
  end(count: number): void {
    if (this.own === undefined) this.#say({ kind: ENDED, count })
  }

  /** There is an error of this rank's. What it has said before about a later place does not count any more. */
  fail(count: number): void {
    if (this.canFail(count)) this.#say({ kind: FAILED, count })
  }

  /**
   * Whether an error in that place changes anything: it does not behind another, and where this rank has said that it goes on so far, since
   * others end before.
   */
  canFail(count: number): boolean {
    const { own } = this
    return own === undefined || own.kind === ENDED || count < own.count
  }

  /** This rank's stream goes on. */
  given(count: number): void {
    if (this.own !== undefined || this.#isAlone || this.#follows) return
    const isLonger = this.#ragged === 'truncate' ? count >= this.#ended : this.#ragged === 'error' && count > this.#ended
    if (isLonger || count >= this.#failed) this.#say({ kind: GOES_ON, count })
  }

  /** Another rank passes on that `2 ** step` ranks up to itself have ended after so many values. */
  hearPassedOn(from: number, step: number, count: number): void {
    for (let k = 0; k < 2 ** step; k++) this.#learn((from - k + this.#size) % this.#size, { kind: ENDED, count })
    this.#goOn()
  }

  /** Another rank tells its word. */
  hear(from: number, word: Word): void {
    this.#irregular = true
    this.#learn(from, word)
    this.#goOn()
  }

  /**
   * For another rank the collective is over, and it has told no word: all said the same, so it has said what this one has. It passes
   * nothing on.
   */
  hearOver(from: number): void {
    const { own } = this
    if (own === undefined) return
    this.#irregular = true
    this.#learn(from, { kind: ENDED, count: own.count })
    this.#goOn()
  }

  /**
   * Some rank has called the method: its stream is of one value, it has its result without a word, and may be gone. `isTold`: a rank has
   * said so that has heard it from that one, and to everyone.
   */
  hearSingle(isTold: boolean): void {
    if (this.#single) return
    this.#single = true
    this.#ended = Math.min(this.#ended, 1)
    this.#irregular = true
    this.#hasTold = isTold && this.#follows
    this.#goOn()
  }

  /** The end, as soon as enough is known. `common`: rounds for which every rank surely has given its value. */
  endFrom(common: number): End | undefined {
    if (this.#failed <= common) return this.#failure()
    if (this.#single) return this.#endOfSingle()
    const isAlone = this.#isAlone
    if (this.#known < this.#counting) return undefined
    if (this.#failed < Number.POSITIVE_INFINITY && (this.#failed <= this.#ended || (this.#ragged === 'rest' && !isAlone)))
      return this.#failure()
    if (isAlone || this.#ragged === 'truncate') return { rounds: this.#ended, how: COMPLETE }
    const most = Math.max(...this.#words.map((word, rank) => (word !== undefined && this.#counts(rank) ? word.count : 0)))
    if (this.#ragged === 'rest') return { rounds: most, how: COMPLETE }
    return { rounds: this.#ended, how: most === this.#ended ? COMPLETE : RAGGED }
  }

  /** The ranks without whose word nothing goes on. */
  get awaited(): readonly number[] {
    if (this.own === undefined || this.#single) return nobody
    if (this.#isAlone || this.#known === this.#counting) return nobody
    if (!this.#irregular && this.#givers === undefined) return [(this.#rank + this.#size - 2 ** (this.#step - 1)) % this.#size]
    return this.#words.flatMap((word, rank) => (word === undefined && this.#counts(rank) ? [rank] : []))
  }

  /** By rank, as far as they are known. */
  get words(): readonly (Word | undefined)[] {
    return this.#words
  }

  #say(word: Word): void {
    this.#hasTold = false
    this.#learn(this.#rank, word)
    this.#goOn()
  }

  #learn(rank: number, word: Word): void {
    const known = this.#words[rank]
    if (known !== undefined && (word.kind !== FAILED || (known.kind === FAILED && known.count <= word.count))) return
    const counts = this.#counts(rank)
    if (known === undefined && counts) this.#known++
    if (word.kind !== ENDED || (this.#ended !== word.count && this.#known > 1)) this.#irregular = true
    this.#words[rank] = word
    if (word.kind === ENDED && counts) this.#ended = Math.min(this.#ended, word.count)
    else if (word.kind === FAILED) this.#failed = Math.min(this.#failed, word.count)
  }

  /** Its own stream does not count. */
  get #follows(): boolean {
    return !this.#counts(this.#rank)
  }

  #counts(rank: number): boolean {
    return this.#givers === undefined || this.#givers.has(rank)
  }

  /** One stream alone counts. */
  get #isAlone(): boolean {
    return this.#givers !== undefined && this.#counting === 1
  }

  /** Says what there is to be said now. */
  #goOn(): void {
    const own = this.own ?? (this.#single && this.#follows ? nothing : undefined)
    if (own === undefined) return
    if (this.#irregular || this.#givers !== undefined) {
      if (!this.#hasTold) {
        this.#hasTold = true
        this.#speaker.tell(own, this.#single)
      }
      return
    }
    while (2 ** this.#step < this.#size && this.#knows(2 ** this.#step)) {
      const step = this.#step++
      this.#speaker.passOn((this.#rank + 2 ** step) % this.#size, step, own.count)
    }
  }

  /** Whether the words of so many ranks up to this one are known. */
  #knows(ranks: number): boolean {
    for (let k = 0; k < ranks; k++) if (this.#words[(this.#rank - k + this.#size) % this.#size] === undefined) return false
    return true
  }

  /** Its own error, or that of the lowest rank. */
  #failure(): End {
    const isFirst = (word: Word | undefined): boolean => word?.kind === FAILED && word.count === this.#failed
    const failed = isFirst(this.own) ? this.#rank : this.#words.findIndex(isFirst)
    return { rounds: this.#failed, how: { failed } }
  }

  /** Who has called the method does not wait for words, so there are none of all. */
  #endOfSingle(): End | undefined {
    const { own } = this
    if (this.#follows) return { rounds: 1, how: COMPLETE }
    if (own === undefined) return undefined
    if (own.kind === FAILED && own.count <= 1) return this.#failure()
    return { rounds: Math.min(own.count, 1), how: own.kind === ENDED && own.count === 1 ? COMPLETE : RAGGED }
  }
}

const nobody: readonly number[] = []
/** The word of a rank that has nothing to say of its own stream. */
const nothing: Word = { kind: GOES_ON, count: 0 }
