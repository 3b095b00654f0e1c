import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { newNonce, Token } from '../../src/transport/websocket/challenge.js'
import { CHALLENGE_PATH } from '../../src/transport/websocket/connection.js'
import { dial } from '../../src/transport/websocket/dial.js'

const who = { from: 1, to: 0, size: 4, epoch: 1, received: 0, instance: newNonce() }
const whole = (body: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`
const broken = (status: string): string => `HTTP/1.1 ${status}\r\ncontent-length: 100\r\n\r\nno`

it.each(['challenge', 'refusal'])(
  'fails when the connection breaks in the middle of a %s',
  async (what) => {
    const answer = (socket: Socket, request: string): void => {
      if (request.includes(CHALLENGE_PATH) && what === 'refusal') socket.end(whole(newNonce()))
      else socket.end(broken(what === 'refusal' ? '403 Forbidden' : '200 OK'))
    }
    const server = createServer(
      (socket) => void socket.once('data', (data) => answer(socket, data.toString('latin1'))).on('error', () => undefined)
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const dialled = dial({ host: '127.0.0.1', port }, new Token(Buffer.alloc(32), 'job'), who, () => {
        throw new Error('let in')
      })
      await expect(dialled).rejects.toThrow(/aborted|closed|hang up/)
    } finally {
      server.close()
    }
  },
  3000
)
