/** The process of a host: started by the launcher, which tells it over standard input where it is, and ends it by closing that. */
import { createInterface } from 'node:readline'
import type { Rendezvous } from '../protocol/host-protocol.js'
import { HostProxy } from './host-proxy.js'

// The launcher decides what a signal means; the terminal sends it to this process as well.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined)

const lines = createInterface({ input: process.stdin })
lines.once('line', (line) => {
  new HostProxy(JSON.parse(line) as Rendezvous, (status, reason) => {
    if (reason !== undefined) process.stderr.write(`rxmpi: ${reason}\n`)
    process.exit(status)
  })
})
// Its launcher is no more: so is the job.
lines.once('close', () => process.exit(1))
