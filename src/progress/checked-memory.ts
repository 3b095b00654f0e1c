import { checksum } from '../memory/checksum.js'
import { Runs } from '../memory/runs.js'
import { MemoryInUse, type MemoryUse } from './memory-in-use.js'

/** Knows, too, whether the program has changed what a call counts on: by a checksum when the call begins and another when it is done. */
export class CheckedMemory extends MemoryInUse {
  override readonly isChecked = true

  override begin(use: MemoryUse): void {
    super.begin(use)
    if (use.purpose.isStill) use.sum = sumOf(use)
  }

  override hasChanged(use: MemoryUse): boolean {
    // Of memory that was transferred away others tell.
    return use.purpose.isStill && use.end <= use.buffer.byteLength && use.sum !== sumOf(use)
  }
}

function sumOf({ buffer, start, end, form }: MemoryUse): number {
  if (form === undefined) return checksum(buffer, start, end)
  const packed = new Runs({ buffer, byteOffset: 0, byteLength: buffer.byteLength }, form).packed()
  return checksum(packed.buffer, 0, packed.byteLength)
}
