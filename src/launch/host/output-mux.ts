import type { Writable } from 'node:stream'

const NEWLINE = 10
/** The longest line that is held back until its end; the rest of a longer one goes straight through while other ranks wait. */
const HELD_BYTES = 2 ** 20
/** On a terminal somebody may be waiting for a prompt or a progress bar, which end in no newline. */
const TERMINAL_MS = 50

export interface OutputStyle {
  prefix: boolean
  raw: boolean
  titleOf?: (rank: number) => string | undefined
}

interface Tail {
  chunks: Buffer[]
  bytes: number
}

/**
 * Puts the output of several ranks on one stream so that every line is whole: what a rank writes is held back until its newline.
 * What it holds is bounded whatever the ranks write.
 */
export class OutputMux {
  readonly #sink: Writable & { isTTY?: boolean }
  readonly #prefix: (rank: number) => string
  #raw: boolean
  readonly #tails = new Map<number, Tail>()
  /** The rank whose unfinished line stands on the sink. */
  #open: number | undefined
  /** That line was too long to hold back: nobody else may write before its end. */
  #locked = false
  #waiting: { rank: number; chunk: string | Uint8Array; written: () => void }[] = []
  #timer: NodeJS.Timeout | undefined

  /** `raw` passes everything on as it comes: for a single rank. `titleOf`: what a rank is called, if anything. */
  constructor(sink: Writable, { prefix, raw, titleOf = String }: OutputStyle) {
    this.#sink = sink
    this.#prefix = (rank) => {
      const title = prefix ? titleOf(rank) : undefined
      return title === undefined ? '' : `[${title}] `
    }
    this.#raw = raw
  }

  /** More ranks have come. */
  several(): void {
    this.#raw = false
  }

  /** `written` is called once the chunk needs no memory of the launcher any more. */
  write(rank: number, chunk: string | Uint8Array, written: () => void): void {
    if (this.#locked && rank !== this.#open) this.#waiting.push({ rank, chunk, written })
    else if (this.#raw) this.#put(chunk, written)
    else if (this.#isLines(rank, chunk)) this.#put(this.#lead(rank) + this.#label(rank, chunk), written)
    else this.#split(rank, toBuffer(chunk), written)
  }

  /** A rank has ended: its last line may lack its newline. */
  finish(rank: number): void {
    if (this.#locked && this.#open !== rank) return
    this.#show(rank)
    this.#unlock()
  }

  /** Resolves when everything has been written, or cannot be. */
  drained({ reportFollows }: { reportFollows: boolean }): Promise<void> {
    clearTimeout(this.#timer)
    while (this.#waiting.length > 0) this.#unlock()
    this.#unlock()
    this.#showAll()
    if (reportFollows && this.#open !== undefined) this.#put('\n', () => {})
    return new Promise((resolve) => this.#sink.write('', () => resolve()))
  }

  /** The usual chunk: a string of whole lines and nothing before it. */
  #isLines(rank: number, chunk: string | Uint8Array): chunk is string {
    return typeof chunk === 'string' && chunk.endsWith('\n') && !this.#tails.has(rank) && !this.#locked && this.#open !== rank
  }

  #split(rank: number, chunk: Buffer, written: () => void): void {
    const end = chunk.lastIndexOf(NEWLINE) + 1
    if (end === 0) {
      this.#hold(rank, chunk, written)
      return
    }
    const tail = this.#takeTail(rank)
    const head = Buffer.concat([...tail, chunk.subarray(0, end)])
    // Latin-1 keeps every byte what it is, whatever the encoding of the output.
    const lines = this.#lead(rank) + this.#label(rank, head.toString('latin1'))
    this.#open = undefined
    this.#put(Buffer.from(lines, 'latin1'), written)
    const wasLocked = this.#locked
    this.#locked = false
    if (end < chunk.length) this.#hold(rank, chunk.subarray(end), () => {})
    if (wasLocked && !this.#locked) this.#unlock()
  }

  #hold(rank: number, chunk: Buffer, written: () => void): void {
    if (this.#locked) {
      this.#put(chunk, written)
      return
    }
    const tail = this.#tails.get(rank) ?? { chunks: [], bytes: 0 }
    this.#tails.set(rank, tail)
    tail.chunks.push(chunk)
    tail.bytes += chunk.length
    if (tail.bytes > HELD_BYTES) {
      this.#locked = true
      this.#show(rank, written)
    } else {
      written()
      if (this.#sink.isTTY) this.#timer ??= setTimeout(() => this.#showAll(), TERMINAL_MS).unref()
    }
  }

  #showAll(): void {
    this.#timer = undefined
    for (const rank of [...this.#tails.keys()]) this.#show(rank)
  }

  /** Writes a rank's unfinished line as far as it goes. */
  #show(rank: number, written: () => void = () => {}): void {
    const tail = this.#takeTail(rank)
    if (tail.length === 0) return
    this.#put(Buffer.concat([Buffer.from(this.#lead(rank)), ...tail]), written)
    this.#open = rank
  }

  #takeTail(rank: number): Buffer[] {
    const chunks = this.#tails.get(rank)?.chunks ?? []
    this.#tails.delete(rank)
    return chunks
  }

  /** What stands before the next output of a rank. */
  #lead(rank: number): string {
    if (this.#open === rank) return ''
    const newline = this.#open === undefined ? '' : '\n'
    this.#open = undefined
    return newline + this.#prefix(rank)
  }

  #label(rank: number, lines: string): string {
    const prefix = this.#prefix(rank)
    if (prefix === '' || lines.indexOf('\n') === lines.length - 1) return lines
    return `${lines.slice(0, -1).replaceAll('\n', `\n${prefix}`)}\n`
  }

  #unlock(): void {
    this.#locked = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const { rank, chunk, written } of waiting) this.write(rank, chunk, written)
  }

  #put(chunk: string | Uint8Array, written: () => void): void {
    if (this.#sink.destroyed) written()
    else this.#sink.write(chunk, () => written())
  }
}

function toBuffer(chunk: string | Uint8Array): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
