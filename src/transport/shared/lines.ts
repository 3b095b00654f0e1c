import { MessageChannel, type MessagePort } from 'node:worker_threads'

/**
 * Lines between ranks for ArrayBuffers that change their owner without being copied: a MessagePort moves them between threads.
 * A line is laid when a rank first moves something to another; the launcher's thread hands its other end on.
 */
export class Lines {
  readonly #out = new Map<number, MessagePort>()
  readonly #connect: (dest: number, port: MessagePort) => void
  #expected = 0
  #open: NodeJS.Timeout | undefined
  #deliver: ((source: number, id: number, buffer: ArrayBuffer) => void) | undefined

  constructor(connect: (dest: number, port: MessagePort) => void) {
    this.#connect = connect
  }

  onMoved(deliver: (source: number, id: number, buffer: ArrayBuffer) => void): void {
    this.#deliver = deliver
  }

  move(dest: number, id: number, buffer: ArrayBuffer): void {
    let line = this.#out.get(dest)
    if (line === undefined) {
      const { port1, port2 } = new MessageChannel()
      this.#connect(dest, port2)
      port1.unref()
      this.#out.set(dest, port1)
      line = port1
    }
    line.postMessage({ id, buffer }, [buffer])
  }

  /** Buffers that are under way hold the event loop open. */
  expect(change: 1 | -1): void {
    this.#expected += change
    if (this.#expected > 0) this.#open ??= setInterval(() => undefined, 2 ** 30)
    else {
      clearInterval(this.#open)
      this.#open = undefined
    }
  }

  /** The other end of a line that `source` has laid. */
  accept(source: number, port: MessagePort): void {
    port.on('message', ({ id, buffer }: { id: number; buffer: ArrayBuffer }) => this.#deliver?.(source, id, buffer))
    port.unref()
  }
}
