import { type BufferLike, datatypeOf, memoryOf, OBJECT } from '../codec/datatype.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { Memory } from '../memory/copy.js'
import { type Keeper, watch } from '../request/memory-use.js'

/** A collective reads what it was given until it is done; but what it receives into, which may be the same, it writes itself. */
export function watchData(core: CommunicatorCore, request: Keeper, name: string, data: unknown, into: BufferLike | undefined): void {
  const written = into === undefined ? undefined : memoryOf(into)
  for (const part of Array.isArray(data) ? data : [data]) {
    if (datatypeOf(part) === OBJECT) continue
    const memory = memoryOf(part as BufferLike)
    if (written === undefined || !share(memory, written)) watch(core, request, memory, name)
  }
}

const share = (a: Memory, b: Memory): boolean =>
  a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
