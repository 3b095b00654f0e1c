/**
 * The memory that the ranks of a host share: one inbox a rank, and the state of every rank.
 *
 * An inbox is a line of flags, then a lane's counters for every source, then a ring of bytes for every source. Counters that different
 * threads write stand 128 bytes apart, so that no write takes a cache line from somebody who writes another.
 */
import { LOG_BYTES } from '../../diagnostics/flight-recorder.js'
import { sharedBuffer } from '../../memory/shared-buffer.js'
import { ASLEEP, wake } from './bell.js'
import { allocateBoards, boardsBytes, callsDone, clearBoards } from './board-memory.js'
import { FILE_HEADER, isMapped, type MappedPart, type MemoryRef, open } from './mapped-memory.js'

export interface HostMemory {
  /**
   * By rank. A rank of another host has one as well: the router reads it. Where that host is another process of this machine and they share
   * memory, it is that rank's own.
   */
  inboxes: MemoryRef[]
  states: SharedArrayBuffer
  /** By rank, where each sleeps: its inbox, unless its thread has another, of its own world. Of ranks of this process only. */
  bells?: readonly MemoryRef[] | undefined
  /** By rank: what each has done last. */
  logs: SharedArrayBuffer[]
  /** Where ranks post notes, where there are not too many of them. */
  boards?: MemoryRef | undefined
  /** Where there are several hosts. */
  others?: OtherHosts | undefined
}

export interface OtherHosts {
  /** The number of this host. */
  host: number
  /** The host of each rank. */
  hosts: readonly number[]
  /** What each host is called, by its number. */
  names?: readonly string[] | undefined
  /** Whether this host's main thread answers for ranks that compute. */
  attended?: boolean | undefined
  /** Its first word is 1 while the router sleeps. */
  bell: SharedArrayBuffer
}

const FLAGS_BYTES = 128
const LANE_BYTES = 256

/** Bytes of the ring between each two ranks: large ones let copies in and out overlap, the total stays below 16 MiB a rank. */
export const ringBytes = (size: number): number => Math.min(2 ** 21, Math.max(2 ** 17, 2 ** Math.floor(Math.log2(2 ** 24 / size))))

/** The longest segment. */
export const maxSegment = (size: number): number => Math.min(2 ** 17, ringBytes(size) >> 3)

/** What a rank of another host may have sent to one of this before it has found its place. */
export const laneBytes = (size: number): number => ringBytes(size)

export const laneWord = (source: number): number => (FLAGS_BYTES + source * LANE_BYTES) >> 2
/** Words of a lane: the writer's position; the reader's, and whether the writer waits for room, which the reader looks at as often. */
export const HEAD = 0
export const TAIL = LANE_BYTES >> 3
export const WANTED = TAIL + 1

export const ringStart = (size: number, source: number): number => FLAGS_BYTES + size * LANE_BYTES + source * ringBytes(size)
/** In the place of a ring's next segment while there is none. */
export const NONE = 0

/** Whether all segments from a source have been read, and their room given back. */
function isEmpty(inbox: Int32Array, size: number, source: number): boolean {
  const tail = Atomics.load(inbox, laneWord(source) + TAIL)
  return Atomics.load(inbox, (ringStart(size, source) + (tail & (ringBytes(size) - 1))) >> 2) === NONE
}

/** Words of `states`: how many ranks have gone so far, then the state of each. */
export const GONE_COUNT = 0
export const stateWord = (rank: number): number => 16 + rank
/** The state is in the lowest two bits; the others count how often the rank woke up. */
export const RUNNING = 0
/** Its event loop holds nothing but pending requests. */
export const IDLE = 1
export const ENDED = 2
export const FAILED = 3
export const STATE_BITS = 3
export const WAKE_UP = 4

/** What of a host's memory it shares with other processes of its machine, and where that is mapped. */
export interface Shares {
  address: bigint
  /** Ranks of this machine, each in a process of its own. */
  ranks: readonly number[]
}

/**
 * `others`: this host's number and those of each rank's, where there are several; `shares`: what is in memory that other processes see.
 * What nobody touches takes no memory.
 */
export function allocateHost(size: number, others?: Omit<OtherHosts, 'bell'>, shares?: Shares): HostMemory {
  const bytes = ringStart(size, size)
  return {
    inboxes: Array.from({ length: size }, (_, rank) => sharedInbox(size, rank, shares) ?? sharedBuffer(bytes)),
    states: new SharedArrayBuffer(stateWord(size) * 4),
    logs: Array.from({ length: size }, () => new SharedArrayBuffer(LOG_BYTES)),
    boards: others === undefined ? allocateBoards(size) : sharedBoards(size, shares),
    ...(others === undefined ? {} : { others: { ...others, bell: new SharedArrayBuffer(8) } })
  }
}

/** Makes memory as new that nobody has any more: of a ring the word of the first segment, before which nobody reads any other. */
export function clearHost({ inboxes, states, boards }: HostMemory): void {
  const size = inboxes.length
  for (const inbox of inboxes) {
    const words = new Int32Array(open(inbox))
    words.fill(0, 0, laneWord(size))
    for (let source = 0; source < size; source++) words[ringStart(size, source) >> 2] = NONE
  }
  new Int32Array(states).fill(0)
  if (boards !== undefined) clearBoards(open(boards), size)
}

const PAGE = 4096
const inPages = (bytes: number): number => Math.ceil(bytes / PAGE) * PAGE
const inboxPlace = (size: number, k: number): number => FILE_HEADER + k * inPages(ringStart(size, size))

/** The memory that so many ranks of a machine share, of a world of `size`: their inboxes, and boards where they are all. */
export const sharedBytes = (size: number, ranks: number): number =>
  inboxPlace(size, ranks) + (ranks === size ? inPages(boardsBytes(size)) : 0)

