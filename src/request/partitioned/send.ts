import { UINT8 } from '../../codec/datatype.js'
import { PROC_NULL } from '../../constants.js'
import type { CommunicatorCore } from '../../core/communicator-core.js'
import { checkDest, checkOptions, checkSignal, checkTag } from '../../diagnostics/arguments.js'
import { at, type CallSite, captureCallSite, justAt, recordCallSite } from '../../diagnostics/call-site.js'
import type { OptionNames } from '../../diagnostics/option-names.js'
import { RequestError } from '../../errors.js'
import { PARTITIONS } from '../../progress/context-ids.js'
import { Outgoing, type Owner } from '../../progress/send-queue.js'
import { abandonOn, abortError } from '../cancellation.js'
import { changedPart, watch } from '../memory-use.js'
import type { Target, To } from '../options.js'
import { KeptMemory, Persistent } from '../persistent.js'
import { Request } from '../request.js'
import { Cut, type Form, isSameForm, misfitError, type PartitionRange, rangesOf } from './cut.js'
import { type End, type Grant, type Half, type PartitionRegistry, partitionsOf } from './registry.js'

/** Where a partitioned send goes. */
export interface PartitionedTo extends To {
  /** Into how many equal parts the data is cut here; the receiver may cut it otherwise. */
  partitions: number
}

const PARTITIONED_TO: OptionNames<PartitionedTo> = { dest: true, tag: true, partitions: true, signal: true }

/** Data goes in messages of at most so many bytes: such a message is written at once, and whole. */
const CHUNK_BYTES = 2 ** 15

/**
 * A send whose data is told to be ready part by part: each part goes when it is ready and the receiver has started. A persistent call: it
 * is made once and started again and again. MPI: MPI_Psend_init, MPI 4.1 §4.2; mpi4py: comm.Psend_init.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 *
 * const data = new Float64Array(8)
 * if (comm.rank === 0) {
 *   const out = comm.psendInit(data, { dest: 1, partitions: 4 })
 *   const sent = out.start()
 *   for (let part = 0; part < 4; part++) {
 *     data.fill(part, 2 * part, 2 * part + 2)
 *     out.ready(part)
 *   }
 *   await sent.wait()
 * } else if (comm.rank === 1) {
 *   const inn = comm.precvInit({ source: 0, into: data, partitions: 2 })
 *   inn.start()
 *   inn.arrivals.subscribe((part) => console.log(part, inn.part(part).join())) // [1] 0 0,0,1,1 [1] 1 2,2,3,3
 * }
 * ```
 */
export class PartitionedSend extends Persistent<void> {
  /** Into how many partitions the data is cut. */
  readonly partitions: number
  /** @internal */
  protected readonly operation = 'psendInit'
  readonly #cut: Cut
  readonly #memory: KeptMemory
  readonly #dest: number
  readonly #signal: AbortSignal | undefined
  readonly #registry: PartitionRegistry
  readonly #end: End | undefined
  /** Of starts of the receiver that no start here has used yet. */
  readonly #grants: number[] = []
  /** Starts that were given up before the receiver's. */
  #abandoned = 0
  #start: SendStart | undefined
  /** The receiver's form, where it is another. */
  #misfit: Form | undefined

  /** @internal */
  constructor(core: CommunicatorCore, data: Target, to: PartitionedTo, site: CallSite | undefined) {
    super(core, site)
    core.checkAlive()
    checkOptions(to, PARTITIONED_TO, '{ dest: 1, partitions: 4 }')
    const { dest, tag = 0, partitions, signal } = to
    checkDest(dest, core.size)
    checkTag(tag)
    if (signal !== undefined) checkSignal(signal)
    this.#memory = new KeptMemory(data, 'data', 'isend')
    this.#cut = new Cut(data, partitions, 'data')
    this.partitions = partitions
    this.#dest = dest
    this.#signal = signal
    this.#registry = partitionsOf(core)
    if (dest !== PROC_NULL) {
      this.#end = this.#registry.addSender(core.memberOf(dest), tag, { granted: (grant) => this.#granted(grant) })
    }
  }

