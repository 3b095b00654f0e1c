import { type BufferLike, datatypeOf, memoryOf, OBJECT } from '../codec/datatype.js'
import { snapshot } from '../codec/ownership.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkAttached } from '../diagnostics/arguments.js'
import { copyRun } from '../memory/copy.js'
import { share } from './watched-data.js'

/** Memory of its own that a collective receives into, and what puts its result where it belongs. */
export interface Aside {
  readonly scratch: BufferLike
  readonly finish: (result: unknown) => unknown
}

/**
 * Where memory is checked, a collective receives to a copy of `into` first, so that what the program does to `into` meanwhile shows. Absent
 * where it is not checked, and where `into` shares memory with what is given, which the algorithms then work on in place.
 */
export function asideOf(core: CommunicatorCore, data: unknown, into: unknown): Aside | undefined {
  if (into === undefined || !core.endpoint.memoryInUse.isChecked || datatypeOf(into) === OBJECT) return undefined
  const target = into as BufferLike
  if (!isThere(target)) return undefined
  const parts = (Array.isArray(data) ? data : [data]).filter((part) => datatypeOf(part) !== OBJECT) as BufferLike[]
  if (parts.some((part) => !isThere(part) || share(part, target))) return undefined
  const scratch = snapshot(target)
  const finish = (result: unknown): unknown => {
    if (result !== scratch) return result
    checkAttached(target, 'into')
    const memory = memoryOf(target)
    copyRun(memoryOf(scratch), 0, memory, 0, memory.byteLength)
    return target
  }
  return { scratch, finish }
}

/** Of what is not the call says what is wrong. */
function isThere(buffer: BufferLike): boolean {
  try {
    checkAttached(buffer, 'into')
    return true
  } catch {
    return false
  }
}
