import { createHash, X509Certificate } from 'node:crypto'
import { createRequire } from 'node:module'
import type { Certificate } from './connection.js'

const DAY_MS = 86_400_000

/** What stands for a certificate: SHA-256 over its bytes, in base64url. */
export const fingerprintOf = (cert: string): string => createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url')

/**
 * A certificate for one job. Its hosts trust it and no other, so what it is called does not matter, and their clocks may differ by a day.
 */
export async function makeCertificate(): Promise<Certificate> {
  // Loaded only where links are encrypted.
  const { generate } = createRequire(import.meta.url)('selfsigned') as typeof import('selfsigned')
  const now = Date.now()
  const made = await generate([{ name: 'commonName', value: 'rxmpi job' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now + 365 * DAY_MS)
  })
  return { cert: made.cert, key: made.private }
}
