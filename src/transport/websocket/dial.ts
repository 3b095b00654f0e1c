import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { WebSocket } from 'ws'
import { AuthenticationError } from '../../errors.js'
import { type Claim, newNonce, sameProof, type Token } from './challenge.js'
import {
  ANSWER_HEADER,
  CHALLENGE_PATH,
  CLAIM_HEADER,
  type Connection,
  type Events,
  HANDSHAKE_MS,
  LINK_PATH,
  MAX_MESSAGE,
  writeClaim
} from './connection.js'
import { WsConnection } from './ws-connection.js'

export interface Address {
  host: string
  port: number
  /** The server's certificate in PEM where the link is encrypted: no other is taken. */
  cert?: string | undefined
}

/** A server that has said no: trying again is of no use. */
export class Refusal extends AuthenticationError {}

/** Hosts of a job are not browsers: their bytes need no masking against proxies that could be led astray. */
const zeroMask = (mask: Buffer): void => {
  mask.fill(0)
}

/**
 * Connects to a host of the job. `adopt` is called, before any frame can come, once both sides have proved that they know its token, with
 * the number of the last frame that the other has received.
 */
export async function dial(
  address: Address,
  token: Token,
  who: Omit<Claim, 'nonceClient' | 'nonceServer'>,
  adopt: (connection: Connection, received: number, localAddress: string) => Events
): Promise<void> {
  const secure = secureOptions(address)
  const claim: Claim = { ...who, nonceClient: newNonce(), nonceServer: await challenge(address, secure) }
  const ws = new WebSocket(`${secure ? 'wss' : 'ws'}://${bracketed(address.host)}:${address.port}${LINK_PATH}`, {
    ...secure,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE,
    handshakeTimeout: HANDSHAKE_MS,
    generateMask: zeroMask,
    headers: { [CLAIM_HEADER]: writeClaim(claim, token.proofOfClient(claim)) }
  })
  return new Promise((resolve, reject) => {
    let received: number | undefined
    let localAddress = ''
    ws.on('upgrade', (response) => {
      localAddress = response.socket.localAddress ?? ''
      response.socket.setNoDelay(true)
      received = answerOf(String(response.headers[ANSWER_HEADER]), (count) => token.proofOfServer(claim, count))
      if (received === undefined) {
        ws.terminate()
        reject(new Refusal(`${address.host}:${address.port} does not know the token of this job`))
      }
    })
    ws.on('unexpected-response', (_, response) => {
      response.setEncoding('utf8')
      let text = ''
      response.on('data', (chunk: string) => {
        text = (text + chunk).slice(0, 200)
      })
      response.on('end', () => {
        const said = `${address.host}:${address.port} has refused this host: ${text || response.statusCode}`
        reject(response.statusCode === 403 ? new Refusal(said) : new Error(said))
      })
    })
    ws.on('error', reject)
    // Settled by what has gone before, if anything has.
    ws.on('close', () => reject(new Error('the connection was closed')))
    ws.on('open', () => {
      if (received === undefined) return
      const connection = new WsConnection(ws)
      connection.serve(adopt(connection, received, localAddress))
      resolve()
    })
  })
}

function answerOf(header: string, proof: (received: number) => string): number | undefined {
  const match = /^(\d{1,15}) ([\w-]{43})$/.exec(header)
  if (match === null) return undefined
  const received = Number(match[1])
  return sameProof(match[2]!, proof(received)) ? received : undefined
}

function challenge({ host, port }: Address, secure: ConnectionOptions | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { ...secure, host, port, path: CHALLENGE_PATH, agent: false, timeout: HANDSHAKE_MS }
    const request = (secure ? httpsGet : httpGet)(options, (response) => {
      response.setEncoding('latin1')
      let nonce = ''
      response.on('data', (chunk: string) => {
        nonce += chunk
        if (nonce.length > 200) request.destroy(new Error('a challenge is shorter'))
      })
      response.on('end', () => resolve(nonce))
      response.on('error', reject)
    })
    request.on('socket', (socket: Socket) => socket.setNoDelay(true))
    request.on('timeout', () => request.destroy(new Error(`no answer within ${HANDSHAKE_MS} ms`)))
    request.on('error', reject)
  })
}

/** The certificate is its own authority, and what it is called does not matter. */
const secureOptions = ({ cert }: Address): ConnectionOptions | undefined =>
  cert === undefined ? undefined : { ca: cert, checkServerIdentity: () => undefined }

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)
