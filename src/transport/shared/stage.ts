import { type Board, STAGE_BYTES, type Stage } from '../board.js'

/**
 * The stages of a host's ranks, one behind the other: before each a line in which its rank says what memory of the others it knows.
 */
const LINE_BYTES = 128
const stageBytes = LINE_BYTES + STAGE_BYTES

/** What the stages of so many ranks take. */
export const stagesBytes = (size: number): number => size * stageBytes

/** Where a rank's stage begins, behind the line. */
export const stageAt = (rank: number): number => rank * stageBytes + LINE_BYTES

/** The word in which a rank says up to which number it knows the memory that a source shows. */
export const knownWord = (rank: number, source: number): number => ((rank * stageBytes) >> 2) + source

/** Says of no rank that it knows anything. */
export function clearStages(words: Int32Array, size: number): void {
  for (let rank = 0; rank < size; rank++) words.fill(0, knownWord(rank, 0), knownWord(rank, size))
}

/** A call that has the stage, or has had it. */
interface Use {
  readonly board: Board
  readonly sequence: number
  /** In which half the call could begin. */
  readonly half: number
  /** It has gone through all its steps. */
  isWhole: boolean
}

/** A rank's stage: who has it, and who has had it last. */
export class HostStage implements Stage {
  #now: Use | undefined
  #last: Use | undefined
  half = 0

  take(board: Board, sequence: number): 'free' | 'busy' | 'read' {
    if (this.#now !== undefined) return 'busy'
    const last = this.#last
    // The next call of the same ranks has its first step done by all when they read no more of the one before.
    const follows = last === undefined || (last.isWhole && board === last.board)
    if (!follows && !last.board.isRead(last.sequence)) return 'read'
    this.#now = { board, sequence, half: this.half, isWhole: false }
    return 'free'
  }

  give(whole: boolean): void {
    this.#last = this.#now
    if (this.#last !== undefined) this.#last.isWhole = whole
    this.#now = undefined
  }

  takeBack(): void {
    if (this.#now !== undefined) this.half = this.#now.half
    this.#now = undefined
  }
}
