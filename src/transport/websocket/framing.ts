import { createHash } from 'node:crypto'
import { MAX_FRAME } from './wire.js'

/**
 * WebSocket messages as bytes (RFC 6455 §5), as far as a link has them: a message is one binary frame, and nothing is compressed. Text and
 * fragments are refused.
 */

const FINAL = 0x80
const RESERVED = 0x70
const MASKED = 0x80
const BINARY = 2
const CLOSE = 8
const PING = 9
const PONG = 10
/** From this opcode on, a frame is about the connection. */
const CONTROL = 8
const MAX_CONTROL = 125
const MASK_BYTES = 4
/** The longest head: two bytes, a length of eight, and a mask. */
export const MAX_HEAD = 14

/** Close codes (RFC 6455 §7.4). */
const PROTOCOL = 1002
const UNSUPPORTED = 1003
const INVALID_TEXT = 1007
const TOO_BIG = 1009
const NO_CODE = 1005

/** What came is no WebSocket message, or none that is taken. */
export class WebSocketError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

const headBytes = (length: number, masked: boolean): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10) + (masked ? MASK_BYTES : 0)

/**
 * Writes the head of a message in front of its bytes, where `MAX_HEAD` bytes are free, and gives both as one. A client's mask is zero:
 * hosts of a job are not browsers, and their bytes need no masking against proxies that could be led astray.
 */
export function withHead({ buffer, byteOffset, byteLength }: Uint8Array, masked: boolean, opcode = BINARY): Buffer {
  const head = headBytes(byteLength, masked)
  const whole = Buffer.from(buffer as ArrayBuffer, byteOffset - head, head + byteLength)
  const mask = masked ? MASKED : 0
  whole[0] = FINAL | opcode
  if (byteLength < 126) whole[1] = mask | byteLength
  else if (byteLength < 65_536) {
    whole[1] = mask | 126
    whole.writeUInt16BE(byteLength, 2)
  } else {
    whole[1] = mask | 127
    whole.writeUInt32BE(0, 2)
    whole.writeUInt32BE(byteLength, 6)
  }
  if (masked) whole.writeUInt32BE(0, head - MASK_BYTES)
  return whole
}

function control(opcode: number, payload: Uint8Array, masked: boolean): Buffer {
  const bytes = new Uint8Array(MAX_HEAD + payload.length)
  bytes.set(payload, MAX_HEAD)
  return withHead(bytes.subarray(MAX_HEAD), masked, opcode)
}

export const pong = (payload: Uint8Array, masked: boolean): Buffer => control(PONG, payload, masked)
export const close = (code: number, masked: boolean): Buffer =>
  control(CLOSE, code === NO_CODE ? new Uint8Array(0) : Uint8Array.of(code >> 8, code & 255), masked)

/** The server's answer to the key of a client (RFC 6455 §4.2.2). */
export const acceptOf = (key: string): string => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

/** Who takes the messages; their bytes are valid during the call only. */
export interface WebSocketHandler {
  binary(bytes: Uint8Array): void
  ping(bytes: Uint8Array): void
  close(code: number): void
}

/** Room for the longest message and more: the more is read at once, the less often the rest of a read is moved. */
const MEMORY = 2 ** 19
/** Where less is free behind what has come, that is moved to the front. */
const LEAST_ROOM = 2 ** 16

/**
 * Finds the messages in a stream of bytes, which is read into one memory again and again. What has come is taken where it lies: a copy or
 * memory of its own for each read costs more than all else that is done with it.
 */
export class WebSocketParser {
  readonly #handler: WebSocketHandler
  /** Whether the other end is a client, which masks. */
  readonly #masked: boolean
  /** No `Buffer`, whose `slice` is no copy. */
  readonly #memory = new Uint8Array(MEMORY)
  readonly #view = new DataView(this.#memory.buffer)
  #start = 0
  #end = 0
  #stopped = false

  /** `head`: what has come already, and is taken with what comes next. */
  constructor(handler: WebSocketHandler, masked: boolean, head: Uint8Array) {
    this.#handler = handler
    this.#masked = masked
    this.#memory.set(head)
    this.#end = head.length
  }

  /** Where the next bytes are to be read to. */
  get room(): Uint8Array {
    return this.#memory.subarray(this.#end)
  }