  /**
   * Says that partitions may go: one, several, or all from `from` to before `to`. They must not be changed until the start is complete.
   * Errors, thrown: CountError for a partition that there is not; RequestError, with the lines, when it is not started, or a partition is
   * ready already. After a start has failed nothing happens. MPI: MPI_Pready, MPI_Pready_list, MPI_Pready_range; mpi4py:
   * Prequest.Pready, Pready_list, Pready_range.
   */
  ready(partitions: number | readonly number[] | Readonly<PartitionRange>): void {
    try {
      const ranges = rangesOf(partitions, this.#cut)
      const start = this.#start
      if (start === undefined) throw new RequestError(`ready: this ${this.describe()} has not been started; call start first`)
      if (start.failed) return
      this.#memory.check()
      start.ready(ranges, recordCallSite())
    } catch (error) {
      throw this.core.inContext(error, captureCallSite())
    }
  }

  /** @internal */
  protected checkMemory(): void {
    this.#memory.check()
  }

  /** @internal */
  protected begin(site: CallSite | undefined): Request<void> {
    const signal = this.#signal
    if (signal?.aborted) throw abortError(signal)
    if (this.#misfit !== undefined) throw this.#misfitError(this.#misfit)
    const end = this.#end
    const lost = end && this.core.inVain(end.peer)
    if (lost !== undefined) throw lost
    const start = new SendStart(this.core, this.#cut, this.#dest, end, this.#registry, this.describe(), site)
    this.#start = start
    start.begin(this.#grants.shift())
    if (signal !== undefined) {
      abandonOn(signal, start, (error) => {
        if (start.handle !== undefined) this.#registry.abandon(end!, start.handle)
        else this.#abandoned++
        start.abandon(error)
      })
    }
    return start
  }

  /** @internal */
  protected override release(): void {
    const forget = (): void => {
      if (this.#end !== undefined) this.#registry.removeSender(this.#end)
    }
    if (this.#start === undefined) forget()
    else this.#start.onSettled(forget)
  }

  #granted({ handle, form }: Grant): void {
    if (this.#misfit === undefined && form !== undefined && !isSameForm(form, this.#cut)) {
      this.#misfit = form
      this.#start?.fail(this.#misfitError(form))
    }
    if (this.#misfit !== undefined) {
      const { bytes, datatype, shape } = this.#cut
      this.#registry.misfit(this.#end!, handle, { bytes, datatype, shape, made: at(this.site) })
    } else if (this.#abandoned > 0) {
      this.#abandoned--
      this.#registry.abandon(this.#end!, handle)
    } else if (this.#start !== undefined && this.#start.handle === undefined && !this.#start.settled) this.#start.grant(handle)
    else this.#grants.push(handle)
  }

  #misfitError(form: Form): Error {
    return misfitError('data', this.describe(), this.#cut, `the receive of rank ${this.#dest} that it meets`, form)
  }
}

/** One start of a partitioned send. */
class SendStart extends Request<void> implements Owner, Half {
  readonly status = undefined
  readonly peer: number
  /** The number that the receiver has granted for its data. */
  handle: number | undefined
  readonly #comm: CommunicatorCore
  readonly #cut: Cut
  readonly #dest: number
  readonly #end: End | undefined
  readonly #registry: PartitionRegistry
  readonly #name: string
  /** By partition, once it is ready: where that was said, or `null`. */
  readonly #readyAt: (CallSite | null | undefined)[]
  #missing: number
  /** Bytes that are ready and have not been written, in order. */
  readonly #rest: PartitionRange[] = []
  /** What waits for room: one message, so that what gets ready meanwhile goes in few. */
  #queued: Outgoing | undefined
  /** Of partitions in pieces that are ready, what they were then, where that is checked. */
  readonly #sums = new Map<number, number>()
  #pumping = false

  constructor(
    comm: CommunicatorCore,
    cut: Cut,
    dest: number,
    end: End | undefined,
    registry: PartitionRegistry,
    name: string,
    site: CallSite | undefined
  ) {
    super(site)
    this.#comm = comm
    this.#cut = cut
    this.#dest = dest
    this.#end = end
    this.#registry = registry
    this.#name = name
    this.peer = end?.peer ?? PROC_NULL
    this.#missing = cut.partitions
    this.#readyAt = new Array(cut.partitions)
  }

  begin(handle: number | undefined): void {
    this.handle = handle
    this.holds(this.#comm.endpoint.transport)
    this.#registry.begin(this)
    this.onSettled(() => this.#registry.end(this))
  }

  /** The receiver has started. */
  grant(handle: number): void {
    this.handle = handle
    this.#pump()
  }

  /** Throws where one is ready already, and then nothing has happened. */
  ready(ranges: readonly PartitionRange[], site: CallSite | undefined): void {
    const seen = ranges.length > 1 ? new Set<number>() : undefined
    for (const { from, to } of ranges) {
      for (let k = from; k < to; k++) {
        if (this.#readyAt[k] !== undefined || seen?.has(k)) throw this.#twice(k)
        seen?.add(k)
      }
    }
    const { partBytes } = this.#cut
    for (const { from, to } of ranges) {
      for (let k = from; k < to; k++) this.#readyAt[k] = site ?? null
      this.#missing -= to - from
      const part = this.#cut.part(from * partBytes, (to - from) * partBytes)
      if (part !== undefined) watch(this.#comm, this, part, 'psend', site)
      else if (this.#comm.endpoint.memoryInUse.isChecked) for (let k = from; k < to; k++) this.#sums.set(k, this.#cut.sum(k))
      if (partBytes > 0) this.#add(from * partBytes, to * partBytes)
    }
    // Where there is no data, that is what is to be told.
    if (this.#missing === 0 && partBytes === 0) this.#rest.push({ from: 0, to: 0 })
    this.#pump()
  }

  /** What follows on what waits already goes in one message with it. */
  #add(from: number, to: number): void {
    const last = this.#rest.at(-1)
    if (last?.to === from) last.to = to
    else this.#rest.push({ from, to })
  }

  /** A message is out. */
  done(): void {
    this.#queued = undefined
    this.#pump()
  }

  abandon(error: Error): void {
    if (this.settled) return
    if (this.#queued !== undefined) this.#comm.endpoint.link(this.peer).retract(this.#queued)
    this.#queued = undefined
    this.#rest.length = 0
    this.fail(error)
  }

  get waits(): boolean {
    return !this.settled
  }

  describe(): string {
    const to = `rank ${this.#dest}`
    const where = `in psend${this.#comm.on}`
    const tag = `tag ${this.#end?.tag ?? 0}`
    if (this.#missing === 0) return `${where} for ${to} to ${this.handle === undefined ? 'start its precv' : 'receive'}, ${tag}`
    const first = Array.from(this.#readyAt).indexOf(undefined)
    const more = this.#missing > 1 ? ` and ${this.#missing - 1} more` : ''
    return `${where} for partition ${first}${more} to be ready, to ${to}, ${tag}`
  }

  protected poll(): void {
    this.#comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#comm.inContext(error, site)
  }

  /** Writes what is ready, in the order of that, as far as there is room. */
  #pump(): void {
    if (this.#pumping || this.settled) return
    this.#pumping = true
    try {
      if (this.#end === undefined) this.#rest.length = 0
      else if (this.handle !== undefined) this.#write(this.handle)
    } finally {
      this.#pumping = false
    }
    if (this.#missing > 0 || this.#rest.length > 0 || this.#queued !== undefined) return
    for (const [part, sum] of this.#sums) {
      if (sum !== this.#cut.sum(part)) return this.failHere(changedPart('data', 'psend', this.#readyAt[part] ?? undefined))
    }
    this.complete(undefined)
  }

  #write(handle: number): void {
    const { endpoint, id } = this.#comm
    const link = endpoint.link(this.peer)
    const context = id + PARTITIONS
    while (this.#rest.length > 0 && this.#queued === undefined && !this.settled) {
      const range = this.#rest[0]!
      const count = Math.min(range.to - range.from, CHUNK_BYTES)
      const offset = range.from
      const bytes = this.#cut.read(offset, count)
      range.from += count
      if (range.from === range.to) this.#rest.shift()
      const [lower, upper] = [offset | 0, Math.floor(offset / 2 ** 32)]
      if (link.sendNow(context, handle, UINT8, bytes, count, lower, upper)) continue
      const message = new Outgoing(context, handle, UINT8, bytes, false, undefined, this)
      message.call = lower
      message.shape = upper
      this.#queued = message
      link.send(message)
    }
  }

  #twice(partition: number): Error {
    const site = this.#readyAt[partition] ?? undefined
    const first = site === undefined ? '' : `, it was said${justAt(site)}`
    const state = this.settled ? ', and the start is complete: start it again' : ''
    return new RequestError(`ready: partition ${partition} of this ${this.#name} is ready already${first}${state}`)
  }
}
