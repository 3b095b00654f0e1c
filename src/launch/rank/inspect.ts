import { createRequire } from 'node:module'
import type { Inspection } from '../../runtime/rank-protocol.js'

/** Lets a debugger attach to this rank, at a port of its own; where it is wanted, waits until one has. */
export function inspect(rank: number, { port, waits, only }: Inspection): void {
  if (only !== undefined && only !== rank) return
  const inspector = createRequire(import.meta.url)('node:inspector') as typeof import('node:inspector')
  inspector.open(only === undefined ? port + rank : port, '127.0.0.1', waits)
}
