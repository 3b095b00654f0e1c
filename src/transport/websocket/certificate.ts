import { createHash, X509Certificate } from 'node:crypto'

/** What stands for a certificate: SHA-256 over its bytes, in base64url. */
export const fingerprintOf = (cert: string): string => createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url')
