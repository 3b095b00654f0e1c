import { Observable, type Observer, type Subscriber, Subscription } from 'rxjs'
import { ProtocolError, RxmpiError } from '../errors.js'
import type { Hub } from './hub.js'
import { decodePlain } from './payload.js'
import {
  COMPLETE,
  CREDIT,
  countFrame,
  countOf,
  END,
  ENDED,
  ERROR,
  FAILED,
  HEADER,
  MAX_NAME,
  MAX_VIEWER_VALUE,
  NEXT,
  newFrame,
  Parts,
  type Payload,
  PING,
  PONG,
  PUBLISH,
  SUBSCRIBE,
  streamOf,
  textFrame,
  textOf,
  UNSUBSCRIBE,
  valueFrames
} from './wire.js'

/** What a viewer's frames go out by. */
export interface Outlet {
  send(frame: Uint8Array): boolean
  /** So much waits there that more should not be sent; the viewer's `drained` follows. */
  readonly full: boolean
  /** Ends it when all is out. */
  finish(): void
  close(): void
}

/** Streams that a viewer may have at a time, each way. */
const MAX_STREAMS = 64
/** Values of one stream that a viewer may ask for ahead. */
const MAX_CREDIT = 2 ** 20
/** Values of one name that may come from a viewer in the time of a tick. */
const PUBLISH_CREDIT = 16
/** What a viewer may say in a second: more than any program of good will has to. */
const MESSAGES_PER_SECOND = 20_000
const BYTES_PER_SECOND = 2 ** 23
/** Answers that may wait for a viewer who does not read. */
const MOST_UNREAD = 1000

export const TICK_MS = 100
const LATE_MS = 1000
const PING_MS = 3000
/** A viewer that has said nothing for so long does not read any more. */
const SILENCE_MS = 30_000
/** The same when nothing is published any more: then only its bytes keep this rank. */
const LAST_SILENCE_MS = 5000

/** One viewer: what it has asked for goes out as it has room, and what it sends comes in as far as its ticket goes. */
export class Viewer {
  readonly #outlet: Outlet
  readonly #hub: Hub
  readonly #writes: boolean
  readonly #now: () => number
  readonly #out = new Map<number, Outgoing>()
  readonly #in = new Map<number, Incoming>()
  #open = true
  #heard: number
  #ticked: number
  #pinged: number
  #second = Number.NEGATIVE_INFINITY
  #messages = 0
  #bytes = 0
  /** Frames that wait though the connection is full. */
  #unread = 0

  constructor(outlet: Outlet, hub: Hub, writes: boolean, now: () => number = () => performance.now()) {
    this.#outlet = outlet
    this.#hub = hub
    this.#writes = writes
    this.#now = now
    this.#heard = now()
    this.#ticked = now()
    this.#pinged = now()
  }

  get open(): boolean {
    return this.#open
  }

