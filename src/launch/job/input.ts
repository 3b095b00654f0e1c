import type { Readable } from 'node:stream'
import type { FromInput, ToInput } from '../../runtime/rank-protocol.js'

/**
 * Gives standard input to a rank, a chunk for each one that it asks for. Nothing is read before: a job in the background of a terminal
 * would be stopped for it, and a child process that inherits the input would miss what was taken.
 */
export class Input {
  readonly #open: () => Readable
  readonly #send: (message: FromInput) => void
  #opened: (Readable & { setRawMode?: (mode: boolean) => unknown }) | undefined
  #raw = false

  constructor(open: () => Readable, send: (message: FromInput) => void) {
    this.#open = open
    this.#send = send
  }

  /** What the rank asks for. */
  asked(message: ToInput): void {
    if (message.type === 'want') this.#read()
    else this.#setRawMode(message.mode)
  }

  get #source(): Readable & { setRawMode?: (mode: boolean) => unknown } {
    this.#opened ??= this.#open()
    return this.#opened
  }

  #read(): void {
    if (this.#source.readableEnded || this.#source.destroyed) {
      this.#end()
      return
    }
    this.#source.on('data', this.#give).once('end', this.#end).once('error', this.#fail)
    this.#source.resume()
  }

  readonly #give = (chunk: string | Uint8Array): void => {
    this.#rest()
    this.#send({ type: 'chunk', chunk: new Uint8Array(Buffer.from(chunk as string)) })
  }

  readonly #end = (): void => {
    this.#rest()
    this.#send({ type: 'end' })
  }

  readonly #fail = (error: Error): void => {
    this.#rest()
    this.#send({ type: 'error', message: error.message })
  }

  #rest(): void {
    this.#source.pause()
    this.#source.off('data', this.#give).off('end', this.#end).off('error', this.#fail)
  }

  #setRawMode(mode: boolean): void {
    this.#raw = mode
    this.#source.setRawMode?.(mode)
  }

  close(): void {
    if (this.#raw) this.#setRawMode(false)
    if (this.#opened !== undefined) this.#rest()
  }
}
