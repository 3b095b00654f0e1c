import type { WebSocket } from 'ws'
import { type Connection, type Events, WAITING_BYTES } from './connection.js'

const OPEN = 1

/** A connection over the `ws` library. */
export class WsConnection implements Connection {
  readonly #ws: WebSocket
  #drained: () => void = () => undefined

  constructor(ws: WebSocket) {
    this.#ws = ws
  }

  /** Gives what happens on it to its owner. */
  serve(events: Events): void {
    this.#drained = () => events.drained()
    let reason = 'the connection was closed'
    this.#ws.on('message', (data: Buffer) => events.frame(data))
    this.#ws.on('error', (error) => {
      reason = error.message
    })
    this.#ws.on('close', (code) => events.closed(`${reason} (${code})`))
  }

  send(frame: Uint8Array): boolean {
    if (this.#ws.readyState !== OPEN) return false
    // Whoever fills it is told when that has been written.
    if (this.#ws.bufferedAmount + frame.byteLength > WAITING_BYTES) this.#ws.send(frame, this.#drained)
    else this.#ws.send(frame)
    return true
  }

  get full(): boolean {
    return this.#ws.bufferedAmount > WAITING_BYTES
  }

  close(): void {
    this.#ws.terminate()
  }
}
