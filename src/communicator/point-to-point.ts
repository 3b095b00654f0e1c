import { Observable } from 'rxjs'
import { type BufferLike, datatypeOf, memoryOf, OBJECT } from '../codec/datatype.js'
import { encodeObject } from '../codec/object.js'
import { references } from '../codec/reference.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../constants.js'
import {
  checkAttached,
  checkDest,
  checkInto,
  checkOptions,
  checkReceiveTag,
  checkSignal,
  checkSource,
  checkStatus,
  checkStatusCode,
  checkTag
} from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { abandonOn, abortError, onAbort } from '../diagnostics/cancellation.js'
import { inContext } from '../diagnostics/error-context.js'
import { ArgumentError, FreedError, RankFailedError, RevokedError } from '../errors.js'
import { FailedMembers } from '../failure/failed-members.js'
import { goneError, MemberGone } from '../failure/rank-failure.js'
import { overlap, snapshot, takeOver } from '../memory/ownership.js'
import type { Context } from '../progress/context.js'
import type { Endpoint, Membership } from '../progress/endpoint.js'
import type { Incoming, Taker } from '../progress/incoming.js'
import { EAGER_BYTES, Outgoing } from '../progress/send-queue.js'
import type { Message } from '../request/message.js'
import { MessageStream } from '../request/message-stream.js'
import { ClaimRequest, type Envelope, ProbeRequest, ReceiveRequest, type TakingRequest } from '../request/receive-request.js'
import type { Request } from '../request/request.js'
import { SendRequest } from '../request/send-request.js'
import { Status } from '../request/status.js'
import type { Exchange, From, To } from './options.js'

const sent = Promise.resolve()

/** What two ranks of a communicator say to each other. MPI 4.1 §3. */
export abstract class PointToPoint implements Membership {
  readonly rank: number
  readonly size: number
  readonly name: string
  readonly #endpoint: Endpoint
  readonly #id: number
  readonly #context: Context
  /** The endpoint's rank of each rank here, and back. */
  readonly #members: readonly number[]
  readonly #ranks: readonly number[]
  #alive = true
  #revoked = false
  /** @internal Those of its ranks that have failed. */
  readonly failedMembers: FailedMembers

