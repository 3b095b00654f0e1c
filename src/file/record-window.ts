/** The part of a file that is in memory, to look for records in. */
export class RecordWindow {
  /** Where its first byte lies in the file. */
  at: number
  bytes: Buffer = Buffer.alloc(0)
  /** The file ends where the window does. */
  atEnd = false

  constructor(at: number) {
    this.at = at
  }

  get end(): number {
    return this.at + this.bytes.length
  }

  /**
   * Forgets what lies before a position, and makes room for so many bytes more: where they are to go. `filled` then says how many have
   * come.
   */
  advance(position: number, more: number): { room: Uint8Array; filled: (count: number) => void } {
    const kept = Math.max(0, this.end - position)
    const next = Buffer.allocUnsafeSlow(kept + more)
    this.bytes.copy(next, 0, this.bytes.length - kept)
    this.at = Math.max(position, this.at)
    const filled = (count: number): void => {
      this.bytes = next.subarray(0, kept + count)
      this.atEnd = count < more
    }
    this.bytes = next.subarray(0, kept)
    return { room: next.subarray(kept), filled }
  }
}
