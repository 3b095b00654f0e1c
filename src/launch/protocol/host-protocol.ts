import { deserialize, serialize } from 'node:v8'
import type { Log } from '../../diagnostics/flight-recorder.js'
import { ProtocolError, type RxmpiError } from '../../errors.js'
import type { ErrorRecord } from '../../runtime/error-record.js'
import type { DrainSignal, FromInput, FromRank, Setting, ToInput, ToRank, WorldNumber } from '../../runtime/rank-protocol.js'
import type { MemoryFile } from '../../transport/shared/mapped-memory.js'
import type { Certificate } from '../../transport/websocket/connection.js'
import type { HostLink, HostLinkUser } from '../../transport/websocket/host-link.js'
import { HEADER, MAX_FRAME, newFrame } from '../../transport/websocket/wire.js'
import type { Gone, Rest } from './host.js'
import type { FromSite, ToSite } from './site-protocol.js'

/** What the launcher and the process of a host say to each other, over a link of their own. */
export type ToHost =
  /** Before the setup: try to map this. */
  | { type: 'reach'; shared: SharedMemory }
  | { type: 'setup'; setup: HostSetup }
  /** Where every host listens, by its number. */
  | { type: 'addresses'; addresses: HostAddress[] }
  /** Dial this host: it has something for you. */
  | { type: 'dial'; host: number }
  | { type: 'load'; url: string | undefined; path: string }
  | { type: 'rank'; rank: number; message: ToRank }
  | { type: 'written'; rank: number; bytes: number }
  | { type: 'input'; message: FromInput }
  | { type: 'gone'; rank: number; how: Gone }
  /** Of fabrics that its ranks are in. */
  | { type: 'site'; message: ToSite }
  | { type: 'ask'; id: number; question: Question }
  | { type: 'terminate' }
  | { type: 'close'; status: number }

export type FromHost =
  | { type: 'listening'; address: HostAddress; process: string }
  | { type: 'reached'; isThere: boolean }
  | { type: 'wanted'; host: number }
  | { type: 'rank'; rank: number; message: FromRank }
  | { type: 'asked'; message: ToInput }
  | { type: 'ended'; rank: number; status: number; fatal: string | undefined }
  | { type: 'drained'; rank: number; how: Gone }
  | { type: 'site'; news: FromSite }
  | { type: 'answer'; id: number; answer: unknown }
  /** Its process was told to end by whoever has started it. */
  | { type: 'signalled'; signal: DrainSignal }
  | { type: 'broken'; text: string; error?: ErrorRecord | undefined }

/** What the launcher may ask the process of a host, as it would ask threads of its own. */
export type Question =
  | { what: 'rest' }
  | { what: 'traffic' }
  | { what: 'stack'; rank: number }
  | { what: 'log'; rank: number; last: number }

/** The answers to them. */
export interface Answers {
  rest: Rest | undefined
  traffic: number
  stack: readonly string[] | undefined
  log: Log | undefined
}

export interface HostAddress {
  host: string
  port: number
  /**
   * Where each host has one rank: the ports of that rank's own links, first in its thread, then, if they had to move, in the main thread.
   */
  data?: readonly number[]
}

export interface HostSetup {
  /** The host of each rank. */
  hosts: number[]
  /** What the hosts are called, where they have names. */
  hostNames?: readonly string[] | undefined
  /** Each host has a single rank, whose links are in its own thread. */
  resident: boolean
  /** Threads of the job on that machine. */
  threads: number
  /** The memory that it has been told to reach is shared: all have. */
  shares: boolean
  /** That of the job, where links are encrypted. */
  certificate?: Certificate | undefined
  args: readonly string[]
  /** Instead of the host's own environment where the launcher's is given, else changes to it. */
  env: { all?: NodeJS.ProcessEnv; changes?: Record<string, string | undefined> }
  cwd: string | undefined
  /** Who writes the output of its ranks: the launcher, or the host itself. */
  output: 'launcher' | { prefix: boolean }
  /** Of ranks that were not there from the start. */
  world?: WorldNumber | undefined
  setting: Pick<
    Setting,
    'wantsResult' | 'leftovers' | 'check' | 'trace' | 'callProfile' | 'profiles' | 'inspection' | 'colors' | 'terminals' | 'inputIsTerminal'
  >
}

/** Memory that ranks of a machine are to share, each in a process of its own, and which those are. */
export interface SharedMemory {
  file: MemoryFile
  ranks: readonly number[]
}

/** Where the launcher is, and how to be let in. */
export interface Card {
  job: string
  /** 32 bytes, in base64url. */
  token: string
  /** Where it listens: any of these. */
  addresses: string[]
  port: number
  /** Where links are encrypted, the fingerprint of its certificate; empty where that is not known. */
  tls?: string | undefined
}

/** What the process of a host must know: the first line that it reads. */
export interface Rendezvous extends Card {
  host: number
  /** Ranks in the job. */
  size: number
  /** The host was started by ssh, which tells it the launcher's address as seen from there. */
  bySsh: boolean
  reconnectMs: number
  /** How long the launcher may take to be there. */
  startMs: number
}

/** The launcher's number among the hosts. */
export const LAUNCHER = -1

const MORE = 1
const LAST = 0
/** The flag that says whether more of a message follows takes 8 bytes, so that what follows is aligned. */
const FLAG_BYTES = 8
const SHARE = MAX_FRAME - HEADER - FLAG_BYTES

/** Messages of any length over a link, in order. */
export class Control<Out, In> implements HostLinkUser {
  readonly #peer: HostLink
  readonly #receive: (message: In) => void
  readonly #failed: (reason: string, error?: RxmpiError) => void
  readonly #waiting: Uint8Array[] = []
  readonly #most: number
  #parts: Uint8Array[] = []
  #bytes = 0

  /** `most`: the bytes that a message may have. */
  constructor(
    peer: HostLink,
    receive: (message: In) => void,
    failed: (reason: string, error?: RxmpiError) => void,
    most = Number.POSITIVE_INFINITY
  ) {
    this.#peer = peer
    this.#most = most
    this.#receive = receive
    this.#failed = failed
    peer.user = this
  }

  send(message: Out): void {
    const bytes = serialize(message)
    for (let at = 0; at === 0 || at < bytes.length; at += SHARE) {
      const share = bytes.subarray(at, at + SHARE)
      const frame = newFrame(HEADER + FLAG_BYTES + share.length)
      frame[HEADER] = at + SHARE < bytes.length ? MORE : LAST
      frame.set(share, HEADER + FLAG_BYTES)
      this.#waiting.push(frame)
    }
    this.ready()
  }

  ready(): void {
    while (this.#waiting.length > 0 && this.#peer.room) this.#peer.send(this.#waiting.shift()!)
  }

  payload(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    if (this.#bytes > this.#most) throw new ProtocolError(`a message of more than ${this.#most} bytes came`)
    this.#parts.push(bytes.slice(FLAG_BYTES))
    if (bytes[0] === MORE) return
    this.#bytes = 0
    const whole = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    this.#parts = []
    this.#receive(deserialize(whole))
  }

  failed(reason: string, error?: RxmpiError): void {
    this.#failed(reason, error)
  }
}