  /** @internal */
  constructor(endpoint: Endpoint, id: number, name: string, members: readonly number[]) {
    this.#endpoint = endpoint
    this.#id = id
    this.#context = endpoint.context(id)
    this.#members = members
    this.#ranks = inverse(members)
    this.rank = this.#ranks[endpoint.transport.rank]!
    this.size = members.length
    this.name = name
    this.failedMembers = new FailedMembers(endpoint, (member) => this.#ranks[member])
    endpoint.use(id, this)
  }

  /**
   * Sends anything; resolves when the data may be changed again. Up to 64 KiB that is at once, unless the receiver's window is full.
   *
   *     rank 0   isend(a)   (u|)
   *     rank 1   irecv()    ---(a|)
   *
   * Shape: any data, see "Data" in the reference. Cost: one copy into segments and one out of them; above 64 KiB one more round trip, for the data
   * waits for its receive. With `transfer` the memory itself changes its owner, at a cost that does not depend on its size.
   * Errors: RankError, TagError, ArgumentError, DataCloneError at the call; RankFailedError; AbortError, TimeoutError.
   * MPI: MPI_Send, MPI 4.1 §3.2.1; mpi4py: comm.send, comm.Send.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * if (comm.rank === 0) await comm.send({ a: 7, b: 3.14 }, { dest: 1, tag: 11 })
   * if (comm.rank === 1) console.log(await comm.recv({ source: 0, tag: 11 })) // [1] { a: 7, b: 3.14 }
   * ```
   */
  send(data: unknown, to: To & { transfer?: boolean }): Promise<void> {
    const request = this.#send(data, to, false)
    return request === undefined ? sent : request.wait()
  }

  /**
   * Sends, and resolves once `recv`, `irecv`, `mprobe` or `messages()` has matched the message.
   *
   *     rank 0   issend(a)  ------(u|)
   *     rank 1   irecv()    ---(a|)
   *
   * Cost: that of `send`, and the answer's way back. Errors: those of `send`. MPI: MPI_Ssend, MPI 4.1 §3.4; mpi4py: comm.ssend, comm.Ssend.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * if (comm.rank === 0) {
   *   await comm.ssend('are you there?', { dest: 1 })
   *   console.log('it was received') // [0] it was received
   * }
   * if (comm.rank === 1) await comm.recv()
   * ```
   */
  ssend(data: unknown, to: To & { transfer?: boolean }): Promise<void> {
    const request = this.#send(data, to, true)
    return request === undefined ? sent : request.wait()
  }

  /**
   * As `send`, as a request. MPI: MPI_Isend, MPI 4.1 §3.7.2; mpi4py: comm.isend, comm.Isend.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, Request } from 'rxmpi'
   *
   * if (comm.rank === 0) await Request.waitAll(['a', 'b', 'c'].map((letter) => comm.isend(letter, { dest: 1 })))
   * if (comm.rank === 1) for (let k = 0; k < 3; k++) console.log(await comm.recv()) // [1] a [1] b [1] c
   * ```
   */
  isend(data: unknown, to: To & { transfer?: boolean }): Request<void> {
    return this.#send(data, to, false) ?? this.#sent()
  }

  /** As `ssend`, as a request. MPI: MPI_Issend; mpi4py: comm.issend, comm.Issend. */
  issend(data: unknown, to: To & { transfer?: boolean }): Request<void> {
    return this.#send(data, to, true) ?? this.#sent()
  }

  /**
   * Receives a message; without options any. With `into` in place: the call resolves to that same object.
   *
   * Shape: what was sent, on memory of its own; or the front of `into`, `status.count` tells how much.
   * Errors: RankError, TagError, ArgumentError at the call; TruncationError and DatatypeError consume the message and leave `into` untouched;
   * RankFailedError, DeadlockError; AbortError and TimeoutError withdraw the receive. MPI: MPI_Recv, MPI 4.1 §3.2.4; mpi4py: comm.recv, comm.Recv.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm, Status } from 'rxmpi'
   *
   * if (comm.rank === 0) await comm.send(Float64Array.of(1, 2, 3), { dest: 1 })
   * if (comm.rank === 1) {
   *   const status = new Status()
   *   const row = await comm.recv({ source: 0, into: new Float64Array(8), status })
   *   console.log(row[2], status.count) // [1] 3 3
   * }
   * ```
   */
  recv<B extends BufferLike>(from: From & { into: B }): Promise<B>
  recv<T = unknown>(from?: From): Promise<T>
  recv<T>(from?: From): Promise<T> {
    return this.#receive<T>(from).wait()
  }

  /**
   * As `recv`, as a request: an Observable of the one message, live from the call. MPI: MPI_Irecv, MPI 4.1 §3.7.2; mpi4py: comm.irecv, comm.Irecv.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   * import { forkJoin } from 'rxjs'
   *
   * if (comm.rank === 0) {
   *   forkJoin([comm.irecv({ source: 1, tag: 1 }), comm.irecv({ source: 1, tag: 2 })]).subscribe(console.log) // [0] [ 'one', 'two' ]
   * }
   * if (comm.rank === 1) {
   *   await comm.send('two', { dest: 0, tag: 2 })
   *   await comm.send('one', { dest: 0, tag: 1 })
   * }
   * ```
   */
  irecv<B extends BufferLike>(from: From & { into: B }): Request<B>
  irecv<T = unknown>(from?: From): Request<T>
  irecv<T>(from?: From): Request<T> {
    return this.#receive<T>(from)
  }

  /**
   * Sends and receives at once, so that exchanges cannot deadlock. `into` may be the data itself.
   *
   * Errors: those of `send` and `recv`. MPI: MPI_Sendrecv, MPI_Sendrecv_replace, MPI 4.1 §3.10; mpi4py: comm.sendrecv, comm.Sendrecv.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const right = (comm.rank + 1) % comm.size
   * const left = (comm.rank - 1 + comm.size) % comm.size
   * console.log('from my left:', await comm.sendrecv(comm.rank, { dest: right, source: left })) // [0] from my left: 1 [1] from my left: 0
   * ```
   */
  sendrecv<B extends BufferLike>(data: unknown, exchange: Exchange & { into: B }): Promise<B>
  sendrecv<S = unknown, R = unknown>(data: S, exchange: Exchange): Promise<R>
  async sendrecv<R>(data: unknown, exchange: Exchange): Promise<R> {
    const { dest, sendTag, source, recvTag, into, status, signal } = this.#exchange(exchange)
    const outgoing = this.isend(into !== undefined && overlap(data, into) ? snapshot(data as BufferLike) : data, {
      dest,
      tag: sendTag,
      signal
    } as To)
    if (outgoing.failed) await outgoing.wait()
    const incoming = this.#receive<R>({ source, tag: recvTag, into, status, signal } as From)
    incoming.look()
    try {
      await outgoing.wait()
    } catch (error) {
      incoming.cancel()
      throw error
    }
    return incoming.wait()
  }

  /**
   * Waits for a message and leaves it in the queue. Errors: those of `recv` at the call. MPI: MPI_Probe, MPI 4.1 §3.8.1; mpi4py: comm.probe.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * if (comm.rank === 0) await comm.send(Int32Array.of(4, 5), { dest: 1 })
   * if (comm.rank === 1) {
   *   const { count } = await comm.probe({ source: 0 })
   *   console.log(await comm.recv({ source: 0, into: new Int32Array(count) })) // [1] Int32Array(2) [ 4, 5 ]
   * }
   * ```
   */
  probe(from?: Omit<From, 'into'>): Promise<Status> {
    const site = recordCallSite()
    try {
      const probe = new ProbeRequest(this, this.#envelope(from), site)
      return this.#startProbe(probe, from?.signal).wait()
    } catch (error) {
      return refuse(new ProbeRequest(this, anything, captureCallSite()), error).wait()
    }
  }

  /** What `probe` would find now; polls. MPI: MPI_Iprobe; mpi4py: comm.iprobe. */
  iprobe(from?: Omit<From, 'into' | 'signal'>): Status | undefined {
    const { peer, tag, status = new Status() } = this.#envelopeNow(from)
    if (peer === PROC_NULL) return status.setNobody()
    this.poll()
    const message = this.#context.matching.find(peer, tag)
    if (message === undefined) this.#seek(peer)
    return message && this.fillStatus(status, message)
  }

  /**
   * Waits for a message and takes it out of the queue, to be received by its `recv`: nobody else gets it in between.
   * MPI: MPI_Mprobe, MPI 4.1 §3.8.2; mpi4py: comm.mprobe.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * if (comm.rank === 0) await comm.send('for whoever looks first', { dest: 1 })
   * if (comm.rank === 1) {
   *   const message = await comm.mprobe()
   *   console.log(message.status.source, await message.recv()) // [1] 0 for whoever looks first
   * }
   * ```
   */
  mprobe<T = unknown>(from?: Omit<From, 'into'>): Promise<Message<T>> {
    const site = recordCallSite()
    try {
      return this.#start(new ClaimRequest<T>(this, this.#envelope(from), site), from?.signal).wait()
    } catch (error) {
      return refuse(new ClaimRequest<T>(this, anything, captureCallSite()), error).wait()
    }
  }

  /** What `mprobe` would take now; polls. MPI: MPI_Improbe; mpi4py: comm.improbe. */
  improbe<T = unknown>(from?: Omit<From, 'into' | 'signal'>): Message<T> | undefined {
    const request = new ClaimRequest<T>(this, this.#envelopeNow(from), undefined)
    if (request.peer === PROC_NULL) return request.finishEmpty().value
    this.poll()
    if (this.#endpoint.receiveNow(this.#context, request)) return request.value
    this.#seek(request.peer)
    return undefined
  }

  /** There is nothing now; throws when there never will be. */
  #seek(peer: number): void {
    const error = this.#inVain(peer)
    if (error !== undefined) throw this.inContext(error, captureCallSite())
    this.#endpoint.seek(peer)
  }

  /**
   * Every message that matches, for ever, one at a time: what is not taken is left for a later receive.
   *
   *     sent by rank 0       a--b--c--d
   *     messages()           ---a--b--c--d
   *     …pipe(take(2))       ---a--(b|)
   *
   * Errors: RankError, TagError at the call; RankFailedError when the source is gone. MPI has no such call: it is a loop over `recv`.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   * import { map, take } from 'rxjs'
   *
   * if (comm.rank === 0) {
   *   comm.messages<number>().pipe(take(2), map(({ data }) => data * 10)).subscribe(console.log) // [0] 10 [0] 20
   * } else {
   *   await comm.send(1, { dest: 0 })
   *   await comm.send(2, { dest: 0 })
   * }
   * ```
   */
  messages<T = unknown>(from?: Omit<From, 'into' | 'status'>): Observable<Message<T>> {
    const site = recordCallSite()
    const envelope = this.#envelopeNow(from)
    const signal = from?.signal
    return new Observable<Message<T>>((subscriber) => {
      if (envelope.peer === PROC_NULL) return
      if (signal?.aborted) {
        subscriber.error(this.inContext(abortError(signal), site))
        return
      }
      const stream = new MessageStream<T>(this, envelope, subscriber, site)
      if (signal !== undefined) subscriber.add(onAbort(signal, (error) => stream.fail(error)))
    })
  }

  /**
   * Ends every rank of the job with this status; never returns. MPI: MPI_Abort, MPI 4.1 §9.5; mpi4py: comm.Abort.
   * Errors: ArgumentError when `code` is no integer from 0 to 255.
   */
  abort(code = 1, reason?: string): never {
    try {
      checkStatusCode(code)
    } catch (error) {
      throw this.inContext(error, captureCallSite())
    }
    return this.#endpoint.abort(code, reason)
  }

  /** @internal The message that `mprobe` has taken, unless it was received already. */
  receiveClaimed<T>(status: Status, options: { into?: BufferLike }, take: () => Incoming | undefined): Request<T> {
    const site = recordCallSite()
    try {
      this.checkAlive()
      checkOptions(options, '{ into: new Float64Array(8) }')
      const { into } = options
      if (into !== undefined) checkInto(into)
      if (status.source === PROC_NULL) return new ReceiveRequest<T>(this, anything, into, site).finishEmpty()
      const message = take()
      if (message === undefined) throw new ArgumentError('message: it was received already; a message can be received once')
      const request = new ReceiveRequest<T>(this, { peer: message.source, tag: message.tag }, into, site)
      request.holds(this.#endpoint.transport)
      this.#endpoint.assign(message, request)
      return request
    } catch (error) {
      return refuse(new ReceiveRequest<T>(this, anything, undefined, captureCallSite()), error)
    }
  }

  /** @internal */
  get endpoint(): Endpoint {
    return this.#endpoint
  }

  /** @internal Its first context. */
  get id(): number {
    return this.#id
  }

  /** @internal For a report: ' on 'world.dup(1)''. */
  get on(): string {
    return this.#endpoint.on(this.#id)
  }

  /** @internal */
  get alive(): boolean {
    return this.#alive
  }

  /** @internal Throws when it was freed or revoked. */
  checkAlive(): void {
    const { obstacle } = this
    if (obstacle !== undefined) throw obstacle
  }

  /** @internal Why nothing can be done with it. */
  get obstacle(): Error | undefined {
    return !this.#alive ? this.freedError() : this.#revoked ? this.revokedError() : undefined
  }

  /** @internal */
  get revoked(): boolean {
    return this.#revoked
  }

  /** @internal */
  revokedError(): Error {
    return new RevokedError(`communicator '${this.name}' was revoked; let all ranks go on with the one that shrink() gives`)
  }

  /** @internal */
  freedError(): Error {
    return new FreedError(`communicator '${this.name}' was freed on this rank; use another, or free it later`)
  }

  /** @internal It is given up. */
  release(): void {
    this.#alive = false
    this.breakOff(() => this.freedError())
    this.#endpoint.disuse(this.#id)
  }

  /** @internal It was revoked, here or by another rank. */
  becomeRevoked(): void {
    this.#revoked = true
    this.breakOff(() => this.revokedError())
  }

  /** @internal Fails all that is pending, and drops what comes from now on. */
  protected breakOff(makeError: () => Error): void {
    this.#endpoint.release(this.#id, makeError)
  }

  /** @internal */
  announce(_member: number): void {}

  /** @internal A message from any rank may have been the failed one's to send. */
  lose(member: number): void {
    if (!this.has(member)) return
    const error = this.#anySourceError()
    if (error === undefined) return
    const { matching, probes } = this.#context
    for (const waiting of [...matching.waiting(), ...probes]) if (waiting.peer === ANY_SOURCE) waiting.fail(error)
  }

  /** A receive from any rank is in vain, unless the program knows of all that have failed. */
  #anySourceError(): RankFailedError | undefined {
    const error = this.failedMembers.unacknowledged
    if (error === undefined) return undefined
    return new RankFailedError(
      `${error.message}; it may have been the one to send what ANY_SOURCE waits for: call ackFailed(), and receive from the others`,
      { failed: error.failed }
    )
  }

  /** @internal The endpoint's rank of each rank here. */
  get members(): readonly number[] {
    return this.#members
  }

  /** @internal The endpoint's rank of a rank here. */
  memberOf(rank: number): number {
    return this.#members[rank]!
  }

  /** @internal */
  poll(): void {
    this.#endpoint.transport.poll()
  }

  /** @internal Whether the receive was still waiting. */
  withdraw(taker: Taker): boolean {
    return this.#context.matching.withdraw(taker)
  }

  /** @internal Gives the taker what has come already; false when it has to wait. */
  receiveNow(taker: Taker): boolean {
    references.here = this.#endpoint
    return this.#endpoint.receiveNow(this.#context, taker)
  }

  /** @internal Lets the taker wait. */
  post(taker: Taker): void {
    const error = this.#inVain(taker.peer)
    if (error === undefined) this.#endpoint.post(this.#context, taker)
    else taker.fail(error)
  }

  /** Why nothing can come. */
  #inVain(peer: number): RankFailedError | undefined {
    if (peer < 0) return this.#anySourceError()
    const gone = this.#endpoint.whyGone(peer)
    return gone && goneError(this.rankOf(peer), gone)
  }

  /** @internal */
  unwatch(probe: ProbeRequest): void {
    const { probes } = this.#context
    const index = probes.indexOf(probe)
    if (index >= 0) probes.splice(index, 1)
  }

  /** @internal */
  rankOf(member: number): number {
    return this.#ranks[member] ?? member
  }

  /** @internal */
  has(member: number): boolean {
    return this.#ranks[member] !== undefined
  }

  /** @internal */
  fillStatus(status: Status, message: Incoming): Status {
    return status.set(this.rankOf(message.source), message.tag, message.datatype, message.bytes)
  }

  /** @internal */
  inContext(error: unknown, site: CallSite | undefined): Error {
    return inContext(this.named(error), { rank: this.rank, communicator: this.name }, site)
  }

  /** @internal With the rank here instead of the endpoint's. */
  named<E>(error: E): E | RankFailedError {
    return error instanceof MemberGone ? goneError(this.rankOf(error.member), error.gone) : error
  }

  #send(data: unknown, to: To & { transfer?: boolean }, synchronous: boolean): SendRequest | undefined {
    const site = recordCallSite()
    try {
      this.checkAlive()
      checkOptions(to, '{ dest: 1 }')
      const { dest, tag = 0, transfer = false, signal } = to
      checkDest(dest, this.size)
      checkTag(tag)
      if (signal !== undefined) checkSignal(signal)
      const datatype = datatypeOf(data)
      if (datatype !== OBJECT) checkAttached(data as BufferLike, 'data')
      else if (transfer) throw new ArgumentError('transfer: only typed arrays, DataView, Buffer and ArrayBuffer can be moved')
      if (signal?.aborted) throw abortError(signal)
      references.here = this.#endpoint
      const bytes = datatype === OBJECT ? encodeObject(data) : transfer ? takeOver(data as BufferLike) : memoryOf(data as BufferLike)
      if (dest === PROC_NULL) return undefined
      const member = this.#members[dest]!
      const reason = this.#endpoint.whyGone(member)
      if (reason !== undefined) throw goneError(dest, reason)
      const link = this.#endpoint.link(member)
      if (!synchronous && link.sendNow(this.#id, tag, datatype, bytes as Uint8Array, bytes.byteLength)) return undefined
      const request = new SendRequest(this, site)
      const kept = datatype === OBJECT ? (bytes as Uint8Array).slice() : bytes
      const moved = transfer && kept.byteLength > EAGER_BYTES ? (kept.buffer as ArrayBuffer) : undefined
      request.holds(this.#endpoint.transport)
      request.start(link, new Outgoing(this.#id, tag, datatype, kept, synchronous, moved, request), dest)
      if (signal !== undefined) abandonOn(signal, request, (error) => request.abandon(error))
      return request
    } catch (error) {
      return refuse(new SendRequest(this, captureCallSite()), error)
    }
  }

  /** A send that is out already. */
  #sent(): Request<void> {
    const request = new SendRequest(this, undefined)
    request.done()
    return request
  }

  #receive<T>(from: From | undefined): ReceiveRequest<T> {
    const site = recordCallSite()
    try {
      const envelope = this.#envelope(from)
      if (from?.into !== undefined) checkInto(from.into)
      return this.#start(new ReceiveRequest<T>(this, envelope, from?.into, site), from?.signal)
    } catch (error) {
      return refuse(new ReceiveRequest<T>(this, anything, undefined, captureCallSite()), error)
    }
  }

  #start<R extends TakingRequest<unknown>>(request: R, signal: AbortSignal | undefined): R {
    if (request.peer === PROC_NULL) return request.finishEmpty()
    request.holds(this.#endpoint.transport)
    if (!this.receiveNow(request)) this.post(request)
    if (signal !== undefined) {
      abandonOn(signal, request, (error) => {
        const waited = this.withdraw(request)
        request.fail(error)
        if (!waited) this.#endpoint.giveBack(request)
      })
    }
    return request
  }

  #startProbe(probe: ProbeRequest, signal: AbortSignal | undefined): ProbeRequest {
    if (probe.peer === PROC_NULL) return probe.finishEmpty()
    this.poll()
    const message = this.#context.matching.find(probe.peer, probe.tag)
    const error = this.#inVain(probe.peer)
    if (message !== undefined) probe.see(message)
    else if (error !== undefined) probe.fail(error)
    else {
      probe.holds(this.#endpoint.transport)
      probe.order = this.#context.matching.next()
      this.#context.probes.push(probe)
      this.#endpoint.seek(probe.peer)
      if (signal !== undefined) {
        abandonOn(signal, probe, (error) => {
          this.unwatch(probe)
          probe.fail(error)
        })
      }
    }
    return probe
  }

  /** Checks whom and what a receive is for, and puts it in the endpoint's ranks. */
  #envelope(from: Omit<From, 'into'> | undefined): Envelope {
    this.checkAlive()
    if (from === undefined) return anything
    checkOptions(from, '{ source: 0 }')
    const { source = ANY_SOURCE, tag = ANY_TAG, status, signal } = from
    checkSource(source, this.size)
    checkReceiveTag(tag)
    if (status !== undefined) checkStatus(status)
    if (signal !== undefined) {
      checkSignal(signal)
      if (signal.aborted) throw abortError(signal)
    }
    return { peer: source >= 0 ? this.#members[source]! : source, tag, status }
  }

  /** The same for a call that throws what is wrong. */
  #envelopeNow(from: Omit<From, 'into'> | undefined): Envelope {
    try {
      return this.#envelope(from)
    } catch (error) {
      throw this.inContext(error, captureCallSite())
    }
  }

  #exchange(exchange: Exchange): Exchange {
    try {
      this.checkAlive()
      checkOptions(exchange, '{ dest: 1, source: 0 }')
      const { dest, sendTag = 0, source = ANY_SOURCE, recvTag = ANY_TAG, into, status, signal } = exchange
      checkDest(dest, this.size)
      checkTag(sendTag, 'sendTag')
      checkSource(source, this.size)
      checkReceiveTag(recvTag, 'recvTag')
      if (into !== undefined) checkInto(into)
      if (status !== undefined) checkStatus(status)
      if (signal !== undefined) checkSignal(signal)
      return exchange
    } catch (error) {
      throw this.inContext(error, captureCallSite())
    }
  }
}

const inverses = new WeakMap<readonly number[], readonly number[]>()

/** Where each member stands; one for all communicators on the same list, of which one thread may have thousands. */
function inverse(members: readonly number[]): readonly number[] {
  let ranks = inverses.get(members) as number[] | undefined
  if (ranks === undefined) {
    ranks = []
    for (const [rank, member] of members.entries()) ranks[member] = rank
    inverses.set(members, ranks)
  }
  return ranks
}

const anything: Envelope = { peer: ANY_SOURCE, tag: ANY_TAG }

function refuse<R extends Request<unknown>>(request: R, error: unknown): R {
  request.fail(error as Error)
  return request
}
