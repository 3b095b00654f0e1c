import type { Process } from '../../progress/job-services.js'
import type { FabricSeat } from '../../runtime/rank-protocol.js'
import type { Certificate } from '../../transport/websocket/connection.js'
import type { Address } from '../../transport/websocket/dial.js'
import type { Gone } from './host.js'

/** What joins two groups of ranks, as one of the processes that have some of them is told of it. */
export interface FabricPlan {
  fabric: number
  /** Who each rank is. */
  processes: readonly Process[]
  /** Ranks of the first group. */
  first: number
  /** Those here, and what this process knows each by. */
  ranks: readonly { rank: number; local: number }[]
  /** Those that are no more. */
  gone: readonly number[]
  /** Where others are in other processes. */
  links?: FabricLinksPlan | undefined
}

/** How the processes of a fabric are joined: each is a host of it, with links of its own. */
export interface FabricLinksPlan {
  /** The number of this one, and that of each rank's. */
  here: number
  hosts: readonly number[]
  /** 32 bytes, in base64url, of this fabric alone. */
  token: string
  /** A word for this fabric. */
  name: string
  /** Where to listen, where that is for the coordinator to say, and how others reach that. */
  listen?: { address: string; reach: readonly string[] } | undefined
  /** What this process listens with, where the links are encrypted. Of another job it has one of that job's own: keys stay at home. */
  certificate?: Certificate | undefined
  isEncrypted: boolean
  reconnectMs: number
  startMs: number
}

export type ToSite =
  | { type: 'plan'; plan: FabricPlan }
  /** Where each process listens: the one with the larger number dials. */
  | { type: 'addresses'; fabric: number; addresses: readonly (readonly Address[])[] }
  /** Gives a rank its place. */
  | { type: 'seat'; fabric: number; rank: number; more: SeatSetting }
  /** A rank elsewhere is no more, and all that it has sent has come. */
  | { type: 'gone'; fabric: number; rank: number; how: Gone }
  /** Nobody uses it any more. `isLeft`: all of its ranks have closed it, and nothing of it is under way. */
  | { type: 'close'; fabric: number; isLeft: boolean }

export type FromSite =
  | { type: 'listening'; fabric: number; here: number; addresses: readonly Address[] }
  /** A rank here has ended, and all that it has sent to others has come. */
  | { type: 'drained'; fabric: number; rank: number; how: Gone }

export type SeatSetting = Pick<FabricSeat, 'crowded' | 'isParent' | 'port'>