  /** What has come; the bytes are valid during the call only. */
  frame(bytes: Uint8Array): void {
    if (!this.#open) return
    try {
      this.#count(bytes.length)
      this.#take(bytes)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.end(FAILED, `the viewer has broken the rules: ${error.message}`)
    }
  }

  drained(): void {
    this.#unread = 0
    this.#heard = this.#now()
    for (const stream of [...this.#out.values()]) stream.pump()
  }

  /** Its connection is no more. */
  closed(): void {
    this.#open = false
    for (const stream of this.#out.values()) stream.stop()
    for (const { reading } of this.#in.values()) reading.unsubscribe()
    this.#out.clear()
    this.#in.clear()
  }

  /** Says how all ends, and ends. */
  end(code: number, why: string): void {
    if (!this.#open) return
    if (code === ENDED) for (const { id, name } of this.#out.values()) this.#fail(id, this.#hub.missing(name))
    this.closed()
    this.#outlet.send(textFrame(END, 0, why, code))
    this.#outlet.finish()
  }

  /** Called every so often. */
  tick(): void {
    if (!this.#open) return
    const now = this.#now()
    // What this rank has had no time to read, the viewer may well have said.
    if (now - this.#ticked > LATE_MS) this.#heard = now
    this.#ticked = now
    if (now - this.#heard > (this.#hub.busy ? SILENCE_MS : LAST_SILENCE_MS)) {
      this.closed()
      this.#outlet.close()
      return
    }
    if (now - this.#pinged >= PING_MS && !this.#outlet.full) {
      this.#pinged = now
      this.#outlet.send(newFrame(PING, 0, 0))
    }
    for (const [id, incoming] of this.#in) {
      const { used } = incoming
      if (used === 0) continue
      incoming.used = 0
      this.#say(countFrame(CREDIT, id, used))
    }
  }

  /** What is no value. Whoever asks and asks, and does not read the answers, would have them wait without end. */
  #say(frame: Uint8Array): void {
    this.#outlet.send(frame)
    if (!this.#outlet.full || ++this.#unread < MOST_UNREAD) return
    this.closed()
    this.#outlet.close()
  }

  #count(bytes: number): void {
    const now = this.#now()
    this.#heard = now
    if (now - this.#second >= 1000) {
      this.#second = now
      this.#messages = 0
      this.#bytes = 0
    }
    this.#bytes += bytes
    if (++this.#messages > MESSAGES_PER_SECOND || this.#bytes > BYTES_PER_SECOND) throw new ProtocolError('it says too much in a second')
  }

  #take(frame: Uint8Array): void {
    if (frame.length < HEADER) throw new ProtocolError('a frame without a header')
    const id = streamOf(frame)
    switch (frame[0]) {
      case SUBSCRIBE:
        return this.#subscribe(id, frame)
      case UNSUBSCRIBE:
        this.#out.get(id)?.stop()
        this.#out.delete(id)
        return
      case CREDIT:
        checkLength(frame, HEADER + 4)
        // A stream that has just ended here is still one there.
        this.#out.get(id)?.grant(countOf(frame))
        return
      case PUBLISH:
        return this.#publish(id, frame)
      case NEXT:
        return this.#next(id, frame)
      case COMPLETE:
        this.#in.get(id)?.reading.unsubscribe()
        this.#in.delete(id)
        return
      case PONG:
        return
    }
    throw new ProtocolError(`a frame of the unknown kind ${frame[0]}`)
  }

  #subscribe(id: number, frame: Uint8Array): void {
    checkLength(frame, HEADER + 4)
    const name = nameIn(frame, HEADER + 4)
    if (this.#out.has(id)) throw new ProtocolError(`a second stream with the number ${id}`)
    if (this.#out.size >= MAX_STREAMS) throw new ProtocolError(`more than ${MAX_STREAMS} streams`)
    const stream = new Outgoing(id, name, countOf(frame), this.#outlet)
    this.#out.set(id, stream)
    const end = (): void => void this.#out.delete(id)
    stream.start((credit$) => this.#hub.stream(name, credit$), {
      next: (payload) => {
        for (const part of valueFrames(id, payload)) this.#outlet.send(part)
      },
      error: (error) => {
        end()
        this.#fail(id, error)
      },
      complete: () => {
        end()
        this.#say(newFrame(COMPLETE, id, 0))
      }
    })
  }

  #publish(id: number, frame: Uint8Array): void {
    const name = nameIn(frame, HEADER)
    if (!this.#writes) throw new ProtocolError(`its ticket reads only, and it publishes '${name}'`)
    if (this.#in.has(id)) throw new ProtocolError(`a second stream with the number ${id}`)
    if (this.#in.size >= MAX_STREAMS) throw new ProtocolError(`more than ${MAX_STREAMS} streams`)
    const incoming: Incoming = { name, parts: new Parts(), credit: 0, used: 0, reading: new Subscription() }
    this.#in.set(id, incoming)
    incoming.reading.add(
      this.#hub.read(name).subscribe(() => {
        incoming.credit = PUBLISH_CREDIT
        this.#say(countFrame(CREDIT, id, PUBLISH_CREDIT))
      })
    )
  }

  #next(id: number, frame: Uint8Array): void {
    const incoming = this.#in.get(id)
    if (incoming === undefined) throw new ProtocolError(`a value of a stream ${id} that is not there`)
    const { parts } = incoming
    if (parts.bytes + frame.length - HEADER > MAX_VIEWER_VALUE) throw new ProtocolError(`a value of more than ${MAX_VIEWER_VALUE} bytes`)
    // The frame's memory is not ours.
    const payload = parts.add(frame.slice())
    if (payload === undefined) return
    if (incoming.credit === incoming.used) throw new ProtocolError('more values than it has credit for')
    incoming.used++
    this.#hub.deliver(incoming.name, decodePlain(payload))
  }

  #fail(id: number, error: unknown): void {
    if (error === undefined) return
    const { name, message } = error instanceof Error ? error : new RxmpiError(String(error))
    this.#say(textFrame(ERROR, id, `${name}\n${message}`))
  }
}

/** A stream of values from a viewer. */
interface Incoming {
  readonly name: string
  readonly parts: Parts
  /** Values that may come in the time of a tick, and those that have. */
  credit: number
  used: number
  /** Waits for somebody who reads them. */
  readonly reading: Subscription
}

/** A stream of values to a viewer: a value at a time may go, while the viewer takes more and its connection has room. */
class Outgoing {
  readonly id: number
  readonly name: string
  readonly #outlet: Outlet
  readonly #values = new Subscription()
  /** Who is told that a value may go, once there is a stream. */
  #gate: Subscriber<number> | undefined
  #granted: number
  /** The gate has been told, and no value has come since. */
  #armed = false
  #pumping = false

  constructor(id: number, name: string, granted: number, outlet: Outlet) {
    this.id = id
    this.name = name
    this.#outlet = outlet
    this.#granted = Math.min(granted, MAX_CREDIT)
  }

  start(values: (credit$: Observable<number>) => Observable<Payload>, { next, error, complete }: Observer<Payload>): void {
    const credit$ = new Observable<number>((gate) => {
      this.#gate = gate
      this.#armed = false
      this.pump()
    })
    const sent = (payload: Payload): void => {
      next(payload)
      this.#armed = false
      this.pump()
    }
    this.#values.add(values(credit$).subscribe({ next: sent, error, complete }))
  }

  grant(count: number): void {
    this.#granted = Math.min(this.#granted + count, MAX_CREDIT)
    this.pump()
  }

  /** Tells the gate as often as there is room. What it lets go tells again, and is told by the loop that is under way. */
  pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    while (this.#gate?.closed === false && !this.#armed && this.#granted > 0 && !this.#outlet.full) {
      this.#granted--
      this.#armed = true
      this.#gate.next(1)
    }
    this.#pumping = false
  }

  stop(): void {
    this.#values.unsubscribe()
  }
}

function checkLength(frame: Uint8Array, least: number): void {
  if (frame.length < least) throw new ProtocolError('a frame that is cut off')
}

function nameIn(frame: Uint8Array, from: number): string {
  const bytes = frame.length - from
  if (bytes < 1 || bytes > MAX_NAME) throw new ProtocolError(`a name of ${bytes} bytes`)
  return textOf(frame, from)
}
