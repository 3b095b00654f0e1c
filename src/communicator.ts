import { type Channel, type ChannelOptions, OpenChannels } from './channel/channel.js'
import { Channels } from './channel/channels.js'
import { checked } from './channel/options.js'
import { PointToPoint } from './point-to-point.js'

export { CHANNELS, COLLECTIVES, CONTEXTS, CONTROL } from './contexts.js'

/** A group of ranks and contexts of its own for their messages. MPI: MPI_Comm, MPI 4.1 §7; point to point: §3. */
export class Communicator extends PointToPoint {
  readonly #open = new OpenChannels()
  #channels: Channels | undefined

  /** @internal Its streams. */
  get channels(): Channels {
    this.#channels ??= new Channels(this)
    return this.#channels
  }

  /**
   * A Subject that spans this rank and another: what one gives to `next`, `error` and `complete` the other's subscribers get; unsubscribing there unsubscribes
   * from what feeds the channel here. Both ranks call it; the n-th for a peer and tag meets the n-th there, and there is one at a time.
   *
   *     rank 0   next         a--b--c--|
   *     rank 1   subscribed   --a--b--c--|
   *
   * Shape: any data. Cost: one message a value, and one of credit for every quarter of the window.
   * Errors: RankError, TagError, ArgumentError at the call, also while there is an open channel with that peer and tag. Subscribers get RemoteError (the peer's
   * `error`), RankFailedError when the peer ends with the channel open; `next` throws DataCloneError, OverflowError, RankFailedError.
   * MPI has no such call; `WebSocketSubject` is RxJS's for a socket.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   * import { map, take, timer } from 'rxjs'
   *
   * const channel = comm.channel<number>({ peer: 1 - comm.rank })
   * if (comm.rank === 0) {
   *   timer(0, 1).subscribe(channel) // until rank 1 has enough
   *   channel.subscribe(console.log) // [0] 0 [0] 1 [0] 4
   * }
   * if (comm.rank === 1) channel.pipe(take(3), map((n) => n * n)).subscribe(channel)
   * ```
   */
  channel<T = unknown>(options: ChannelOptions): Channel<T> {
    return checked(this, () => this.#open.open<T>(this.channels, options))
  }
}
