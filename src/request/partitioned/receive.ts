import { Observable, type Subscriber } from 'rxjs'
import { type BufferLike, memoryOf, valueOn } from '../../codec/datatype.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../../constants.js'
import type { CommunicatorCore } from '../../core/communicator-core.js'
import { checkOptions, checkSignal, checkSource, checkTag } from '../../diagnostics/arguments.js'
import { type CallSite, captureCallSite } from '../../diagnostics/call-site.js'
import type { OptionNames } from '../../diagnostics/option-names.js'
import { ArgumentError, RankError, RemoteError, RequestError, TagError } from '../../errors.js'
import { Pickable } from '../../layout/picked.js'
import { Records } from '../../layout/records.js'
import type { PackedOf, View } from '../../layout/view.js'
import type { Incoming, Taker } from '../../progress/incoming.js'
import { abandonOn, abortError } from '../cancellation.js'
import { changedPart } from '../memory-use.js'
import type { Target } from '../options.js'
import { KeptMemory, Persistent } from '../persistent.js'
import { checkTarget } from '../receive-request.js'
import { Request } from '../request.js'
import { Status } from '../status.js'
import { Cut, misfitError } from './cut.js'
import { type End, type Half, type Other, type PartitionRegistry, partitionsOf } from './registry.js'

/** What a partitioned receive is for, and where its data goes. */
export interface PartitionedFrom<B extends Target = Target> {
  /** The rank that sends, or PROC_NULL; any rank is not possible. */
  source: number
  /** 0 … TAG_UB; default 0. */
  tag?: number
  /** Receive in place: each start resolves to this object. */
  into: B
  /** Into how many equal parts it is cut here; the sender may cut it otherwise. */
  partitions: number
  /** Aborting it fails the start with an AbortError: what still comes for it is dropped. */
  signal?: AbortSignal
}

const PARTITIONED_FROM: OptionNames<PartitionedFrom> = { source: true, tag: true, into: true, partitions: true, signal: true }

/** What a partition of some memory is. */
export type PartOf<B> = B extends View<infer M> ? PackedOf<M> : B extends ArrayBuffer ? Uint8Array : B

/**
 * A receive that tells which partitions have come. A persistent call: it is made once and started again and again. The n-th that is made
 * for a source and tag meets the n-th partitioned send that is made there for this rank and tag, and no other message. MPI:
 * MPI_Precv_init, MPI 4.1 §4.2; mpi4py: comm.Precv_init. For an example see `PartitionedSend`.
 */
export class PartitionedReceive<B = Target> extends Persistent<B> {
  /** Into how many partitions the memory is cut. */
  readonly partitions: number
  /** @internal */
  protected readonly operation = 'precvInit'
  readonly #into: Target
  readonly #cut: Cut
  readonly #memory: KeptMemory
  readonly #source: number
  readonly #tag: number
  readonly #signal: AbortSignal | undefined
  readonly #registry: PartitionRegistry
  readonly #end: End | undefined
  #start: ReceiveStart<B> | undefined
  #hasSaid = false
  /** What the sender is, where the two do not go together. */
  #misfit: Other | undefined

  /** @internal */
  constructor(core: CommunicatorCore, from: PartitionedFrom, site: CallSite | undefined) {
    super(core, site)
    core.checkAlive()
    checkOptions(from, PARTITIONED_FROM, '{ source: 0, into: new Float64Array(8), partitions: 4 }')
    const { source, tag = 0, into, partitions, signal } = from
    checkSource(source, core.size)
    if (source === ANY_SOURCE) throw new RankError('source: a partitioned receive is from one rank, got ANY_SOURCE; name it')
    if (tag === ANY_TAG) throw new TagError('tag: a partitioned receive has one tag, got ANY_TAG; name it')
    checkTag(tag)
    if (signal !== undefined) checkSignal(signal)
    this.#memory = new KeptMemory(into, 'into', 'irecv')
    checkTarget(into)
    this.#cut = new Cut(into, partitions, 'into')
    this.partitions = partitions
    this.#into = into
    this.#source = source
    this.#tag = tag
    this.#signal = signal
    this.#registry = partitionsOf(core)
    if (source !== PROC_NULL) this.#end = this.#registry.addReceiver(core.memberOf(source), tag)
  }

  /**
   * Whether a partition of the present start, or of the last, has come; polls. False before the first. Errors, thrown: CountError for a
   * partition that there is not. MPI: MPI_Parrived; mpi4py: Prequest.Parrived.
   */
  arrived(partition: number): boolean {
    this.#check(partition)
    const start = this.#start
    if (start === undefined) return false
    if (!start.has(partition) && !start.settled) this.core.poll()
    return start.has(partition)
  }

