import type { BufferLike } from './codec/datatype.js'
import type { Communicator } from './communicator.js'
import type { Incoming } from './incoming.js'
import type { Request } from './request.js'
import type { Status } from './status.js'

/** A message that `messages()` gives with its data, or that `mprobe()` has taken out of the queue and `recv` receives. MPI: MPI_Message. */
export class Message<T> {
  readonly status: Status
  /** What was sent; of a message from `mprobe`, `undefined`. */
  readonly data: T
  readonly #comm: Communicator | undefined
  #incoming: Incoming | undefined

  /** @internal */
  constructor(status: Status, data: T | undefined, comm?: Communicator, incoming?: Incoming) {
    this.status = status
    this.data = data as T
    this.#comm = comm
    this.#incoming = incoming
  }

  /** Receives the message, once. MPI: MPI_Mrecv. */
  recv(options: { into?: BufferLike } = {}): Promise<T> {
    return this.irecv(options).wait()
  }

  /** Receives the message, once. MPI: MPI_Imrecv. */
  irecv(options: { into?: BufferLike } = {}): Request<T> {
    const incoming = this.#incoming
    this.#incoming = undefined
    return this.#comm!.receiveClaimed<T>(incoming, this.status, options)
  }
}
