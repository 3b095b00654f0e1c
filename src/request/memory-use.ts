import type { CommunicatorCore } from '../core/communicator-core.js'
import { type CallSite, justAt } from '../diagnostics/call-site.js'
import { AliasError } from '../errors.js'
import { Pickable } from '../layout/picked.js'
import type { Memory } from '../memory/copy.js'
import { shift } from '../memory/form.js'
import type { Runs } from '../memory/runs.js'
import { type MemoryInUse, MemoryUse, type Purpose } from '../progress/memory-in-use.js'
import type { Target } from './options.js'

const RECEIVED: Purpose = { name: 'into', isWritten: true, isStill: true, operation: 'recv' }
const SENT: Purpose = { name: 'data', isWritten: false, isStill: true, operation: 'send' }

/** What a call does with some memory, by default what a receive does. */
export function writingOf(into: Target, site: CallSite | undefined, purpose = RECEIVED): MemoryUse {
  if (into instanceof Pickable) return ofRuns(into.picked.runs, purpose, site)
  const row = ArrayBuffer.isView(into) ? into : { buffer: into, byteOffset: 0, byteLength: into.byteLength }
  return MemoryUse.ofRow(row, purpose, site)
}

/** What a call does with some memory, by default what a send does. */
export function readingOf(memory: Memory | Runs, site: CallSite | undefined, purpose = SENT): MemoryUse {
  return 'form' in memory ? ofRuns(memory, purpose, site) : MemoryUse.ofRow(memory, purpose, site)
}

const ofRuns = (runs: Runs, purpose: Purpose, site: CallSite | undefined): MemoryUse =>
  MemoryUse.ofPieces(runs.buffer, shift(runs.form, runs.byteOffset), purpose, site)

/** Throws where another call that is under way is on the same memory. */
export function checkUnused(comm: CommunicatorCore, use: MemoryUse): void {
  const other = comm.endpoint.memoryInUse.conflict(use)
  if (other === undefined) return
  const does = other.purpose.isWritten ? 'receives into' : 'sends from'
  throw new AliasError(
    `${use.purpose.name}: another ${other.purpose.operation} that is under way ${does} the same memory${calledAt(other)}; ` +
      'await that one first, or give memory apart from it'
  )
}

const read = new Map<string, Purpose>()
const written = new Map<string, Purpose>()

function purposeOf(operation: string, isWritten = false): Purpose {
  const purposes = isWritten ? written : read
  let purpose = purposes.get(operation)
  if (purpose === undefined) {
    purpose = { ...(isWritten ? RECEIVED : SENT), operation }
    purposes.set(operation, purpose)
  }
  return purpose
}

/** What memory is in use for: a request. */
export interface Keeper {
  readonly site: CallSite | undefined
  keep(memory: MemoryInUse, use: MemoryUse): void
}

/** A request reads this memory until it is done: where that is checked, it fails if the memory is another then. */
export function watch(
  { endpoint: { memoryInUse } }: CommunicatorCore,
  request: Keeper,
  memory: Memory | Runs,
  operation: string,
  site = request.site
): void {
  if (memoryInUse.isChecked) request.keep(memoryInUse, readingOf(memory, site, purposeOf(operation)))
}

/**
 * A request writes to this memory when it is done, and not before: where that is checked, it fails if the memory is another then. So what
 * comes goes to memory of its own first.
 */
export function watchInto({ endpoint: { memoryInUse } }: CommunicatorCore, request: Keeper, into: Target | Runs, operation: string): void {
  const purpose = purposeOf(operation, true)
  request.keep(memoryInUse, 'form' in into ? ofRuns(into, purpose, request.site) : writingOf(into, request.site, purpose))
}

/** Memory that is checked by its parts, and not as one. */
export const changedPart = (name: 'data' | 'into', operation: string, site: CallSite | undefined): AliasError =>
  changedError({ purpose: purposeOf(operation, name === 'into'), site })

/** Memory that a call which was under way counts on has been changed, by the program or by another call. */
export function changedError(use: Pick<MemoryUse, 'purpose' | 'site'>): AliasError {
  const { name, operation } = use.purpose
  return new AliasError(
    name === 'data'
      ? `data: it was changed while this ${operation} was under way${calledAt(use)}; await that before you change it, or give a copy`
      : `into: it was written to while this ${operation} was under way${calledAt(use)}; ` +
          'await that before you write to it, or give memory apart from it'
  )
}

function calledAt({ site }: Pick<MemoryUse, 'site'>): string {
  const where = justAt(site)
  return where === '' ? '' : `, called${where}`
}
