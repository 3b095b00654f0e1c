import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'

/**
 * Hands ArrayBuffers over from rank to rank without copying them: a MessagePort moves them between threads. Two ports are joined when a
 * rank first moves something to another; the launcher's thread hands the other one on.
 */
export class BufferHandoff {
  readonly #out = new Map<number, MessagePort>()
  readonly #in = new Set<{ source: number; port: MessagePort }>()
  readonly #connect: (dest: number, port: MessagePort) => void
  readonly #fetch: () => void
  #expected = 0
  #open: NodeJS.Timeout | undefined
  #deliver: ((source: number, id: number, buffer: ArrayBuffer) => void) | undefined
  #share: ((source: number, id: number, memory: readonly SharedArrayBuffer[]) => void) | undefined

  /** `connect` hands an end to a rank; `fetch` calls `accept` for the ends that are here and were not looked at. */
  constructor(connect: (dest: number, port: MessagePort) => void, fetch: () => void = () => undefined) {
    this.#connect = connect
    this.#fetch = fetch
  }

  onMoved(deliver: (source: number, id: number, buffer: ArrayBuffer) => void): void {
    this.#deliver = deliver
  }

  onShared(share: (source: number, id: number, memory: readonly SharedArrayBuffer[]) => void): void {
    this.#share = share
  }

  move(dest: number, id: number, buffer: ArrayBuffer): void {
    this.#to(dest).postMessage({ id, buffer } satisfies Item, [buffer])
  }

  /** Lets a rank have memory that both see from then on. */
  share(dest: number, id: number, memory: readonly SharedArrayBuffer[]): void {
    this.#to(dest).postMessage({ id, memory } satisfies Item)
  }

  #to(dest: number): MessagePort {
    let port = this.#out.get(dest)
    if (port === undefined) {
      const { port1, port2 } = new MessageChannel()
      this.#connect(dest, port2)
      port1.unref()
      this.#out.set(dest, port1)
      port = port1
    }
    return port
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

  /** The port at which comes what `source` moves. */
  accept(source: number, port: MessagePort): void {
    const entry = { source, port }
    this.#in.add(entry)
    port.on('message', (item: Item) => this.#hand(source, item))
    port.on('close', () => this.#in.delete(entry))
    port.unref()
  }

  /** Delivers what has come, for a program that polls in a loop and gives the event loop no turn; true when that was anything. */
  poll(): boolean {
    this.#fetch()
    let any = false
    for (const { source, port } of this.#in) {
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        any = true
        this.#hand(source, next.message as Item)
      }
    }
    return any
  }

  #hand(source: number, item: Item): void {
    if ('buffer' in item) this.#deliver?.(source, item.id, item.buffer)
    else this.#share?.(source, item.id, item.memory)
  }
}

type Item = { id: number; buffer: ArrayBuffer } | { id: number; memory: readonly SharedArrayBuffer[] }