function sharedInbox(size: number, rank: number, shares: Shares | undefined): MappedPart | undefined {
  const k = shares?.ranks.indexOf(rank) ?? -1
  return k < 0 ? undefined : { address: shares!.address + BigInt(inboxPlace(size, k)), bytes: ringStart(size, size) }
}

function sharedBoards(size: number, shares: Shares | undefined): MappedPart | undefined {
  const bytes = boardsBytes(size)
  if (shares?.ranks.length !== size || bytes === 0) return undefined
  return { address: shares.address + BigInt(inboxPlace(size, size)), bytes }
}

/** Whether a rank is of another host to which a router leads. */
export const isRouted = ({ inboxes, others }: HostMemory, rank: number): boolean =>
  others !== undefined && others.hosts[rank] !== others.host && !isMapped(inboxes[rank]!)

/** Whether a router leads to any. */
export const hasRoutes = (memory: HostMemory): boolean => memory.inboxes.some((_, rank) => isRouted(memory, rank))

/** Of each rank's memory so much is counted; of more ranks than these no more. */
const FELT_BYTES = 2 ** 19
const FELT_RANKS = 64

/**
 * What is to be kept beside the memory of ranks that come and go. V8 does not count shared memory, and would let gigabytes of it lie before
 * it looks for what is not used any more; this, which nobody touches and which takes nothing, it counts.
 */
export const weightOf = (size: number): ArrayBuffer => new ArrayBuffer(FELT_BYTES * Math.min(size, FELT_RANKS))

/** Why a rank has failed: above its state. */
const REASONS = [
  'has failed',
  'has failed: its process was killed',
  'has failed: its host cannot be reached',
  'has failed: an error that nobody caught has ended it',
  'has failed: it ran out of memory'
]
export const KILLED = 1
export const UNREACHABLE = 2
export const UNCAUGHT = 3
export const OUT_OF_MEMORY = 4
/** From here on: with the status 0, 1 … */
export const WITH_STATUS = 8

export function reasonGone(state: number): string {
  if ((state & STATE_BITS) !== FAILED) return 'has ended'
  const reason = state >> 2
  return reason < WITH_STATUS ? REASONS[reason]! : `has failed: it ended with status ${reason - WITH_STATUS}`
}

/** Tells all ranks of this host that one of the world has gone; once. */
export function markGone(memory: HostMemory, rank: number, state: typeof ENDED | typeof FAILED, reason = 0): void {
  const { inboxes, states, bells = inboxes } = memory
  const words = new Int32Array(states)
  if ((Atomics.load(words, stateWord(rank)) & STATE_BITS) >= ENDED) return
  Atomics.store(words, stateWord(rank), state | (reason << 2))
  Atomics.add(words, GONE_COUNT, 1)
  for (const here of ranksHere(memory)) wake(new Int32Array(open(bells[here]!)))
}

/** Whether a rank is no more. */
export const hasGone = ({ states }: HostMemory, rank: number): boolean =>
  (Atomics.load(new Int32Array(states), stateWord(rank)) & STATE_BITS) >= ENDED

/** The ranks of this host. */
export const ranksHere = ({ inboxes, others }: HostMemory): number[] =>
  [...inboxes.keys()].filter((rank) => others === undefined || others.hosts[rank] === others.host)

/**
 * The states of this host's ranks when none of them can go on by itself: each has ended or waits, and no segment is in its rings; else
 * undefined. A rank that waits can only be woken by a segment, and would count its waking, so states that are the same before and after
 * looking at the rings prove it. On a single host nothing can ever happen again.
 */
export function restOf(memory: HostMemory): readonly number[] | undefined {
  const { inboxes, states } = memory
  const words = new Int32Array(states)
  const ranks = ranksHere(memory)
  const look = (): number[] => ranks.map((rank) => Atomics.load(words, stateWord(rank)))
  const before = look()
  if (before.some((state) => (state & STATE_BITS) === RUNNING)) return undefined
  for (const [k, dest] of ranks.entries()) {
    if ((before[k]! & STATE_BITS) !== IDLE) continue
    const lanes = new Int32Array(open(inboxes[dest]!))
    // Somebody has woken it and it has not said so yet.
    if (Atomics.load(lanes, ASLEEP) === 0) return undefined
    for (let source = 0; source < inboxes.length; source++) if (!isEmpty(lanes, inboxes.length, source)) return undefined
  }
  return look().every((state, k) => state === before[k]) ? before : undefined
}

/** Whether nothing is under way in the rings of ranks that are not gone: of a fabric, whose ranks say elsewhere whether they wait. */
export function isQuiet(memory: HostMemory): boolean {
  const { inboxes } = memory
  return inboxes.every((inbox, dest) => {
    if (hasGone(memory, dest)) return true
    const lanes = new Int32Array(open(inbox))
    return inboxes.every((_, source) => isEmpty(lanes, inboxes.length, source))
  })
}

/**
 * A number that has changed when a segment has gone from a rank of this host to one of the job, or a rank has done a call by a board: of
 * what its threads have written.
 */
export function trafficOf({ inboxes, boards }: HostMemory): number {
  let sum = 0
  for (const inbox of inboxes) {
    const lanes = new Int32Array(open(inbox))
    for (let source = 0; source < inboxes.length; source++) sum = (Math.imul(sum, 31) + Atomics.load(lanes, laneWord(source) + HEAD)) | 0
  }
  return boards === undefined ? sum : (sum + callsDone(open(boards), inboxes.length)) | 0
}

export const waits = (state: number): boolean => (state & STATE_BITS) === IDLE
