import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type Connection, type Events, WAITING_BYTES } from './connection.js'
import { close, pong, WebSocketError, WebSocketParser, withHead } from './framing.js'
import { LEAD } from './wire.js'

/** What came with no close code, in what is told of the end of a connection. */
const BROKEN = 1006
const NORMAL = 1000

/** A WebSocket over a socket of Node's, after the upgrade. */
export class SocketConnection implements Connection {
  readonly #socket: Socket
  readonly #parser: WebSocketParser
  /** This end is the client. */
  readonly #masks: boolean
  #events: Events | undefined
  #open = true
  #reason = 'the connection was closed'
  #code = BROKEN

  /** `socket` is the connection's from now on, and is not used by anybody else; `head`: what has come after the upgrade. */
  constructor(socket: Socket, head: Uint8Array, masks: boolean) {
    this.#masks = masks
    this.#parser = new WebSocketParser(
      {
        binary: (bytes) => this.#events?.frame(bytes),
        ping: (bytes) => {
          // Who asks faster than he reads is not answered.
          if (!this.full) this.#socket.write(pong(bytes, masks))
        },
        close: (code) => this.#end(code, this.#reason)
      },
      !masks,
      head
    )
    this.#socket = readInto(socket, this.#parser, (bytes) => this.#read(bytes))
    this.#socket.setNoDelay(true)
    this.#socket.setTimeout(0)
    this.#socket.on('error', (error) => {
      this.#reason = error.message
    })
    // Nobody reads there any more.
    this.#socket.on('end', () => this.#socket.destroy())
    this.#socket.on('drain', () => this.#events?.drained())
    this.#socket.on('close', () => {
      this.close()
      this.#events?.closed(`${this.#reason} (${this.#code})`)
    })
  }

  /** Ends the handshake. */
  answer(text: string): void {
    this.#socket.write(text)
  }

  /** Gives what happens on it to its owner. */
  serve(events: Events): void {
    this.#events = events
    // What has come with the upgrade.
    this.#read(this.#parser.room.subarray(0, 0))
  }

  send(frame: Uint8Array): boolean {
    if (!this.#open) return false
    if (frame.byteOffset < LEAD) throw new RangeError('a frame is made by newFrame')
    this.#socket.write(withHead(frame, this.#masks))
    return true
  }

  get full(): boolean {
    return this.#socket.writableLength > WAITING_BYTES
  }

  close(): void {
    this.#open = false
    this.#parser.stop()
    this.#socket.destroy()
  }

  finish(): void {
    if (!this.#open) return
    this.#open = false
    this.#parser.stop()
    this.#socket.end(close(NORMAL, this.#masks))
  }

  #read(bytes: Uint8Array): void {
    if (!this.#open) return
    try {
      this.#parser.read(bytes)
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error
      this.#end(error.code, error.message)
    }
  }

  /** Says goodbye. */
  #end(code: number, reason: string): void {
    this.#open = false
    this.#parser.stop()
    this.#code = code
    this.#reason = reason
    // Who does not read is not waited for.
    if (this.#socket.writableLength === 0) this.#socket.write(close(code, this.#masks))
    this.#socket.destroy()
  }
}

type Handle = { constructor: { name: string } }

/**
 * The socket, from now on read into the parser's memory. Node does so for sockets that are made with `onread`, which neither `http.request`
 * nor a server can be told; but a socket can be made of another's handle, as Node makes those of a server. Where that is not to be had (a
 * TLS socket, another runtime) each read has memory of its own, and is copied.
 */
function readInto(socket: Socket, parser: WebSocketParser, read: (bytes: Uint8Array) => void): Socket {
  const bare = socket as unknown as { _handle: Handle | null }
  const handle = bare._handle
  if (socket instanceof TLSSocket || handle?.constructor.name !== 'TCP') {
    socket.on('data', read)
    return socket
  }
  // The old one goes without it, and is counted by its server no longer.
  bare._handle = null
  socket.destroy()
  const onread = {
    buffer: () => parser.room,
    callback: (count: number, memory: Uint8Array) => {
      read(memory.subarray(0, count))
      return true
    }
  }
  return new Socket({ handle, onread } as ConstructorParameters<typeof Socket>[0])
}
