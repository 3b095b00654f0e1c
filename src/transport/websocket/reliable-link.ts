import { ProtocolError } from '../../errors.js'
import { ACK, ackOf, DATA, HEADER, kindOf, newFrame, sequenceOf, writeAck, writeHeader } from './wire.js'

/** Bytes received after which an acknowledgement does not wait for the next frame or heartbeat. */
const ACK_BYTES = 2 ** 20

export interface LinkState {
  sent: number
  acknowledged: number
  received: number
  /** Frames that are not acknowledged. */
  kept: Uint8Array[]
}

/**
 * One end of a link that loses nothing while its connections come and go: every frame is numbered and kept until the other end has
 * acknowledged it; a new connection begins where the other end's last frame was. Pure: it does no I/O and knows no clock.
 *
 * A connection may lose what was written last, and never anything before: a frame that is missing in the middle is an error of the
 * connection. The model is the resumption of RSocket.
 */
export class ReliableLink {
  /**
   * The last frame that this end has numbered, that the other end has acknowledged, that has come in, and that was told to have come in.
   */
  #sent = 0
  #acknowledged = 0
  #received = 0
  #told = 0
  #untoldBytes = 0
  /** Frames that are not acknowledged, in order, and how many of them were written to the connection. */
  #kept: Uint8Array[] = []
  #written = 0
  #keptBytes = 0
  readonly #most: number
  /** Told of frames that are kept no longer: their memory is free. */
  onFree: (frame: Uint8Array) => void = () => undefined

  /** `most`: the bytes of frames that may wait for their acknowledgement. */
  constructor(most: number) {
    this.#most = most
  }

  get state(): LinkState {
    return { sent: this.#sent, acknowledged: this.#acknowledged, received: this.#received, kept: this.#kept }
  }

  /** Goes on as the other end of the same link in another thread has left off. */
  restore({ sent, acknowledged, received, kept }: LinkState): void {
    this.#sent = sent
    this.#acknowledged = acknowledged
    this.#received = received
    this.#kept = kept
    this.#keptBytes = kept.reduce((sum, frame) => sum + frame.byteLength, 0)
  }

  /** Whether another frame may be numbered. */
  get room(): boolean {
    return this.#keptBytes < this.#most
  }

  /** Bytes that the other end has not acknowledged. */
  get unacknowledged(): number {
    return this.#keptBytes
  }

  /** The number of the last frame that has come. */
  get received(): number {
    return this.#received
  }

  /** Whether the other end should be told soon what has come. */
  get acknowledgementDue(): boolean {
    return this.#untoldBytes >= ACK_BYTES
  }

  /** Numbers a frame, whose first `HEADER` bytes are free, and keeps it until it is acknowledged. */
  number(frame: Uint8Array): void {
    if (this.#sent === Number.MAX_SAFE_INTEGER) throw new ProtocolError(`a link numbers ${Number.MAX_SAFE_INTEGER} frames and no more`)
    this.#kept.push(frame)
    this.#keptBytes += frame.byteLength
    writeHeader(frame, DATA, ++this.#sent, 0)
  }

  /** The next frame to write to the connection. */
  write(): Uint8Array | undefined {
    const frame = this.#kept[this.#written]
    if (frame === undefined) return undefined
    this.#written++
    writeAck(frame, this.#tell())
    return frame
  }

  /** A frame that says what has come, and that this end lives. */
  acknowledgement(): Uint8Array {
    const frame = newFrame(HEADER)
    writeHeader(frame, ACK, 0, this.#tell())
    return frame
  }

  /** Takes in a frame; true when its payload is to be delivered, false when there is none or it has come before. */
  accept(frame: Uint8Array): boolean {
    if (frame.byteLength < HEADER) throw new ProtocolError(`a frame of ${frame.byteLength} bytes came: expected at least ${HEADER}`)
    const kind = kindOf(frame)
    if (kind !== DATA && kind !== ACK) throw new ProtocolError(`a frame of unknown kind ${kind} came`)
    this.#acknowledge(ackOf(frame))
    if (kind === ACK) return false
    const sequence = sequenceOf(frame)
    if (sequence <= this.#received) return false
    if (sequence !== this.#received + 1) throw new ProtocolError(`frame ${sequence} came after frame ${this.#received}`)
    this.#received = sequence
    this.#untoldBytes += frame.byteLength
    return true
  }

  /** There is a new connection, whose other end has had `received` of this end's frames: what follows is written to it again. */
  resume(received: number): void {
    this.#acknowledge(received)
    if (this.#acknowledged !== received)
      throw new ProtocolError(`the other end has had ${received} frames and had acknowledged ${this.#acknowledged}: it has lost its state`)
    this.#written = 0
  }

  #tell(): number {
    this.#told = this.#received
    this.#untoldBytes = 0
    return this.#told
  }

  #acknowledge(sequence: number): void {
    if (!(sequence <= this.#sent && Number.isSafeInteger(sequence)))
      throw new ProtocolError(`frame ${sequence} was acknowledged and ${this.#sent} were sent`)
    const count = sequence - this.#acknowledged
    if (count <= 0) return
    for (let k = 0; k < count; k++) {
      const frame = this.#kept[k]!
      this.#keptBytes -= frame.byteLength
      this.onFree(frame)
    }
    this.#kept = this.#kept.slice(count)
    this.#written = Math.max(0, this.#written - count)
    this.#acknowledged = sequence
  }
}
