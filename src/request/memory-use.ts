import type { CommunicatorCore } from '../core/communicator-core.js'
import { type CallSite, locate } from '../diagnostics/call-site.js'
import { AliasError } from '../errors.js'
import { Pickable } from '../layout/picked.js'
import type { Memory } from '../memory/copy.js'
import { shift } from '../memory/form.js'
import type { Runs } from '../memory/runs.js'
import { type MemoryUse, useOfPieces, useOfRow } from '../progress/memory-in-use.js'
import type { Target } from './options.js'

/** What a receive into some memory does with it. */
export function writingOf(into: Target, site: CallSite | undefined): MemoryUse {
  if (into instanceof Pickable) return ofRuns(into.picked.runs, true, 'recv', site)
  const row = ArrayBuffer.isView(into) ? into : { buffer: into, byteOffset: 0, byteLength: into.byteLength }
  return useOfRow(row, true, 'recv', site)
}

/** What a send of some memory does with it. */
export function readingOf(memory: Memory | Runs, site: CallSite | undefined): MemoryUse {
  return 'form' in memory ? ofRuns(memory, false, 'send', site) : useOfRow(memory, false, 'send', site)
}

const ofRuns = (runs: Runs, isWritten: boolean, operation: string, site: CallSite | undefined): MemoryUse =>
  useOfPieces(runs.buffer, shift(runs.form, runs.byteOffset), isWritten, operation, site)

/** Throws where another call that is under way is on the same memory. */
export function checkUnused(comm: CommunicatorCore, name: string, use: MemoryUse): void {
  const other = comm.endpoint.memoryInUse.conflict(use)
  if (other === undefined) return
  const where = locate(other.site)
  const does = other.isWritten ? 'receives into' : 'sends from'
  throw new AliasError(
    `${name}: another ${other.operation} that is under way ${does} the same memory${where === undefined ? '' : `, called at ${where}`}; ` +
      'await that one first, or give memory apart from it'
  )
}
