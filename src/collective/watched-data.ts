import { type BufferLike, datatypeOf, OBJECT } from '../codec/datatype.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { Memory } from '../memory/copy.js'
import { type Keeper, watch } from '../request/memory-use.js'

/** A collective reads what it was given until it is done; but what it receives into, which may be the same, it writes itself. */
export function watchData(core: CommunicatorCore, request: Keeper, name: string, data: unknown, into: BufferLike | undefined): void {
  if (Array.isArray(data)) for (const part of data) watchPart(core, request, name, part, into)
  else watchPart(core, request, name, data, into)
}

function watchPart(core: CommunicatorCore, request: Keeper, name: string, part: unknown, into: BufferLike | undefined): void {
  if (datatypeOf(part) === OBJECT) return
  const memory = part as BufferLike
  if (into === undefined || !share(memory, into)) watch(core, request, rowOf(memory), name)
}

const rowOf = (buffer: BufferLike): Memory =>
  ArrayBuffer.isView(buffer) ? buffer : { buffer, byteOffset: 0, byteLength: buffer.byteLength }

/** Whether they have a byte in common. */
export function share(one: BufferLike, other: BufferLike): boolean {
  const [a, b] = [rowOf(one), rowOf(other)]
  return a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
}
