import type { CommunicatorCore } from '../core/communicator-core.js'
import { CHANNELS } from '../progress/context-ids.js'
import type { Waiting } from '../progress/incoming.js'
import { goneError } from '../progress/rank-failure.js'
import { Outgoing, type Owner, type SendQueue } from '../progress/send-queue.js'
import type { Transport } from '../transport/transport.js'

/** What the streams of a communicator know of it: where their frames go, and what stands in the way. */
export class StreamPort {
  readonly comm: CommunicatorCore
  readonly transport: Transport
  /** The context of their frames. */
  readonly context: number

  constructor(comm: CommunicatorCore) {
    this.comm = comm
    this.transport = comm.endpoint.transport
    this.context = comm.id + CHANNELS
  }

  /** Why nothing can come from a peer or go to it any more. */
  obstacle(peer: number): Error | undefined {
    const reason = this.comm.endpoint.whyGone(peer)
    return reason === undefined ? this.comm.obstacle : goneError(this.comm.rankOf(peer), reason)
  }

  seek(peer: number): void {
    this.comm.endpoint.seek(peer)
  }

  link(peer: number): SendQueue {
    return this.comm.endpoint.link(peer)
  }

  /** Sends a frame that nobody here waits for; to a peer that is gone, nothing. */
  tell(peer: number, tag: number, datatype: number, bytes: Uint8Array, call: number, shape: number): void {
    if (this.comm.endpoint.whyGone(peer) !== undefined) return
    const link = this.link(peer)
    if (link.sendNow(this.context, tag, datatype, bytes, bytes.byteLength, call, shape)) return
    const message = new Outgoing(this.context, tag, datatype, bytes.slice(), false, undefined, new Farewell(this, peer, tag))
    message.call = call
    message.shape = shape
    link.send(message)
  }
}

/** Keeps the rank alive until a frame is out. */
class Farewell implements Owner {
  readonly site = undefined
  readonly #port: StreamPort
  readonly #peer: number
  readonly #tag: number
  #isOut = false

  constructor(port: StreamPort, peer: number, tag: number) {
    this.#port = port
    this.#peer = peer
    this.#tag = tag
    port.transport.hold()
  }

  done(): void {
    if (this.#isOut) return
    this.#isOut = true
    this.#port.transport.release()
  }

  fail(): void {
    this.done()
  }

  giveUp(makeError: Parameters<Waiting['giveUp']>[0]): void {
    void makeError(undefined)
    this.done()
  }

  describe(): string {
    const { comm } = this.#port
    return `in a stream with rank ${comm.rankOf(this.#peer)}, tag ${this.#tag}${comm.on}, for it to receive`
  }
}
