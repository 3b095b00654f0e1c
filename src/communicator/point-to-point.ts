import type { Observable } from 'rxjs'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkStatusCode } from '../diagnostics/arguments.js'
import { captureCallSite } from '../diagnostics/call-site.js'
import type { Message } from '../request/message.js'
import { messages } from '../request/message-stream.js'
import type { Exchange, From, Target, To } from '../request/options.js'
import { claim, claimNow, probe, probeNow } from '../request/probe-request.js'
import { receive } from '../request/receive-request.js'
import type { Request } from '../request/request.js'
import { send, sent } from '../request/send-request.js'
import { isendrecv, sendrecv } from '../request/sendrecv.js'
import type { Status } from '../request/status.js'

/** Of a send that is out already. */
const done = Promise.resolve()

/** What two ranks of a communicator say to each other. MPI 4.1 §3. */
export abstract class PointToPoint {
  /** This process among the others, 0 … `size` - 1. MPI: MPI_Comm_rank; mpi4py: comm.rank. */
  readonly rank: number
  /** How many ranks there are. MPI: MPI_Comm_size; mpi4py: comm.size. */
  readonly size: number
  /** What errors and reports call it: 'world', 'world.split(1)'. MPI: MPI_Comm_get_name; mpi4py: comm.name. */
  readonly name: string
  /** @internal */
  readonly core: CommunicatorCore

  /** @internal */
  constructor(core: CommunicatorCore) {
    this.rank = core.rank
    this.size = core.groupSize
    this.name = core.name
    this.core = core
  }

  /**
   * Sends anything; resolves when the data may be changed again. Up to 64 KiB that is at once, unless the receiver's window is full.
   *
   *     rank 0   isend(a)   (u|)
   *     rank 1   irecv()    ---(a|)
   *
   * Shape: any data, see "Data" in the reference. Cost: one copy into segments and one out of them; above 64 KiB one more round trip, for
   * the data waits for its receive. With `transfer` the memory itself changes its owner, at a cost that does not depend on its size.
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
    const request = send(this.core, data, to, false)
    return request === undefined ? done : request.wait()
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
    const request = send(this.core, data, to, true)
    return request === undefined ? done : request.wait()
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
    return send(this.core, data, to, false) ?? sent(this.core)
  }

  /** As `ssend`, as a request. MPI: MPI_Issend; mpi4py: comm.issend, comm.Issend. */
  issend(data: unknown, to: To & { transfer?: boolean }): Request<void> {
    return send(this.core, data, to, true) ?? sent(this.core)
  }

  /**
   * Receives a message; without options any. With `into` in place: the call resolves to that same object.
   *
   * Shape: what was sent, on memory of its own; or the front of `into`, `status.count` tells how much.
   * Errors: RankError, TagError, ArgumentError at the call; TruncationError and DatatypeError consume the message and leave `into`
   * untouched; RankFailedError, DeadlockError; AbortError and TimeoutError withdraw the receive. MPI: MPI_Recv, MPI 4.1 §3.2.4;
   * mpi4py: comm.recv, comm.Recv.
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
  recv<B extends Target>(from: From & { into: B }): Promise<B>
  recv<T = unknown>(from?: From): Promise<T>
  recv<T>(from?: From): Promise<T> {
    return receive<T>(this.core, from).wait()
  }

  /**
   * As `recv`, as a request: an Observable of the one message, live from the call. MPI: MPI_Irecv, MPI 4.1 §3.7.2; mpi4py: comm.irecv,
   * comm.Irecv.
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
  irecv<B extends Target>(from: From & { into: B }): Request<B>
  irecv<T = unknown>(from?: From): Request<T>
  irecv<T>(from?: From): Request<T> {
    return receive<T>(this.core, from).followed(this.core)
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
  sendrecv<B extends Target>(data: unknown, exchange: Exchange & { into: B }): Promise<B>
  sendrecv<S = unknown, R = unknown>(data: S, exchange: Exchange): Promise<R>
  sendrecv<R>(data: unknown, exchange: Exchange): Promise<R> {
    return sendrecv<R>(this.core, data, exchange)
  }

  /**
   * As `sendrecv`, as a request: complete when the message has come and the data may be changed again. MPI: MPI_Isendrecv,
   * MPI_Isendrecv_replace, MPI 4.1 §3.7.6; mpi4py: comm.Isendrecv, comm.Isendrecv_replace.
   *
   * @example
   * ```ts
   * import { COMM_WORLD as comm } from 'rxmpi'
   *
   * const ghost = Float64Array.of(comm.rank)
   * const request = comm.isendrecv(ghost, { dest: 1 - comm.rank, source: 1 - comm.rank, into: ghost })
   * await request.wait()
   * console.log(ghost[0]) // [0] 1 [1] 0
   * ```
   */
  isendrecv<B extends Target>(data: unknown, exchange: Exchange & { into: B }): Request<B>
  isendrecv<S = unknown, R = unknown>(data: S, exchange: Exchange): Request<R>
  isendrecv<R>(data: unknown, exchange: Exchange): Request<R> {
    return isendrecv<R>(this.core, data, exchange).followed(this.core)
  }

  /**
   * Waits for a message and leaves it in the queue. Errors: those of `recv` at the call. MPI: MPI_Probe, MPI 4.1 §3.8.1; mpi4py:
   * comm.probe.
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
    return probe(this.core, from).wait()
  }

  /** What `probe` would find now; polls. MPI: MPI_Iprobe; mpi4py: comm.iprobe. */
  iprobe(from?: Omit<From, 'into' | 'signal'>): Status | undefined {
    return probeNow(this.core, from)
  }

  /**
   * Waits for a message and takes it out of the queue, to be received by its `recv`: nobody else gets it in between.
   * Errors: those of `recv` at the call. MPI: MPI_Mprobe, MPI 4.1 §3.8.2; mpi4py: comm.mprobe.
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
    return claim<T>(this.core, from).wait()
  }

  /** What `mprobe` would take now; polls. MPI: MPI_Improbe; mpi4py: comm.improbe. */
  improbe<T = unknown>(from?: Omit<From, 'into' | 'signal'>): Message<T> | undefined {
    return claimNow<T>(this.core, from)
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
    return messages<T>(this.core, from)
  }

  /**
   * Ends every rank of the job with this status; never returns. MPI: MPI_Abort, MPI 4.1 §9.5; mpi4py: comm.Abort.
   * Errors: ArgumentError when `code` is no integer from 0 to 255.
   */
  abort(code = 1, reason?: string): never {
    try {
      checkStatusCode(code)
    } catch (error) {
      throw this.core.inContext(error, captureCallSite())
    }
    return this.core.endpoint.abort(code, reason)
  }
}
