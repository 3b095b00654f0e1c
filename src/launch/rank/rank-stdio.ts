import { Readable, Writable } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import type { FromInput, FromRank, Setting, ToInput } from '../../runtime/rank-protocol.js'
import { asTerminal } from './terminal.js'

/** Output that a rank may post ahead of what has been written. */
const AHEAD_BYTES = 2 ** 20
const SLICE = 2 ** 16

/**
 * A rank's standard output or error. What is written is posted at once, so that it is out before `process.exit` or the end of the
 * thread, and where the launcher cannot keep up the rank is blocked, as a process is by a full pipe.
 */
class RankOutput extends Writable {
  readonly #fd: 1 | 2
  readonly #rank: number
  readonly #port: MessagePort
  readonly #unwritten: Int32Array

  constructor(fd: 1 | 2, rank: number, port: MessagePort, unwritten: Int32Array) {
    super({ decodeStrings: false })
    this.#fd = fd
    this.#rank = rank
    this.#port = port
    this.#unwritten = unwritten
  }

  get fd(): number {
    return this.#fd
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, done: () => void): void {
    if (typeof chunk === 'string' && chunk.length <= SLICE && (encoding === 'utf8' || encoding === 'utf-8')) this.#post(chunk, chunk.length)
    else {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
      for (let at = 0; at < bytes.length; at += SLICE) {
        // A view would take its whole buffer along.
        const slice = new Uint8Array(bytes.subarray(at, at + SLICE))
        this.#post(slice, slice.length)
      }
    }
    done()
  }

  /** As under Node, nobody can close it. */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    callback(error)
  }

  #post(chunk: string | Uint8Array, bytes: number): void {
    Atomics.add(this.#unwritten, this.#rank, bytes)
    this.#port.postMessage({ type: 'output', fd: this.#fd, chunk, bytes } satisfies FromRank)
    for (;;) {
      const unwritten = Atomics.load(this.#unwritten, this.#rank)
      if (unwritten <= AHEAD_BYTES) return
      Atomics.wait(this.#unwritten, this.#rank, unwritten)
    }
  }
}

/** Rank 0's standard input. It keeps the rank alive only while somebody reads. */
class RankInput extends Readable {
  readonly fd = 0
  readonly #port: MessagePort
  #asked = false
  #paused = false

  constructor(port: MessagePort) {
    super()
    this.#port = port
    port.on('message', (message: FromInput) => {
      this.#asked = false
      port.unref()
      if (message.type === 'chunk') this.push(message.chunk)
      else if (message.type === 'end') this.push(null)
      else this.destroy(new Error(message.message))
    })
    port.unref()
    this.on('pause', () => {
      this.#paused = true
      port.unref()
    })
    this.on('resume', () => {
      // It is told a tick late, and may have been taken back.
      if (this.isPaused()) return
      this.#paused = false
      if (this.#asked) port.ref()
    })
  }

  override _read(): void {
    if (!this.#paused) this.#port.ref()
    if (this.#asked) return
    this.#asked = true
    this.#port.postMessage({ type: 'want' } satisfies ToInput)
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#port.close()
    callback(error)
  }

  ref(): this {
    if (this.#asked) this.#port.ref()
    return this
  }

  unref(): this {
    this.#port.unref()
    return this
  }
}

function terminalInput(input: RankInput, port: MessagePort): RankInput {
  const setRawMode = (mode: boolean): RankInput => {
    port.postMessage({ type: 'raw', mode } satisfies ToInput)
    return Object.assign(input, { isRaw: mode })
  }
  return Object.assign(input, { isTTY: true, isRaw: false, setRawMode })
}

/** Connects `process.stdout`, `process.stderr` and `process.stdin` of this thread with the launcher. */
export function connectStdio(rank: number, { unwritten, terminals, input, inputIsTerminal }: Setting, port: MessagePort): void {
  const words = new Int32Array(unwritten)
  for (const [fd, name] of [
    [1, 'stdout'],
    [2, 'stderr']
  ] as const) {
    define(name, () => {
      const output = new RankOutput(fd, rank, port, words)
      const terminal = terminals[fd]
      if (terminal !== undefined) asTerminal(output, terminal)
      return output
    })
  }
  if (input === undefined) return
  define('stdin', () => {
    const source = new RankInput(input)
    return inputIsTerminal ? terminalInput(source, input) : source
  })
}

/** Made on first use: most ranks write, few read. */
function define(name: 'stdin' | 'stdout' | 'stderr', make: () => Readable | Writable): void {
  let stream: Readable | Writable | undefined
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get: () => {
      stream ??= make()
      return stream
    }
  })
}
