import type { Lane, Parcel } from './lane.js'

/** What a fabric needs of the transport of each rank. */
export interface FabricPort {
  /** The lanes to this rank. */
  readonly incoming: Lane[]
  /** What has arrived before anybody was there to receive it. */
  readonly kept: Parcel[]
  /** Whether anybody is there to receive. */
  readonly attached: boolean
  deliver(parcel: Parcel): void
  /** There may be room to `dest` again. */
  again(dest: number): void
  /** Tells the receiver where there is room again; true when that gave anything. */
  turn(): boolean
}
