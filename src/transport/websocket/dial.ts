import { X509Certificate } from 'node:crypto'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import type { Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { WebSocket } from 'ws'
import { AuthenticationError, DuplicateRankError } from '../../errors.js'
import { fingerprintOf } from './certificate.js'
import { type Claim, newNonce, sameProof, type Token } from './challenge.js'
import {
  ANSWER_HEADER,
  CHALLENGE_PATH,
  CLAIM_HEADER,
  type Connection,
  DUPLICATE,
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
  /**
   * Where the link is encrypted, the fingerprint of the server's certificate: no other is taken. Empty where it is not known: then the proofs, which
   * it is part of, tell whether both sides mean the same.
   */
  tls?: string | undefined
}

/** A server that has said no: trying again is of no use. */
export class Refusal extends AuthenticationError {}

/** Hosts of a job are not browsers: their bytes need no masking against proxies that could be led astray. */
const zeroMask = (mask: Buffer): void => {
  mask.fill(0)
}

/**
 * Connects to a host of the job. `adopt` is called, before any frame can come, once both sides have proved that they know its token, with
 * the number of the last frame that the other has received. `keepsAlive`: whether the connection keeps this process, or thread, from ending.
 */
export async function dial(
  address: Address,
  token: Token,
  who: Omit<Claim, 'nonceClient' | 'nonceServer'>,
  adopt: (connection: Connection, received: number, localAddress: string) => Events,
  keepsAlive = true
): Promise<void> {
  const { nonce: nonceServer, cert } = await challenge(address, keepsAlive)
  const binding = cert && fingerprintOf(cert)
  const claim: Claim = { ...who, nonceClient: newNonce(), nonceServer }
  // The certificate is its own authority, and what it is called does not matter.
  const secure: ConnectionOptions | undefined = cert === undefined ? undefined : { ca: cert, checkServerIdentity: () => undefined }
  const ws = new WebSocket(`${secure ? 'wss' : 'ws'}://${bracketed(address.host)}:${address.port}${LINK_PATH}`, {
    ...secure,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE,
    handshakeTimeout: HANDSHAKE_MS,
    generateMask: zeroMask,
    finishRequest(request) {
      if (!keepsAlive) request.on('socket', (socket) => socket.unref())
      request.end()
    },
    headers: { [CLAIM_HEADER]: writeClaim(claim, token.proofOfClient(claim, binding)) }
  })
  return new Promise((resolve, reject) => {
    let received: number | undefined
    let localAddress = ''
    ws.on('upgrade', (response) => {
      localAddress = response.socket.localAddress ?? ''
      response.socket.setNoDelay(true)
      received = answerOf(String(response.headers[ANSWER_HEADER]), (count) => token.proofOfServer(claim, count, binding))
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
        if (text.startsWith(DUPLICATE)) return reject(new DuplicateRankError(text.slice(DUPLICATE.length).trim()))
        const said = `${address.host}:${address.port} has refused this host: ${text || response.statusCode}`
        reject(response.statusCode === 403 ? new Refusal(said) : new Error(said))
      })
      response.on('error', reject)
    })
    ws.on('error', (error: NodeJS.ErrnoException) => {
      const text = `the certificate of ${address.host}:${address.port} is not valid: ${error.message}`
      reject(/CERT/.test(error.code ?? '') ? new Refusal(text, { cause: error }) : error)
    })
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

/** A nonce of the server's, and its certificate. */
function challenge({ host, port, tls }: Address, keepsAlive: boolean): Promise<{ nonce: string; cert: string | undefined }> {
  return new Promise((resolve, reject) => {
    // Nothing is said here yet that another could not know.
    const options = { rejectUnauthorized: false, host, port, path: CHALLENGE_PATH, agent: false, timeout: HANDSHAKE_MS }
    const request = (tls === undefined ? httpGet : httpsGet)(options, (response) => {
      const cert = tls === undefined ? undefined : certificateOf(response.socket as TLSSocket)
      if (tls && fingerprintOf(cert!) !== tls) {
        reject(new AuthenticationError(`the certificate of ${host}:${port} is not that of this job`))
        request.destroy()
        return
      }
      response.setEncoding('latin1')
      let nonce = ''
      response.on('data', (chunk: string) => {
        nonce += chunk
        if (nonce.length > 200) request.destroy(new Error('a challenge is shorter'))
      })
      response.on('end', () => resolve({ nonce, cert }))
      response.on('error', reject)
    })
    request.on('socket', (socket: Socket) => {
      socket.setNoDelay(true)
      if (!keepsAlive) socket.unref()
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${HANDSHAKE_MS} ms`)))
    request.on('error', reject)
  })
}

const certificateOf = (socket: TLSSocket): string => new X509Certificate(socket.getPeerCertificate().raw).toString()

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)
