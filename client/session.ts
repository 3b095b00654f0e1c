import type { Observer } from 'rxjs'
import { AuthenticationError, OverflowError, ProtocolError, RankFailedError, RemoteError, RxmpiError } from '../src/errors.js'
import type { Ticket } from '../src/viewers/ticket.js'
import {
  COMPLETE,
  CREDIT,
  countFrame,
  countOf,
  END,
  ENDED,
  ERROR,
  NEXT,
  newFrame,
  Parts,
  type Payload,
  PING,
  PONG,
  PUBLISH,
  REFUSED,
  SUBSCRIBE,
  streamOf,
  textFrame,
  textOf,
  UNSUBSCRIBE,
  VIEWER_PART,
  valueFrames
} from '../src/viewers/wire.js'
import { decode } from './codec.js'
import type { Dial, Line } from './line.js'

interface Incoming {
  readonly observer: Observer<unknown>
  readonly parts: Parts
  readonly prefetch: number
  /** Values since credit was last given. */
  consumed: number
}

/** Hears of credit, and of the end of the session. */
export interface Writer {
  granted(count: number): void
  lost(): void
}

/** One connection and all that goes over it. When it ends, so does each of its streams. */
export class Session {
  readonly #line: Line
  readonly #incoming = new Map<number, Incoming>()
  readonly #writers = new Map<number, Writer>()
  readonly #onEnd: (error: Error | undefined) => void
  #waiting: Uint8Array[] | undefined = []
  #last = 0
  #over = false

  /** `onEnd`: told once, with an error where it was none that the job or this end has meant. */
  constructor(dial: Dial, ticket: Ticket, onEnd: (error: Error | undefined) => void) {
    this.#onEnd = onEnd
    this.#line = dial(ticket, {
      opened: () => {
        const waiting = this.#waiting ?? []
        this.#waiting = undefined
        for (const frame of waiting) this.#line.send(frame)
      },
      frame: (bytes) => {
        if (!this.#over) this.#take(bytes)
      },
      closed: (error) => this.#end(error)
    })
  }

  get idle(): boolean {
    return this.#incoming.size === 0 && this.#writers.size === 0
  }

  /** Asks for a stream; returns what gives it up. */
  subscribe(name: string, prefetch: number, observer: Observer<unknown>): () => void {
    const id = ++this.#last
    this.#incoming.set(id, { observer, parts: new Parts(), prefetch, consumed: 0 })
    this.#send(countFrame(SUBSCRIBE, id, prefetch, name))
    return () => {
      if (this.#incoming.delete(id)) this.#send(newFrame(UNSUBSCRIBE, id, 0))
    }
  }

  /** Announces values for a name; returns their number. */
  publish(name: string, writer: Writer): number {
    const id = ++this.#last
    this.#writers.set(id, writer)
    this.#send(textFrame(PUBLISH, id, name))
    return id
  }

  write(id: number, payload: Payload): void {
    for (const frame of valueFrames(id, payload, VIEWER_PART)) this.#send(frame)
  }

  completeWriting(id: number): void {
    if (this.#writers.delete(id)) this.#send(newFrame(COMPLETE, id, 0))
  }

  close(): void {
    this.#end(undefined)
  }

  #send(frame: Uint8Array): void {
    if (this.#over) return
    if (this.#waiting === undefined) this.#line.send(frame)
    else this.#waiting.push(frame)
  }

  #take(frame: Uint8Array): void {
    const id = streamOf(frame)
    switch (frame[0]) {
      case NEXT:
        return this.#next(id, frame)
      case COMPLETE: {
        const stream = this.#incoming.get(id)
        this.#incoming.delete(id)
        return stream?.observer.complete()
      }
      case ERROR: {
        const stream = this.#incoming.get(id)
        this.#incoming.delete(id)
        return stream?.observer.error(errorOf(textOf(frame)))
      }
      case CREDIT:
        return this.#writers.get(id)?.granted(countOf(frame))
      case PING:
        return this.#send(newFrame(PONG, 0, 0))
      case END: {
        const why = textOf(frame)
        if (frame[1] === ENDED) return this.#end(undefined)
        return this.#end(frame[1] === REFUSED ? new AuthenticationError(why) : new RankFailedError(why))
      }
    }
    this.#end(new ProtocolError(`a frame of the unknown kind ${frame[0]} came: the job has another version of rxmpi`))
  }

  #next(id: number, frame: Uint8Array): void {
    const stream = this.#incoming.get(id)
    if (stream === undefined) return
    const payload = stream.parts.add(frame)
    if (payload === undefined) return
    let value: unknown
    try {
      value = decode(payload)
    } catch (error) {
      this.#incoming.delete(id)
      this.#send(newFrame(UNSUBSCRIBE, id, 0))
      return stream.observer.error(error)
    }
    stream.observer.next(value)
    if (++stream.consumed * 4 < stream.prefetch || !this.#incoming.has(id)) return
    this.#send(countFrame(CREDIT, id, stream.consumed))
    stream.consumed = 0
  }

  #end(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#line.close()
    this.#onEnd(error)
    const [streams, writers] = [[...this.#incoming.values()], [...this.#writers.values()]]
    this.#incoming.clear()
    this.#writers.clear()
    for (const writer of writers) writer.lost()
    for (const { observer } of streams) {
      if (error === undefined) observer.complete()
      else observer.error(error)
    }
  }
}

function errorOf(text: string): Error {
  const cut = text.indexOf('\n')
  const [name, message] = [text.slice(0, cut), text.slice(cut + 1)]
  if (name === 'OverflowError') return new OverflowError(message)
  if (name === 'RxmpiError') return new RxmpiError(message)
  const cause = new Error(message)
  cause.name = name
  return new RemoteError(`${name}: ${message}`, { cause })
}
