import type { CallSite } from '../diagnostics/call-site.js'
import { block, boundsOf, type Form, overlapEachOther, shift } from '../memory/form.js'

/** What a call does with memory of the program's. */
export interface Purpose {
  /** What the call has it as. */
  readonly name: 'data' | 'into'
  /** The call writes it; else it reads it. */
  readonly isWritten: boolean
  /** Until the call is done it stays as it is, as far as the call goes. */
  readonly isStill: boolean
  /** 'recv', 'send' */
  readonly operation: string
}

/** Memory of the program's that a call which is under way reads or writes. */
export class MemoryUse {
  readonly buffer: ArrayBufferLike
  /** Its bytes in the buffer. */
  readonly start: number
  readonly end: number
  /** Where it is in pieces: which of these, from the buffer's first byte on. */
  readonly form: Form | undefined
  readonly purpose: Purpose
  readonly site: CallSite | undefined
  /** Where it is kept while the call is under way. */
  within: MemoryInUse | undefined
  /** More of the same call. */
  next: MemoryUse | undefined
  /** Of what was there when it began, where that is checked. */
  sum = 0

  private constructor(
    buffer: ArrayBufferLike,
    start: number,
    end: number,
    form: Form | undefined,
    purpose: Purpose,
    site: CallSite | undefined
  ) {
    this.buffer = buffer
    this.start = start
    this.end = end
    this.form = form
    this.purpose = purpose
    this.site = site
  }

  /** Of memory in one piece. */
  static ofRow(
    { buffer, byteOffset, byteLength }: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number },
    purpose: Purpose,
    site: CallSite | undefined
  ): MemoryUse {
    return new MemoryUse(buffer, byteOffset, byteOffset + byteLength, undefined, purpose, site)
  }

  /** Of memory in pieces. */
  static ofPieces(buffer: ArrayBufferLike, form: Form, purpose: Purpose, site: CallSite | undefined): MemoryUse {
    const [start, end] = boundsOf(form)
    return new MemoryUse(buffer, start, end, form, purpose, site)
  }
}

/**
 * The memory that the calls of a rank are on, so that no two of them write the same, or one what the other reads. Cost: a look at each
 * buffer in use, and at all that is in use of the one that is meant.
 */
export class MemoryInUse {
  /** It knows whether the program has changed what is in use. */
  readonly isChecked: boolean = false
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
      if ((use.purpose.isWritten || other.purpose.isWritten) && meet(use, other)) return other
    }
    return undefined
  }

  begin(use: MemoryUse): void {
    use.within = this
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

  /** Whether it is not what it was when that use began, as far as that is known. */
  hasChanged(_use: MemoryUse): boolean {
    return false
  }
}

/** Whether they have a byte in common. */
export function meet(one: MemoryUse, other: MemoryUse): boolean {
  if (one.buffer !== other.buffer || one.end <= other.start || other.end <= one.start) return false
  if (one.start === one.end || other.start === other.end) return false
  return (one.form === undefined && other.form === undefined) || overlapEachOther(formOf(one), formOf(other))
}

const formOf = ({ form, start, end }: MemoryUse): Form => form ?? shift(block(end - start), start)