  /**
   * The partitions of the present start, or of the last: those that have come, in that order, then each as it comes. It completes, or
   * fails, with the start.
   *
   *     sender     --ready(1)--ready(0)
   *     arrivals   ----1---------(0|)
   *
   * Cold; emits RequestError where there was no start yet.
   */
  get arrivals(): Observable<number> {
    const site = captureCallSite()
    return new Observable((subscriber) => {
      if (this.#start !== undefined) return this.#start.tell(subscriber)
      subscriber.error(
        this.core.inContext(new RequestError(`arrivals: this ${this.describe()} has not been started; call start first`), site)
      )
      return undefined
    })
  }

  /**
   * A partition of the memory, whether it has come or not: a typed array or records on a part of `into`, of a view the elements that are
   * picked, copied. Errors, thrown: CountError.
   */
  part(partition: number): PartOf<B> {
    this.#check(partition)
    const { elements, partBytes, datatype } = this.#cut
    const into = this.#into
    if (into instanceof Records) return into.subarray(partition * elements, (partition + 1) * elements) as PartOf<B>
    if (into instanceof Pickable)
      return valueOn(datatype, this.#cut.read(partition * partBytes, partBytes).buffer as ArrayBuffer) as PartOf<B>
    const { buffer, byteOffset } = memoryOf(into as BufferLike)
    const place = byteOffset + partition * partBytes
    const isBuffer = !ArrayBuffer.isView(into)
    return (isBuffer ? new Uint8Array(buffer, place, partBytes) : valueOn(datatype, buffer as ArrayBuffer, place, partBytes)) as PartOf<B>
  }

  /** @internal */
  protected checkMemory(): void {
    this.#memory.check()
  }

  /** @internal */
  protected begin(site: CallSite | undefined): Request<B> {
    const signal = this.#signal
    if (signal?.aborted) throw abortError(signal)
    if (this.#misfit !== undefined) throw this.#misfitError(this.#misfit)
    const end = this.#end
    const lost = end && this.core.inVain(end.peer)
    if (lost !== undefined) throw lost
    const status = { source: this.#source, tag: this.#tag }
    const start = new ReceiveStart<B>(this.core, this.#cut, this.#into as B, end, status, site)
    this.#start = start
    start.begin(this.#registry, !this.#hasSaid, (other) => {
      this.#misfit = other
      return this.#misfitError(other)
    })
    this.#hasSaid = true
    if (signal !== undefined) abandonOn(signal, start, (error) => start.fail(error))
    return start
  }

  #check(partition: number): void {
    try {
      this.#cut.check(partition)
    } catch (error) {
      throw this.core.inContext(error, captureCallSite())
    }
  }

  #misfitError(other: Other): Error {
    const whose = `the send of rank ${this.#source} that it meets${other.made === '' ? '' : `, made${other.made.slice(1)},`}`
    return misfitError('into', this.describe(), this.#cut, whose, other)
  }
}

/** One start of a partitioned receive. */
class ReceiveStart<B> extends Request<B> implements Half {
  readonly peer: number
  readonly #comm: CommunicatorCore
  readonly #cut: Cut
  readonly #into: B
  readonly #end: End | undefined
  readonly #from: { readonly source: number; readonly tag: number }
  /** Bytes of each partition that have not come. */
  readonly #missing: Float64Array
  #left: number
  /** Partitions that have come, in that order. */
  readonly #order: number[] = []
  readonly #listeners = new Set<() => void>()
  #makeMisfit!: (other: Other) => Error
  #status: Status | undefined

  constructor(
    comm: CommunicatorCore,
    cut: Cut,
    into: B,
    end: End | undefined,
    from: { readonly source: number; readonly tag: number },
    site: CallSite | undefined
  ) {
    super(site)
    this.#comm = comm
    this.#cut = cut
    this.#into = into
    this.#end = end
    this.#from = from
    this.peer = end?.peer ?? PROC_NULL
    this.#missing = new Float64Array(cut.partitions).fill(cut.partBytes)
    this.#left = cut.bytes
  }

  /** Of each partition, until the first of it has come: what it was, where that is checked. */
  readonly #sums: (number | undefined)[] = []

  begin(registry: PartitionRegistry, isFirst: boolean, makeMisfit: (other: Other) => Error): void {
    // From nobody: as `recv`.
    if (this.#end === undefined) return this.complete(undefined as B)
    this.#makeMisfit = makeMisfit
    this.holds(this.#comm.endpoint.transport)
    registry.begin(this)
    const { bytes, datatype, shape, partitions } = this.#cut
    if (this.#comm.endpoint.memoryInUse.isChecked) for (let part = 0; part < partitions; part++) this.#sums.push(this.#cut.sum(part))
    const handle = registry.grant(this.#end, this, isFirst ? { bytes, datatype, shape } : undefined)
    this.onSettled(() => {
      registry.revoke(handle)
      registry.end(this)
    })
  }

  get status(): Status | undefined {
    if (!this.settled || this.failed) return undefined
    if (this.#status === undefined) {
      const { bytes, datatype, shape, recordBytes } = this.#cut
      const { source, tag } = this.#from
      const status = new Status()
      this.#status = source === PROC_NULL ? status.setNobody() : status.set(source, tag, datatype, bytes, shape, recordBytes)
    }
    return this.#status
  }

  has(partition: number): boolean {
    const hasCome = this.#cut.partBytes > 0 ? this.#missing[partition] === 0 : this.#order.length > 0
    return hasCome || (this.settled && !this.failed)
  }

  /** Emits what has come and what will. */
  tell(subscriber: Subscriber<number>): () => void {
    this.look()
    let told = 0
    let isTelling = false
    const tell = (): void => {
      if (isTelling) return
      isTelling = true
      while (told < this.#order.length && !subscriber.closed) subscriber.next(this.#order[told++])
      isTelling = false
    }
    this.#listeners.add(tell)
    tell()
    const stop = this.onSettled(() => {
      tell()
      if (this.failure !== undefined) subscriber.error(this.failure)
      else subscriber.complete()
    })
    return () => {
      this.#listeners.delete(tell)
      stop()
    }
  }

  /** Takes a message of its data, straight to where it belongs. */
  taker(message: Incoming): Taker {
    return new Chunk(this, message)
  }

  place(at: number, bytes: Uint8Array, from: number, count: number): void {
    if (this.#sums.length > 0 && count > 0) this.#checkStill(at, count)
    if (!this.settled) this.#cut.write(at, bytes, from, count)
  }

  /** The partitions that these bytes are the first of must be as they were when it was started. */
  #checkStill(at: number, count: number): void {
    const { partBytes } = this.#cut
    for (let part = Math.floor(at / partBytes); part * partBytes < at + count; part++) {
      const sum = this.#sums[part]
      if (sum === undefined) continue
      this.#sums[part] = undefined
      if (sum !== this.#cut.sum(part)) this.failHere(changedPart('into', 'precv', this.site))
    }
  }

  /** Some of it is here. */
  take(at: number, count: number): void {
    if (this.settled) return
    const { partBytes, partitions } = this.#cut
    if (partBytes === 0) for (let part = 0; part < partitions; part++) this.#order.push(part)
    else {
      for (let part = Math.floor(at / partBytes); part * partBytes < at + count; part++) {
        const share = Math.min(at + count, (part + 1) * partBytes) - Math.max(at, part * partBytes)
        this.#missing[part]! -= share
        if (this.#missing[part] === 0) this.#order.push(part)
      }
    }
    this.#left -= count
    for (const tell of [...this.#listeners]) tell()
    if (this.#left === 0) this.complete(this.#into)
  }

  abandoned(): void {
    const { source } = this.#from
    this.fail(new RemoteError(`rank ${source} has given up the partitioned send that this receive meets`, { rank: source }))
  }

  misfits(other: Other): void {
    this.fail(this.#makeMisfit(other))
  }

  get waits(): boolean {
    return !this.settled
  }

  describe(): string {
    const { source, tag } = this.#from
    const first = this.#missing.findIndex((bytes) => bytes > 0)
    const more = this.#cut.partitions - this.#order.length - 1
    const what = `partition ${Math.max(0, first)}${more > 0 ? ` and ${more} more` : ''}`
    return `in precv${this.#comm.on} for ${what} of rank ${source}, tag ${tag}`
  }

  protected poll(): void {
    this.#comm.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return error instanceof RemoteError && error.rank !== undefined ? error : this.#comm.inContext(error, site)
  }
}

/** A message of some bytes of the data. */
class Chunk implements Taker {
  order = 0
  gone = true
  readonly peer: number
  readonly tag: number
  readonly partOf: ReceiveStart<unknown>
  readonly site = undefined
  readonly #at: number
  readonly #bytes: number

  constructor(start: ReceiveStart<unknown>, { source, tag, call, shape, bytes }: Incoming) {
    this.partOf = start
    this.peer = source
    this.tag = tag
    this.#at = (call >>> 0) + shape * 2 ** 32
    this.#bytes = bytes
  }

  accept(message: Incoming): boolean {
    message.pour((bytes, from, at, count) => this.partOf.place(this.#at + at, bytes, from, count))
    return true
  }

  spoil(cause: unknown): void {
    this.partOf.fail(new ArgumentError('into: the buffer is detached (it was transferred away); give one that is not', { cause }))
  }

  finish(): void {
    this.partOf.take(this.#at, this.#bytes)
  }

  fail(error: Error): void {
    this.partOf.fail(error)
  }

  giveUp(makeError: Parameters<Taker['giveUp']>[0]): void {
    this.partOf.giveUp(makeError)
  }

  describe(): string {
    return this.partOf.describe()
  }
}
