import type { CallSite } from '../diagnostics/call-site.js'
import { block, boundsOf, type Form, overlapEachOther, shift } from '../memory/form.js'

/** Memory of the program's that a call which is under way reads or writes. */
export interface MemoryUse {
  readonly buffer: ArrayBufferLike
  /** Its bytes in the buffer. */
  readonly start: number
  readonly end: number
  /** Where it is in pieces: which of these, from the buffer's first byte on. */
  readonly form: Form | undefined
  readonly isWritten: boolean
  /** 'recv', 'send' */
  readonly operation: string
  readonly site: CallSite | undefined
}

/**
 * The memory that the calls of a rank are on, so that no two of them write the same, or one what the other reads. Cost: a look at each
 * buffer in use, and at all that is in use of the one that is meant.
 */
export class MemoryInUse {
  /** Of each use, at the same place: a list of its own, for it is searched at every call. */
  readonly #buffers: ArrayBufferLike[] = []
  readonly #uses: MemoryUse[] = []

  get isEmpty(): boolean {
    return this.#uses.length === 0
  }

  /** What another call's use has in common with a byte of this one, where one of the two writes. */
  conflict(use: MemoryUse): MemoryUse | undefined {
    for (let k = this.#buffers.indexOf(use.buffer); k >= 0; k = this.#buffers.indexOf(use.buffer, k + 1)) {
      const other = this.#uses[k]!
      if ((use.isWritten || other.isWritten) && meet(use, other)) return other
    }
    return undefined
  }

  begin(use: MemoryUse): void {
    this.#buffers.push(use.buffer)
    this.#uses.push(use)
  }

  end(use: MemoryUse): void {
    const place = this.#uses.lastIndexOf(use)
    const [lastBuffer, lastUse] = [this.#buffers.pop()!, this.#uses.pop()!]
    if (place === this.#uses.length) return
    this.#buffers[place] = lastBuffer
    this.#uses[place] = lastUse
  }
}

function meet(one: MemoryUse, other: MemoryUse): boolean {
  if (one.end <= other.start || other.end <= one.start || one.start === one.end || other.start === other.end) return false
  return (one.form === undefined && other.form === undefined) || overlapEachOther(formOf(one), formOf(other))
}

const formOf = ({ form, start, end }: MemoryUse): Form => form ?? shift(block(end - start), start)

/** Of memory in one piece. */
export function useOfRow(
  { buffer, byteOffset, byteLength }: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number },
  isWritten: boolean,
  operation: string,
  site: CallSite | undefined
): MemoryUse {
  return { buffer, start: byteOffset, end: byteOffset + byteLength, form: undefined, isWritten, operation, site }
}

/** Of memory in pieces. */
export function useOfPieces(
  buffer: ArrayBufferLike,
  form: Form,
  isWritten: boolean,
  operation: string,
  site: CallSite | undefined
): MemoryUse {
  const [start, end] = boundsOf(form)
  return { buffer, start, end, form, isWritten, operation, site }
}
