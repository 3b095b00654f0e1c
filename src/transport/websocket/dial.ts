import { randomBytes, X509Certificate } from 'node:crypto'
import { type ClientRequest, get as httpGet, request as httpRequest } from 'node:http'
import { get as httpsGet, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
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
  writeClaim
} from './connection.js'
import { acceptOf } from './framing.js'
import { SocketConnection } from './socket-connection.js'

export interface Address {
  host: string
  port: number
  /**
   * Where the link is encrypted, the fingerprint of the server's certificate: no other is taken. Empty where it is not known: then the
   * proofs, which it is part of, tell whether both sides mean the same.
   */
  tls?: string | undefined
}

/** A server that has said no: trying again is of no use. */
export class Refusal extends AuthenticationError {}

/**
 * Connects to a host of the job. `adopt` is called, before any frame can come, once both sides have proved that they know its token, with
 * the number of the last frame that the other has received. `keepsAlive`: whether the connection keeps this process, or thread, from
 * ending.
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
  const key = randomBytes(16).toString('base64')
  const where = `${address.host}:${address.port}`
  return new Promise((resolve, reject) => {
    const request = (secure === undefined ? httpRequest : httpsRequest)({
      ...secure,
      host: address.host,
      port: address.port,
      path: LINK_PATH,
      agent: false,
      timeout: HANDSHAKE_MS,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': key,
        [CLAIM_HEADER]: writeClaim(claim, token.proofOfClient(claim, binding))
      }
    })
    watch(request, keepsAlive)
    request.on('upgrade', ({ headers }, socket: Socket, head) => {
      const received = answerOf(String(headers[ANSWER_HEADER]), (count) => token.proofOfServer(claim, count, binding))
      if (received === undefined || headers['sec-websocket-accept'] !== acceptOf(key)) {
        socket.destroy()
        return reject(new Refusal(`${where} does not know the token of this job`))
      }
      const { localAddress = '' } = socket
      const connection = new SocketConnection(socket, head, true)
      connection.serve(adopt(connection, received, localAddress))
      resolve()
    })
    request.on('response', (response) => {
      response.setEncoding('utf8')
      let text = ''
      response.on('data', (chunk: string) => {
        text = (text + chunk).slice(0, 200)
      })
      response.on('end', () => {
        if (text.startsWith(DUPLICATE)) return reject(new DuplicateRankError(text.slice(DUPLICATE.length).trim()))
        const said = `${where} has refused this host: ${text || response.statusCode}`
        reject(response.statusCode === 403 ? new Refusal(said) : new Error(said))
      })
      response.on('error', reject)
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      const text = `the certificate of ${where} is not valid: ${error.message}`
      reject(/CERT/.test(error.code ?? '') ? new Refusal(text, { cause: error }) : error)
    })
    request.end()
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
    watch(request, keepsAlive)
    request.on('error', reject)
  })
}

function watch(request: ClientRequest, keepsAlive: boolean): void {
  request.on('socket', (socket) => {
    socket.setNoDelay(true)
    if (!keepsAlive) socket.unref()
  })
  request.on('timeout', () => request.destroy(new Error(`no answer within ${HANDSHAKE_MS} ms`)))
}

const certificateOf = (socket: TLSSocket): string => new X509Certificate(socket.getPeerCertificate().raw).toString()
