import { ArgumentError } from '../../errors.js'
import type { Card } from './host-protocol.js'

/**
 * `JOB@ADDRESS,ADDRESS:PORT`, and after a slash the fingerprint of the certificate: where the processes of a job report. The token is no
 * part of it.
 */
export const writeRendezvous = ({ job, addresses, port, tls }: Card): string =>
  `${job}@${addresses.join()}:${port}${tls === undefined ? '' : `/${tls}`}`

export function readRendezvous(text: string, token: string): Card {
  const match = /^(\w{1,64})@([\w.,-]+):(\d{1,5})(?:\/([\w-]{43}))?$/.exec(text)
  if (match === null) throw new ArgumentError(`RXMPI_RENDEZVOUS was '${text}': expected what rxmpi run has set it to, JOB@ADDRESS:PORT`)
  const [, job, addresses, port, tls] = match as unknown as [string, string, string, string, string | undefined]
  return { job, token, addresses: addresses.split(','), port: Number(port), tls }
}
