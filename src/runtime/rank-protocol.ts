/**
 * What the host's main thread and its ranks say to each other, over `parentPort`. The launcher's side is `job.ts`, a rank's is `rank.ts`.
 */
import type { MessagePort } from 'node:worker_threads'
import type { FromJob, JobSeat, ToJob } from '../job/messages.js'
import type { Process } from '../progress/job-services.js'
import type { RankProfile } from '../trace/call-profile.js'
import type { TraceChunk } from '../trace/rows.js'
import type { GoneState, RouterState } from '../transport/router/base-router.js'
import type { HostMemory } from '../transport/shared/host-memory.js'
import type { Certificate } from '../transport/websocket/connection.js'
import type { Address } from '../transport/websocket/dial.js'
import type { Check } from './check-policy.js'
import type { ErrorRecord } from './error-record.js'
import type { Leftovers } from './leftovers-policy.js'
import type { Observation, ObservedCall } from './observation.js'

/** `workerData` of a rank: who it is, the memory it shares with the other ranks of its host, and its terminal. */
export interface RankData {
  rxmpi: Seat
  launch: Setting
}

/** With the memory that `allocateHost` has made. */
export interface Seat extends HostMemory {
  rank: number
  size: number
  /** There are more threads than cores. */
  crowded: boolean
  /** Of a world that was not there from the start. */
  world?: WorldNumber | undefined
}

/** A world of a job: the how-many-th it is, and which process its rank 0 is. */
export interface WorldNumber {
  number: number
  base: number
}

/** What a rank is called beyond its world: '2', or '1.0' in a world that was not there from the start. */
export const titleOf = (rank: number, world: WorldNumber | undefined): string =>
  world === undefined ? `${rank}` : `${world.number}.${rank}`

/** A rank's place in what joins two groups of ranks: those of the first come first. */
export interface FabricSeat extends JobSeat {
  memory: HostMemory
  /** The memory has been that of another fabric. */
  isReused: boolean
  rank: number
  /** Ranks of the first group: of those who have spawned, or accepted. */
  first: number
  /** Who each rank is. */
  processes: readonly Process[]
  crowded: boolean
}

/** What of a rank is profiled: where its time goes, where what it holds at its end was allocated. */
export type ProfileKind = 'cpu' | 'heap'

/** Where a debugger may attach. */
export interface Inspection {
  /** Rank 0's; that of each other follows by its rank. */
  port: number
  /** The program begins when a debugger is there. */
  waits: boolean
  /** This rank only, at that port. */
  only?: number | undefined
}

export interface Setting {
  inspection?: Inspection | undefined
  /** What is written to a file at the rank's end. */
  profiles: readonly ProfileKind[]
  /** Whether anybody wants the program's default export. */
  wantsResult: boolean
  /** One word a rank: the bytes of output that it has posted and nobody has written yet. */
  unwritten: SharedArrayBuffer
  /** What becomes of what a rank has left over at its end. */
  leftovers: Leftovers
  /** Where nothing is said, the rank's environment does. */
  check?: Check | undefined
  /** What it sends, receives and calls is to be told. */
  trace?: boolean
  /** Where its time goes is to be told at its end, by its calls. */
  callProfile?: boolean
  /** Whether reports of errors may be coloured. */
  colors: boolean
  /** What standard output and standard error are connected to, where a rank may draw on them. */
  terminals: { 1?: Terminal | undefined; 2?: Terminal | undefined }
  /** Where rank 0 asks for standard input. */
  input?: MessagePort | undefined
  inputIsTerminal?: boolean
  /** Of a rank that is alone in its process. */
  link?: LinkSetup | undefined
}

/** What the links of a rank in its own thread need. */
export interface LinkSetup {
  host: number
  /** Ranks in the job. */
  size: number
  job: string
  token: string
  /** Which process this is. */
  instance: string
  reconnectMs: number
  /** Where to listen. */
  address: string
  certificate: Certificate | undefined
}

export type LinkOrder =
  | { what: 'dial'; host: number; addresses: readonly Address[] }
  /** Its host was out of reach for a moment: a connection anew works sooner. `before` an epoch: unless there is one that is as new. */
  | { what: 'cut'; host: number; before?: number }
  | { what: 'fail'; host: number; reason: string }
  /** As `Routes.gone`. */
  | { what: 'gone'; rank: number; state: GoneState; reason: number }
  | { what: 'look'; id: number }

