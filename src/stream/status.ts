/**
 * What has become of the values of a stream on its way out; `sendTo` and `broadcastTo` fill the one they are given, while they go.
 * With several subscriptions it is the last one's.
 */
export class StreamStatus {
  #followed: { readonly sent: number; readonly dropped: number; readonly buffered: number } | undefined

  /** Values that are on their way, or there. */
  get sent(): number {
    return this.#followed?.sent ?? 0
  }

  /** Values that the overflow policy has dropped. */
  get dropped(): number {
    return this.#followed?.dropped ?? 0
  }

  /** Values that wait for credit. */
  get buffered(): number {
    return this.#followed?.buffered ?? 0
  }

  /** @internal */
  follow(counts: { readonly sent: number; readonly dropped: number; readonly buffered: number }): void {
    this.#followed = counts
  }
}
