import type { CommunicatorCore } from '../core/communicator-core.js'
import { recordCallSite } from '../diagnostics/call-site.js'
import type { Incoming } from '../progress/incoming.js'
import { Overlooked } from '../progress/overlooked.js'
import type { Target } from './options.js'
import { receiveClaimed } from './receive-request.js'
import type { Request } from './request.js'
import type { Status } from './status.js'

/** A message that `messages()` gives with its data, or that `mprobe()` has taken out of the queue and `recv` receives. MPI: MPI_Message. */
export class Message<T> {
  /** Where it came from, with which tag, and how long it is. */
  readonly status: Status
  /** What was sent; of a message from `mprobe`, `undefined`. */
  readonly data: T
  readonly #comm: CommunicatorCore
  #incoming: Incoming | undefined
  #note: Overlooked | undefined

  /** @internal */
  constructor(comm: CommunicatorCore, status: Status, data: T | undefined, incoming?: Incoming) {
    this.status = status
    this.data = data as T
    this.#comm = comm
    this.#incoming = incoming
    if (incoming === undefined) return
    const { source, tag } = status
    this.#note = new Overlooked('probed message', recordCallSite(), () => `rank ${source}, tag ${tag}${comm.on}`)
    comm.endpoint.overlooked.add(this.#note)
  }

  /** Receives the message, once. Errors: as those of `comm.recv`; ArgumentError a second time. MPI: MPI_Mrecv. */
  recv<B extends Target>(options: { into: B }): Promise<B>
  recv(options?: { into?: Target }): Promise<T>
  recv(options?: { into?: Target }): Promise<T> {
    return this.irecv(options).wait()
  }

  /** As `recv`, as a request. MPI: MPI_Imrecv. */
  irecv<B extends Target>(options: { into: B }): Request<B>
  irecv(options?: { into?: Target }): Request<T>
  irecv(options: { into?: Target } = {}): Request<T> {
    const request = receiveClaimed<T>(this.#comm, this.status, options, () => {
      const incoming = this.#incoming
      this.#incoming = undefined
      this.#note?.see()
      return incoming
    })
    return request.followed(this.#comm)
  }
}
