import { Observable, type Subscriber } from 'rxjs'
import { PROC_NULL } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { type CallSite, recordCallSite } from '../diagnostics/call-site.js'
import type { Incoming, Taker } from '../progress/incoming.js'
import { abortError, onAbort } from './cancellation.js'
import { describeEnvelope, type Envelope, envelopeNow, fillStatus } from './envelope.js'
import { Message } from './message.js'
import type { From } from './options.js'
import { place } from './receive-request.js'
import { Status } from './status.js'

/** A subscription to `messages()`: receives one message at a time, and the next only when the subscriber has had the last. */
export class MessageStream<T> implements Taker {
  order = 0
  gone = true
  readonly peer: number
  readonly tag: number
  readonly #comm: CommunicatorCore
  readonly #subscriber: Subscriber<Message<T>>
  readonly site: CallSite | undefined
  readonly endless = true
  #misfit: Error | undefined
  #emitting = false
  #waiting = false
  #released = false

  constructor(comm: CommunicatorCore, { peer, tag }: Envelope, subscriber: Subscriber<Message<T>>, site: CallSite | undefined) {
    this.#comm = comm
    this.peer = peer
    this.tag = tag
    this.#subscriber = subscriber
    this.site = site
    comm.endpoint.transport.hold()
    subscriber.add(() => {
      if (this.#waiting && !comm.withdraw(this)) comm.endpoint.giveBack(this)
      this.#release()
    })
    this.#next()
  }

  accept(message: Incoming): boolean {
    this.#misfit = place(this.#comm, message, undefined)
    return this.#misfit === undefined
  }

  finish(message: Incoming): void {
    this.#waiting = false
    if (this.#subscriber.closed) return this.#comm.endpoint.offer(message)
    const status = fillStatus(new Status(), this.#comm, message)
    try {
      if (this.#misfit !== undefined) throw this.#misfit
      const data = message.value() as T
      const looping = this.#emitting
      this.#emitting = true
      this.#subscriber.next(new Message(this.#comm, status, data))
      this.#emitting = looping
    } catch (error) {
      this.fail(error as Error)
      return
    }
    if (!this.#emitting) this.#next()
  }

  fail(error: Error): void {
    this.#comm.withdraw(this)
    this.#waiting = false
    this.#subscriber.error(this.#comm.inContext(error, this.site))
  }

  giveUp(makeError: (site: CallSite | undefined) => Promise<Error>): void {
    void makeError(this.site).then((error) => this.fail(error))
  }

  describe(): string {
    return `in messages()${this.#comm.on} for ${describeEnvelope(this.#comm, this)}`
  }

  /** A loop and no recursion over the messages that are there already. */
  #next(): void {
    this.#emitting = true
    while (!this.#subscriber.closed) {
      this.#waiting = true
      if (!this.#comm.receiveNow(this)) {
        this.#comm.post(this)
        break
      }
      if (this.#waiting) break
    }
    this.#emitting = false
  }

  #release(): void {
    if (this.#released) return
    this.#released = true
    this.#comm.endpoint.transport.release()
  }
}

export function messages<T>(comm: CommunicatorCore, from: Omit<From, 'into' | 'status'> | undefined): Observable<Message<T>> {
  const site = recordCallSite()
  const envelope = envelopeNow(comm, from)
  const signal = from?.signal
  return new Observable<Message<T>>((subscriber) => {
    if (envelope.peer === PROC_NULL) return
    if (signal?.aborted) {
      subscriber.error(comm.inContext(abortError(signal), site))
      return
    }
    const stream = new MessageStream<T>(comm, envelope, subscriber, site)
    if (signal !== undefined) subscriber.add(onAbort(signal, (error) => stream.fail(error)))
  })
}
