/**
 * What a viewer and a rank say to each other: one binary WebSocket message a frame, little-endian. `docs/reference/client.md` describes it.
 *
 *     0 kind  1 code  2 more  3 nothing  4 stream (uint32)  8 the rest
 *
 * The rest begins at a multiple of 8, so that a typed array can be looked at where it lies.
 */

/** The subprotocol, with its version. */
export const PROTOCOL = 'rxmpi.viewer.1'
/** What a viewer's proof begins with, in the same header. */
export const PROOF = 'ticket.'
export const VIEWERS_PATH = '/viewers'

/** Of the stream of that name the viewer will take so many values (uint32 at 8, then the name). */
export const SUBSCRIBE = 1
export const UNSUBSCRIBE = 2
/** So many more values are taken (uint32 at 8); either way. */
export const CREDIT = 3
/** The viewer has values for that name. */
export const PUBLISH = 4
/** A value, or a part of one that more follows of; either way. */
export const NEXT = 5
/** The end of a stream; either way. */
export const COMPLETE = 6
/** A stream has failed: the error's name, a line feed, its message. */
export const ERROR = 7
/** Says that the rank lives, and asks whether the viewer does. */
export const PING = 8
export const PONG = 9
/** The end of all streams; the code says how, and the rest is why. */
export const END = 10

/** The codes of an end: streams complete, fail, or the viewer is told to stay away. */
export const ENDED = 0
export const FAILED = 1
export const REFUSED = 2

export const HEADER = 8
/** Bytes before a frame that belong to it, where the head of the WebSocket message is written. */
const LEAD = 16
/** The longest frame. */
export const MAX_FRAME = 2 ** 18
/** The longest part that a viewer sends: browsers cut longer messages up, and a rank takes whole ones only. */
export const VIEWER_PART = 2 ** 14
/** The longest value that a viewer sends. */
export const MAX_VIEWER_VALUE = 2 ** 18
/** The longest name of a stream, in bytes of UTF-8. */
export const MAX_NAME = 200

/** A value as it travels: bytes, and what they are (the codes of datatype.ts). */
export interface Payload {
  readonly code: number
  readonly bytes: Uint8Array
}

export function newFrame(kind: number, stream: number, rest: number, code = 0): Uint8Array {
  const frame = new Uint8Array(new ArrayBuffer(LEAD + HEADER + rest), LEAD)
  frame[0] = kind
  frame[1] = code
  view(frame).setUint32(4, stream, true)
  return frame
}

export function textFrame(kind: number, stream: number, text: string, code = 0): Uint8Array {
  const bytes = new TextEncoder().encode(text).subarray(0, MAX_FRAME - HEADER)
  const frame = newFrame(kind, stream, bytes.length, code)
  frame.set(bytes, HEADER)
  return frame
}

export function countFrame(kind: number, stream: number, count: number, name = ''): Uint8Array {
  const text = new TextEncoder().encode(name)
  const frame = newFrame(kind, stream, 4 + text.length)
  view(frame).setUint32(HEADER, count, true)
  frame.set(text, HEADER + 4)
  return frame
}

/** The frames of a value, each a copy of at most so many of its bytes. */
export function* valueFrames(stream: number, { code, bytes }: Payload, part = MAX_FRAME - HEADER): Generator<Uint8Array> {
  let at = 0
  do {
    const piece = bytes.subarray(at, at + part)
    at += piece.length
    const frame = newFrame(NEXT, stream, piece.length, code)
    frame[2] = at < bytes.length ? 1 : 0
    frame.set(piece, HEADER)
    yield frame
  } while (at < bytes.length)
}

export const streamOf = (frame: Uint8Array): number => view(frame).getUint32(4, true)
export const countOf = (frame: Uint8Array): number => view(frame).getUint32(HEADER, true)
export const textOf = (frame: Uint8Array, from = HEADER): string => new TextDecoder().decode(frame.subarray(from))

const view = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView => new DataView(buffer, byteOffset, byteLength)

/** Puts a value together that has come in parts. */
export class Parts {
  #parts: Uint8Array[] = []
  #bytes = 0

  /** Bytes of the value that is under way. */
  get bytes(): number {
    return this.#bytes
  }

  /** The value, once the last part of it has come; it lies in the last frame's own memory where it came whole. */
  add(frame: Uint8Array): Payload | undefined {
    const piece = frame.subarray(HEADER)
    this.#bytes += piece.length
    if (frame[2] === 1) {
      this.#parts.push(piece)
      return undefined
    }
    const parts = [...this.#parts, piece]
    const whole = parts.length === 1 ? piece : joined(parts, this.#bytes)
    this.#parts = []
    this.#bytes = 0
    return { code: frame[1]!, bytes: whole }
  }
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
