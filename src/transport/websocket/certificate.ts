import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import type { Certificate } from './connection.js'

const DAY_MS = 86_400_000
/** From 2050 on, X.509 writes years with four digits (RFC 5280, 4.1.2.5). */
const FOUR_DIGITS = 2050

/** Tags of DER (X.690). */
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const OID = 0x06
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const SEQUENCE = 0x30
const SET = 0x31
const VERSION = 0xa0
const EXTENSIONS = 0xa3

/** Object identifiers as DER has them. */
const ECDSA_WITH_SHA256 = '2a8648ce3d040302'
const COMMON_NAME = '550403'
const BASIC_CONSTRAINTS = '551d13'

/** What stands for a certificate: SHA-256 over its bytes, in base64url. */
export const fingerprintOf = (cert: string): string => createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url')

/**
 * A certificate for one job, which signs itself: X.509 v3, ECDSA over P-256 (RFC 5280, 5758). Its hosts trust it and no other, so what it
 * is called does not matter, and their clocks may differ by a day.
 */
export function makeCertificate(from = Date.now() - DAY_MS, to = from + 366 * DAY_MS): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(SEQUENCE, oid(ECDSA_WITH_SHA256))
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, oid(COMMON_NAME), der(UTF8_STRING, Buffer.from('rxmpi job')))))
  const noAuthority = der(SEQUENCE, oid(BASIC_CONSTRAINTS), der(OCTET_STRING, der(SEQUENCE)))
  const signed = der(
    SEQUENCE,
    der(VERSION, der(INTEGER, Buffer.of(2))),
    // Positive, and without a leading zero.
    der(INTEGER, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    name,
    der(SEQUENCE, time(from), time(to)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(EXTENSIONS, der(SEQUENCE, noAuthority))
  )
  const signature = der(BIT_STRING, Buffer.of(0), sign('sha256', signed, privateKey))
  const lines = der(SEQUENCE, signed, algorithm, signature)
    .toString('base64')
    .match(/.{1,64}/g)!
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  }
}

/** A tag, a length and what is in it. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

function oid(hex: string): Buffer {
  return der(OID, Buffer.from(hex, 'hex'))
}

function time(at: number): Buffer {
  const date = new Date(at)
  const digits = `${date.toISOString().slice(0, 19).replace(/\D/g, '')}Z`
  return date.getUTCFullYear() < FOUR_DIGITS ? der(UTC_TIME, Buffer.from(digits.slice(2))) : der(GENERALIZED_TIME, Buffer.from(digits))
}
