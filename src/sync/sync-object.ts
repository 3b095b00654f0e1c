import { staysHere } from '../codec/refusal.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkOptions, checkSignal } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import { SIGNAL } from '../diagnostics/option-names.js'
import { FreedError } from '../errors.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import type { Request } from '../request/request.js'
import { CallRequest } from '../service/call-request.js'
import type { Service } from '../service/service.js'

/** What every call may be told. */
export interface SyncCallOptions {
  /** Aborting it fails the call with an AbortError; who waits leaves the queue. */
  signal?: AbortSignal
}

/** What something of `rxmpi/sync` is made of. */
export interface SyncParts {
  readonly kind: string
  readonly service: Service
  readonly root: number
  readonly site: CallSite | undefined
  readonly parent: CommunicatorCore
  /** It belongs to another one, which frees it. */
  readonly isPart: boolean
}

/** A call that may be taken back: who has waited in a queue leaves it. */
export class SyncRequest<T> extends CallRequest<T> {
  /** How to leave the queue, while it waits in one. */
  withdraw: (() => void) | undefined

  /** Leaves the queue of a lock: it completes empty. True when it was waiting. */
  override cancel(): boolean {
    const { withdraw } = this
    if (this.settled || withdraw === undefined) return false
    this.completeEmpty()
    withdraw()
    return true
  }
}

/** Said by a rank that has given its part up, or waits until all have. */
const LEAVE = 'leave'

/** What the ranks of a communicator have made to be in step. One of them, the root, keeps what they share. */
export abstract class SyncObject {
  /** 'world.mutex(1)', or the one given. */
  readonly name: string
  /** The rank that keeps it. */
  readonly root: number
  /** @internal */
  readonly site: CallSite | undefined
  /** @internal For a report of what was not freed. */
  readonly kind: string
  /** @internal */
  readonly core: CommunicatorCore
  /** @internal */
  protected readonly service: Service
  readonly #left = new Set<number>()
  readonly #closers: (() => void)[] = []
  /** The root's own part ends last. */
  #rootLeaves: (() => void) | undefined
  #obstacle: FreedError | undefined

  /** @internal */
  constructor({ kind, service, root, site, parent, isPart }: SyncParts) {
    const { core } = service
    this.kind = kind
    this.service = service
    this.core = core
    this.name = core.name
    this.root = root
    this.site = site
    if (core.rank === root) {
      service.serve<readonly [boolean]>(LEAVE, (rank, [waits], reply) => this.#onLeave(rank, waits, () => reply(null, undefined)), true)
      service.onGone(() => this.#onLeft())
    }
    parent.leads(core)
    if (!isPart) parent.endpoint.unfreed.add(this)
  }

  /**
   * Gives it up, on this rank and at once: what this rank holds goes back, what is pending fails with a FreedError, and so does every later
   * call. Where it is the root that does, the others cannot go on. A second time does nothing. Local; MPI has no such call.
   */
  free(): void {
    if (this.#obstacle !== undefined) return
    const freed = new FreedError(`${this.kind} '${this.name}' was freed on this rank; make another, or free it later`)
    this.#end(freed, false, () => {
      this.service.retire(freed)
      const { service, root } = this
      // The root stays as long as others may ask, to tell them; it keeps no rank alive for that.
      if (this.core.rank === root) return this.#onLeave(root, true, () => service.close())
      service.ask<unknown>(root, LEAVE, [false], this.site, () => service.close(), this.#describeLeave)
    })
  }

  /** As `free`: for `using`, which never waits for others. */
  [Symbol.dispose](): void {
    this.free()
  }

  /**
   * Gives it up on all ranks, when all have called: waits for this rank's calls that are under way and for the other ranks, then frees.
   * Errors: AbortError, FreedError; RankFailedError when the root has failed. It is freed in any case. Cost: a message there and back.
   */
  close(options?: SyncCallOptions): Promise<void> {
    return this.iclose(options).wait()
  }

  /** As `close`, as a request. */
  iclose(options: SyncCallOptions = {}): Request<void> {
    return this.begin<void>(options, (request) => {
      const { service } = this
      this.whenIdle(() => {
        if (this.#obstacle !== undefined) return request.settle(this.#obstacle)
        if (request.settled) return
        // The root goes on for the others until all have closed it.
        this.#end(new FreedError(`${this.kind} '${this.name}' was closed`), true, () => {
          service.ask<unknown>(
            this.root,
            LEAVE,
            [true],
            request.site,
            (error) => {
              service.close()
              this.closed()
              request.settle(error)
            },
            () => `for all ranks to close ${service.what}`
          )
        })
      })
    })
  }

  /** @internal What this rank has of it goes back. `isOrderly`: others still go on with it. */
  protected abstract giveBack(isOrderly: boolean): void

  /** @internal Calls back when this rank waits for no answer, which may be now. */
  whenIdle(listener: () => void): void {
    this.service.onIdle(listener)
  }

  /** @internal All have closed it. */
  protected closed(): void {}

  /** @internal This rank has not given it up. */
  protected get isUsable(): boolean {
    return this.#obstacle === undefined && this.core.obstacle === undefined
  }

  /** @internal Throws why nothing can be done with it. */
  protected checkUsable(): void {
    if (this.#obstacle !== undefined) throw this.#obstacle
    this.core.checkAlive()
  }

  /** @internal A call: what is wrong with it fails its request. */
  protected begin<T>(options: SyncCallOptions, run: (request: SyncRequest<T>) => void): SyncRequest<T> {
    const request = new SyncRequest<T>(this.core, recordCallSite())
    try {
      this.checkUsable()
      checkOptions(options, SIGNAL, '{ signal }')
      const { signal } = options
      if (signal !== undefined) {
        checkSignal(signal)
        if (signal.aborted) throw abortError(signal)
      }
      run(request)
      if (signal !== undefined) {
        abandonOn(signal, request as SyncRequest<unknown>, (error) => {
          request.fail(error)
          request.withdraw?.()
        })
      }
    } catch (error) {
      return new SyncRequest<T>(this.core, captureCallSite()).refuse(error)
    }
    return request
  }

  /** @internal Of a call that gives nothing: throws with its line. */
  protected now(run: () => void): void {
    try {
      this.checkUsable()
      run()
    } catch (error) {
      throw this.core.inContext(error, captureCallSite())
    }
  }

  readonly #describeLeave = (): string => `for rank ${this.root} to hear that ${this.service.what} was freed`

  #end(obstacle: FreedError, isOrderly: boolean, leave: () => void): void {
    this.#obstacle = obstacle
    this.giveBack(isOrderly)
    this.core.endpoint.unfreed.delete(this)
    if (this.core.obstacle === undefined) leave()
    else this.service.close()
  }

  /** A rank leaves; who waits is told when all have. */
  #onLeave(rank: number, waits: boolean, reply: () => void): void {
    this.#left.add(rank)
    if (!waits) reply()
    else if (rank === this.root) this.#rootLeaves = reply
    else this.#closers.push(reply)
    this.#onLeft()
  }

  #onLeft(): void {
    const { core } = this
    for (let rank = 0; rank < core.size; rank++) {
      if (!this.#left.has(rank) && core.endpoint.whyGone(core.memberOf(rank)) === undefined) return
    }
    for (const reply of this.#closers.splice(0)) reply()
    const leave = this.#rootLeaves
    this.#rootLeaves = undefined
    leave?.()
  }
}

staysHere(SyncObject, 'a counter or lock')
