import type { PointToPoint } from '../communicator/point-to-point.js'
import type { CallSite } from '../diagnostics/call-site.js'
import type { Outgoing, Owner, SendQueue } from '../progress/send-queue.js'
import { Request } from './request.js'

/** A send. MPI: MPI_Isend, MPI_Issend. */
export class SendRequest extends Request<void> implements Owner {
  readonly status = undefined
  readonly #comm: PointToPoint
  #dest = 0
  #link: SendQueue | undefined
  #message: Outgoing | undefined

  constructor(comm: PointToPoint, site: CallSite | undefined) {
    super(site)
    this.#comm = comm
  }

  /** It goes when it can. */
  start(link: SendQueue, message: Outgoing, dest: number): void {
    this.#link = link
    this.#message = message
    this.#dest = dest
    link.send(message)
  }

  /** All is out. */
  done(): void {
    this.complete(undefined)
  }

  /** Takes the message back, as far as that is still possible. */
  abandon(error: Error): void {
    if (this.settled) return
    this.#link!.retract(this.#message!)
    this.fail(error)
  }

  describe(): string {
    const { tag, synchronous } = this.#message!
    return `in ${synchronous ? 'ssend' : 'send'}${this.#comm.on} for rank ${this.#dest} to receive, tag ${tag}`
  }

  protected poll(): void {
    this.#comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#comm.inContext(error, site)
  }
}
