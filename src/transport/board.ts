/**
 * A board: memory in which each rank of a communicator posts a small note for a collective call, and reads those of all others. A rank has
 * room for some notes, so that calls may be under way side by side; a note's place is used again when all have read it.
 */
export interface Board {
  /** This rank, of those that share it. */
  readonly rank: number
  /** How many they are. */
  readonly size: number
  /** Its memory. */
  readonly bytes: Uint8Array

  /** Whether there is room for this rank's note of a call. */
  hasRoom(sequence: number): boolean
  /** Where the data of a note begins in `bytes`; a multiple of 8. There is room for `NOTE_DATA` bytes. */
  placeOf(rank: number, sequence: number): number
  /** The data of a note that is one number. */
  number(rank: number, sequence: number): number
  /** Writes a number as the data of this rank's note. */
  setNumber(sequence: number, value: number): void
  /** Posts this rank's note, whose data is written already: what was called, on how much, and how long the data is. */
  post(sequence: number, hash: number, shape: number, length: number): void

  /** Whether a rank has posted its note of a call. */
  has(rank: number, sequence: number): boolean
  /** The first rank from one on whose note is not there; -1 where all are. */
  missing(sequence: number, from: number): number
  /** Whether a rank's note is of the same call as this rank's. */
  agrees(rank: number, sequence: number): boolean
  /** How long the data of a note is, as its rank has said. */
  lengthOf(rank: number, sequence: number): number

  /** This rank's stage, which its calls on all boards share. */
  readonly stage: Stage
  /** Where a rank's stage begins in `bytes`: `STAGE_BYTES`, a multiple of 8. */
  stageOf(rank: number): number
  /**
   * Says what memory this rank lays, before its note of the call is posted. True where the others read it where it is: they see it, and it
   * is `still` until the call is over. Else it has to be laid on the stage.
   */
  lay(sequence: number, memory: Place, still: boolean): boolean
  /** Where a rank has laid its memory; `undefined` where that is on its stage. */
  placeLaid(rank: number, sequence: number): Place | undefined
  /** In which half of its stage a rank has laid the first part of what it exchanges, if not in place. */
  halfLaid(rank: number, sequence: number): number
  /** Of how many bytes a rank has laid memory. */
  sizeLaid(rank: number, sequence: number): number
  /** Says that this rank has done a step of a call for which it has the stage. */
  pass(sequence: number, step: number): void
  /** The first rank from one on that has not done a step; -1 where all have. */
  behind(sequence: number, step: number, from: number): number
  /** Whether no rank reads anything of a call any more. */
  isRead(sequence: number): boolean

  /** From now on the transport looks whether the call can go on, at each poll. */
  wait(reader: BoardReader): void
  /** The call needs no note any more. */
  read(reader: BoardReader): void
}

/** What a note can hold: no power of two with its header, or the notes of all would meet in a few lines of the cache. */
export const NOTE_DATA = 8280

/** What all notes of a call hold together where they are worth it: each rank reads them all. */
const CALL_DATA = 2 ** 14

/** What the note of one of so many ranks holds at most. */
export const noteData = (size: number): number => Math.min(NOTE_DATA, CALL_DATA / size)

/** A run of memory. */
export interface Place {
  /** What it is part of. */
  readonly buffer: ArrayBufferLike
  /** Its first byte in that. */
  readonly byteOffset: number
  /** How many it has. */
  readonly byteLength: number
}

/** A stage is for what ranks combine first, then for what they exchange. */
export const COMBINED_BYTES = 3 * 2 ** 19
export const EXCHANGED_BYTES = 2 ** 21
/** What a rank lets the others read step by step, where it is too much for a note. */
export const STAGE_BYTES = COMBINED_BYTES + EXCHANGED_BYTES

/** A rank's stage is had by one call at a time, of whatever communicator. */
export interface Stage {
  /** A call asks for it. `free`: it has it now; `busy`: another has it; `read`: others may still read what the last one has left. */
  take(board: Board, sequence: number): 'free' | 'busy' | 'read'
  /** In which half the next call begins that exchanges: others may still read what was laid last, in the other. */
  half: number
  /** The call needs it no more. `whole`: it has gone through all its steps, so the next call on the board may use it at once. */
  give(whole: boolean): void
  /** The call goes by messages, so nobody reads what it has laid. */
  takeBack(): void
}

/** A call that waits for the notes of others. */
export interface BoardReader {
  /** In the order of calls. */
  readonly sequence: number
  /** Goes on if it can; true when it waits no more. */
  look(): boolean
  /** The rank is about to sleep. */
  beforeSleep(): void
}

/**
 * The boards of a host, for the communicators whose ranks are all there. One is for the calls of a communicator in their order; persistent
 * calls, which are started in any order, have one each, by their number among the calls.
 */
export interface Boards {
  /** That of a communicator, by its id and members, or of one of its persistent calls; `undefined` while it has none. */
  open(id: number, members: readonly number[], call?: number): Board | undefined
  /** This rank has no use for it any more, but for what waits on it. */
  leave(id: number, members: readonly number[], call?: number): void
}