  /** Nothing more is taken. */
  stop(): void {
    this.#stopped = true
  }

  /** Takes bytes: those that have been read to `room` where they are, others by a copy. */
  read(bytes: Uint8Array): void {
    const { room } = this
    if (bytes.buffer === room.buffer && bytes.byteOffset === room.byteOffset) return this.#came(bytes.length)
    // `room` may have been asked for before something else was taken.
    const rest = bytes.buffer === room.buffer ? bytes.slice() : bytes
    for (let at = 0; at < rest.length; ) {
      const share = rest.subarray(at, at + this.room.length)
      this.room.set(share)
      this.#came(share.length)
      at += share.length
    }
  }

  #came(count: number): void {
    this.#end += count
    while (!this.#stopped && this.#take());
    if (this.#stopped || this.#start === this.#end) {
      this.#start = 0
      this.#end = 0
    } else if (MEMORY - this.#end < LEAST_ROOM) {
      this.#memory.copyWithin(0, this.#start, this.#end)
      this.#end -= this.#start
      this.#start = 0
    }
  }

  /** Takes the next message; false when it is not there as a whole. */
  #take(): boolean {
    const memory = this.#memory
    const at = this.#start
    const there = this.#end - at
    if (there < 2) return false
    const first = memory[at]!
    const second = memory[at + 1]!
    this.#check(first, second)
    const short = second & 127
    const wide = short === 126 ? 2 : short === 127 ? 8 : 0
    const head = 2 + wide + (this.#masked ? MASK_BYTES : 0)
    if (there < head) return false
    const length = wide === 0 ? short : wide === 2 ? this.#view.getUint16(at + 2) : Number(this.#view.getBigUint64(at + 2))
    if (length > MAX_FRAME) throw new WebSocketError(TOO_BIG, `a message of ${length} bytes came: at most ${MAX_FRAME} were expected`)
    if (there < head + length) return false
    this.#start += head + length
    const bytes = memory.subarray(at + head, at + head + length)
    if (this.#masked) unmask(bytes, memory.subarray(at + head - MASK_BYTES, at + head))
    this.#give(first & 15, bytes)
    return true
  }

  #check(first: number, second: number): void {
    if ((first & RESERVED) !== 0) throw new WebSocketError(PROTOCOL, 'a message with a reserved bit came')
    if (((second & MASKED) !== 0) !== this.#masked)
      throw new WebSocketError(PROTOCOL, this.#masked ? 'a client masks what it sends' : 'a server does not mask what it sends')
    const opcode = first & 15
    const final = (first & FINAL) !== 0
    if (opcode >= CONTROL) {
      if (opcode > PONG) throw new WebSocketError(PROTOCOL, `a message of unknown opcode ${opcode} came`)
      if (!final || (second & 127) > MAX_CONTROL) throw new WebSocketError(PROTOCOL, 'a control frame is whole and has at most 125 bytes')
    } else if (opcode > BINARY) throw new WebSocketError(PROTOCOL, `a message of unknown opcode ${opcode} came`)
    else if (opcode !== BINARY || !final) throw new WebSocketError(UNSUPPORTED, 'a message is one binary frame')
  }

  #give(opcode: number, bytes: Uint8Array): void {
    if (opcode === BINARY) this.#handler.binary(bytes)
    else if (opcode === PING) this.#handler.ping(bytes)
    else if (opcode === CLOSE) this.#handler.close(closeCode(bytes))
  }
}

function unmask(bytes: Uint8Array, mask: Uint8Array): void {
  if (mask.every((byte) => byte === 0)) return
  for (let k = 0; k < bytes.length; k++) bytes[k]! ^= mask[k & 3]!
}

function closeCode(bytes: Uint8Array): number {
  if (bytes.length === 0) return NO_CODE
  if (bytes.length === 1) throw new WebSocketError(PROTOCOL, 'a close code has two bytes')
  const code = bytes[0]! * 256 + bytes[1]!
  const known = (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999)
  if (!known) throw new WebSocketError(PROTOCOL, `${code} is no close code`)
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(2))
  } catch {
    throw new WebSocketError(INVALID_TEXT, 'the reason of a close is no UTF-8')
  }
  return code
}
