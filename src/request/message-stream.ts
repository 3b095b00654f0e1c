import { Observable, type Subscriber } from 'rxjs'
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { type CallSite, recordCallSite } from '../diagnostics/call-site.js'
import { type Incoming, nobody, type Taker } from '../progress/incoming.js'
import { abortError, onAbort } from './cancellation.js'
import { describeEnvelope, type Envelope, envelopeNow, fillStatus } from './envelope.js'
import { Message } from './message.js'
import { type From, MESSAGES } from './options.js'
import { place } from './receive-request.js'
import { Status } from './status.js'

/** The open subscriptions of each communicator. */
const open = new WeakMap<CommunicatorCore, Set<MessageStream<never>>>()

/**
 * A subscription to `messages()`: receives one message at a time, and the next only when the subscriber has had the last.
 *
 * Several share the messages of a source out, and nothing overtakes: who has a message while the data of an earlier one is still under way
 * to another emits it after that one. Who leaves hands a message that has not come on to whoever has the next, which goes back in turn.
 */
export class MessageStream<T> implements Taker {
  order = 0
  gone = true
  readonly peer: number
  readonly tag: number
  readonly #comm: CommunicatorCore
  readonly #subscriber: Subscriber<Message<T>>
  readonly site: CallSite | undefined
  readonly endless = true
  /** The message that it has been given. */
  #message: Incoming | undefined
  #misfit: Error | undefined
  /** All of the message is there. */
  #ready = false
  #emitting = false
  readonly #all: Set<MessageStream<never>>

  constructor(comm: CommunicatorCore, { peer, tag }: Envelope, subscriber: Subscriber<Message<T>>, site: CallSite | undefined) {
    this.#comm = comm
    this.peer = peer
    this.tag = tag
    this.#subscriber = subscriber
    this.site = site
    this.#all = open.get(comm) ?? new Set()
    open.set(comm, this.#all)
    this.#all.add(this)
    comm.endpoint.transport.hold()
    subscriber.add(() => this.#leave())
    this.#next()
  }

  accept(message: Incoming): boolean {
    this.#message = message
    this.#ready = false
    this.#misfit = place(this.#comm, message, undefined)
    return this.#misfit === undefined
  }

  finish(message: Incoming): void {
    this.#ready = true
    if (this.#all.size > 1 && this.#isBehind()) message.own()
    else this.#emit()
  }

  fail(error: Error): void {
    this.#comm.withdraw(this)
    this.#message = undefined
    this.abort(error)
  }

  /** Nobody wants more: a message that is under way to it is for the next in line, as when its subscriber leaves. */
  abort(error: Error): void {
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
      if (!this.#comm.receiveNow(this)) {
        this.#comm.post(this)
        break
      }
      if (this.#message !== undefined) break
    }
    this.#emitting = false
  }

  #emit(): void {
    const message = this.#message!
    this.#message = undefined
    const looping = this.#emitting
    this.#emitting = true
    try {
      if (this.#misfit !== undefined) throw this.#misfit
      const status = fillStatus(new Status(), this.#comm, message)
      this.#subscriber.next(new Message(this.#comm, status, message.value() as T))
    } catch (error) {
      this.fail(error as Error)
    }
    this.#emitting = looping
    this.#releaseOthers()
    if (!looping) this.#next()
  }

  /** Those whose messages were behind one that is out of the way. */
  #releaseOthers(): void {
    if (this.#all.size < 2 && !this.#subscriber.closed) return
    for (const other of [...this.#all]) if (other.#message !== undefined && other.#ready && !other.#isBehind()) other.#emit()
  }

  /** Whether another waits for the data of an earlier message of the same source. */
  #isBehind(): boolean {
    const { source, order } = this.#message!
    for (const stream of this.#all) {
      const message = stream.#message
      if (message !== undefined && message.source === source && message.order < order) return true
    }
    return false
  }

  #leave(): void {
    const { endpoint } = this.#comm
    this.#all.delete(this as MessageStream<never>)
    this.#comm.withdraw(this)
    endpoint.transport.release()
    // What it leaves is the last of the chain's, whatever was its own.
    for (let heir = this.#heir(); heir !== undefined; heir = this.#heir()) this.#exchange(heir)
    const message = this.#message
    this.#message = undefined
    if (message !== undefined && this.#ready) endpoint.offer(message)
    else if (message !== undefined) {
      message.taker = nobody(message.tag)
      endpoint.giveBack(message.taker)
    }
    this.#releaseOthers()
  }

  #exchange(other: MessageStream<never>): void {
    const [message, ready, misfit] = [this.#message, this.#ready, this.#misfit]
    this.#message = other.#message
    this.#ready = other.#ready
    this.#misfit = other.#misfit
    other.#message = message
    other.#ready = ready
    other.#misfit = misfit
    if (!ready) message!.taker = other
  }

  /** Who has the next message of the same source, and could have had this one. */
  #heir(): MessageStream<never> | undefined {
    const message = this.#message
    if (message === undefined) return undefined
    let heir: MessageStream<never> | undefined
    for (const stream of this.#all) {
      const other = stream.#message
      if (other === undefined || other.source !== message.source || other.order <= message.order || !stream.#fits(message)) continue
      if (heir === undefined || other.order < heir.#message!.order) heir = stream
    }
    return heir
  }

  #fits({ source, tag }: Incoming): boolean {
    return (this.peer === ANY_SOURCE || this.peer === source) && (this.tag === ANY_TAG || this.tag === tag)
  }
}

export function messages<T>(comm: CommunicatorCore, from: Omit<From, 'into' | 'status'> | undefined): Observable<Message<T>> {
  const site = recordCallSite()
  const envelope = envelopeNow(comm, from, MESSAGES)
  const signal = from?.signal
  return new Observable<Message<T>>((subscriber) => {
    if (envelope.peer === PROC_NULL) return
    if (signal?.aborted) {
      subscriber.error(comm.inContext(abortError(signal), site))
      return
    }
    const stream = new MessageStream<T>(comm, envelope, subscriber, site)
    if (signal !== undefined) subscriber.add(onAbort(signal, (error) => stream.abort(error)))
  })
}
