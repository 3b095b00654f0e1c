/**
 * What crosses a connection: one binary WebSocket message a frame, little-endian.
 *
 *     0 kind  8 sequence (float64: exact to 2⁵³)  16 acknowledged (float64)  24 payload
 *
 * A DATA frame's payload is a run of records, each padded to a multiple of 8:
 *
 *     0 kind  4 source rank  8 destination rank  12 length  16 the segment's bytes
 */

/** Frames are numbered from 1. */
export const DATA = 1
/** Says what has come and that its sender lives; it has no number and no payload. */
export const ACK = 2
export const HEADER = 24
/** The longest frame, with its header. */
export const MAX_FRAME = 2 ** 18

/** Bytes before a frame that belong to it, so that the head of a WebSocket message can be written in front of it; a multiple of 8. */
export const LEAD = 16

/** `bytes`: with its header. */
export const newFrame = (bytes: number, memory = new ArrayBuffer(LEAD + bytes)): Uint8Array => new Uint8Array(memory, LEAD, bytes)

/** A segment from a rank of the sender's host to one of the receiver's. */
export const SEGMENT = 1
/** `length` more bytes of credit for the lane from `source` to `destination`; no bytes follow. */
export const CREDIT = 2
export const RECORD = 16

export const padded = (bytes: number): number => (bytes + 7) & ~7

const view = (frame: Uint8Array): DataView => new DataView(frame.buffer, frame.byteOffset, HEADER)

export function writeHeader(frame: Uint8Array, kind: number, sequence: number, acknowledged: number): void {
  const header = view(frame)
  header.setUint32(0, kind, true)
  header.setUint32(4, 0, true)
  header.setFloat64(8, sequence, true)
  header.setFloat64(16, acknowledged, true)
}

export const writeAck = (frame: Uint8Array, acknowledged: number): void => view(frame).setFloat64(16, acknowledged, true)

export const kindOf = (frame: Uint8Array): number => view(frame).getUint32(0, true)
export const sequenceOf = (frame: Uint8Array): number => view(frame).getFloat64(8, true)
export const ackOf = (frame: Uint8Array): number => view(frame).getFloat64(16, true)