export type LinkNews =
  | { what: 'listening'; port: number }
  | { what: 'wanted'; host: number }
  | { what: 'unreachable'; host: number; reason: string }
  | { what: 'looked'; id: number; settled: boolean; sent: number; received: number }
  /** The main thread is to go on. */
  | { what: 'moved'; state: RouterState }
  /** It has ended with nothing under way. */
  | { what: 'left'; sent: number; received: number }

export interface Terminal {
  columns: number
  rows: number
  colorDepth: number
}

/** `workerData` of the worker beside a program that plain node runs. */
export interface StandaloneData {
  rank: number
  size: number
  /** Absent where the main thread waits for it: it may be shared with other processes. */
  memory: HostMemory | undefined
  /** No launcher has started it: it is a world of one, with a job of its own. */
  isAlone: boolean
  leftovers: Leftovers
  words: Int32Array
  port: MessagePort
}

/** Signals that ask a rank to finish, and their numbers. */
export const DRAIN_SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const
export type DrainSignal = keyof typeof DRAIN_SIGNALS

/** Why what waits is given up. */
export type EndReason = 'deadlock' | 'timeout'
/** Why it is to be said; to look changes nothing. */
export type ReportReason = EndReason | 'look'

export type ToRank =
  /** The program, transpiled: import `url`, and be `argv[1] = path`. */
  | { type: 'program'; url: string; path: string }
  /** The memory of a rank that has waited for it. */
  | { type: 'seat'; memory: HostMemory }
  /** End: the job has. For a rank that is no thread, which can be ended from outside. */
  | { type: 'end' }
  | { type: 'signal'; signal: DrainSignal }
  /** A rank's end of a line for buffers moved without copying; `fabric`: not of its own world. */
  | { type: 'line'; from: number; port: unknown; fabric?: number | undefined }
  | { type: 'link'; order: LinkOrder }
  | FromJob<FabricSeat>
  /** The main thread answers for it from now on, in this context. */
  | { type: 'attended'; context: number }
  /** Say what you wait for, for a report: as the end of it, or to go on. */
  | { type: 'report'; reason: ReportReason }
  /** Say what you do, for those who look on. */
  | { type: 'observe' }
  /** What every rank waits for, after a `report`: what waits fails with that. */
  | { type: 'reported'; reason: EndReason; text: string }

export type FromRank =
  | { type: 'output'; fd: 1 | 2; chunk: string | Uint8Array; bytes: number }
  | { type: 'result'; value: unknown }
  /** What it has done, for a trace. */
  | { type: 'trace'; chunk: TraceChunk }
  /** Where its time has gone, at its end. */
  | { type: 'profile'; profile: RankProfile }
  /** An error that nobody caught: the rank is about to end. */
  | { type: 'failed'; error: ErrorRecord }
  /** It is about to end, for nothing can settle what its program awaits at top level; `at`: its lines, as far as they are known. */
  | { type: 'stalled'; at: string[] }
  /** `comm.abort`: end every rank. */
  | { type: 'abort'; code: number; reason?: string | undefined }
  | { type: 'line'; to: number; port: unknown; fabric?: number | undefined }
  | { type: 'link'; news: LinkNews }
  /** What others ask of it in a context is to be answered in its place; or no longer. */
  | { type: 'attend'; context: number; about: unknown; memory: readonly SharedArrayBuffer[] }
  | { type: 'unattend'; context: number }
  /** The program has imported rxmpi: of a rank that was spawned. */
  | { type: 'started' }
  | ToJob
  /** It has seen to so many more of the messages about what joins it with others. */
  | { type: 'heard'; messages: number }
  /** Both groups of a fabric have closed it. `hasLeft`: this rank neither reads nor writes its memory any more. */
  | { type: 'closed'; fabric: number; hasLeft: boolean }
  /** The rank's event loop holds nothing but pending requests. */
  | { type: 'idle' }
  /** A rank that is no thread is about to end. */
  | { type: 'ended'; status: number }
  /** The process of a rank that is no thread was told to end. */
  | { type: 'signalled'; signal: DrainSignal }
  /** `waiting`: how many calls, beside those that may wait for ever; `calls`: where that is the end of them, for those who look on. */
  | { type: 'waits'; reason: ReportReason; lines: string[]; waiting: number; calls: ObservedCall[] }
  /** What it does. */
  | { type: 'observed'; observation: Observation }
  /** A file that is to go with the rank, however that ends; or no longer. */
  | { type: 'temporary'; path: string; isTemporary: boolean }

/** Over the port for standard input. */
export type ToInput = { type: 'want' } | { type: 'raw'; mode: boolean }
export type FromInput = { type: 'chunk'; chunk: Uint8Array } | { type: 'end' } | { type: 'error'; message: string }
