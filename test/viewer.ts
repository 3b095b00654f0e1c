import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { WebSocketParser, withHead } from '../src/transport/websocket/framing.js'
import { readTicket } from '../src/viewers/ticket.js'
import { PROOF, PROTOCOL } from '../src/viewers/wire.js'

/** A viewer of bad manners: it says what it is told to, frame by frame. */
export interface RawViewer {
  /** To stop reading, to kill, or to write what is no frame. */
  readonly socket: Socket
  readonly frames: Uint8Array[]
  /** Resolves when the other end has closed. */
  readonly over: Promise<void>
  send(frame: Uint8Array): void
  /** The next frame that `is` one; those that have come count. */
  frame(is: (frame: Uint8Array) => boolean): Promise<Uint8Array>
}

interface Claim {
  origin?: string
  /** Instead of the ticket's. */
  protocol?: string
  path?: string
}

/** The status of the answer, or the connection. */
export async function rawViewer(ticket: string, { origin, protocol, path }: Claim = {}): Promise<RawViewer | number> {
  const { url, proof } = readTicket(ticket)
  const { hostname, port, pathname } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const asked = request({
    createConnection: () => socket,
    path: path ?? pathname,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16, 7).toString('base64'),
      'sec-websocket-protocol': protocol ?? `${PROTOCOL}, ${PROOF}${proof}`,
      ...(origin === undefined ? {} : { origin })
    }
  })
  asked.end()
  return new Promise((resolve, reject) => {
    asked.on('error', reject)
    asked.on('response', ({ statusCode }) => {
      socket.destroy()
      resolve(statusCode!)
    })
    asked.on('upgrade', (_, upgraded: Socket, head) => {
      const frames: Uint8Array[] = []
      let news: () => void = () => undefined
      const binary = (bytes: Uint8Array): void => {
        frames.push(bytes.slice())
        news()
      }
      const parser = new WebSocketParser({ binary, ping: () => undefined, close: () => upgraded.end() }, false, head)
      upgraded.on('data', (bytes) => parser.read(bytes))
      upgraded.on('error', () => undefined)
      const over = new Promise<void>((done) => upgraded.on('close', () => done()))
      // What has come with the upgrade.
      parser.read(parser.room.subarray(0, 0))
      const frame = async (is: (frame: Uint8Array) => boolean): Promise<Uint8Array> => {
        for (;;) {
          const found = frames.find(is)
          if (found !== undefined) return found
          await new Promise<void>((come) => {
            news = come
          })
        }
      }
      resolve({ socket: upgraded, frames, over, send: (bytes) => void upgraded.write(withHead(bytes, true)), frame })
    })
  })
}
