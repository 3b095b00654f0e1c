import { asyncScheduler, type ObservableInput, Subject, Subscriber } from 'rxjs'
import type { Ragged } from '../collective/call.js'
import type { CollectiveOperator } from '../collective/operator.js'
import { raggedError } from '../collective/ragged.js'
import { ENDED, GOES_ON } from '../collective/termination.js'
import { type CallSite, locate } from '../diagnostics/call-site.js'
import { FreedError, OverflowError, RemoteError } from '../errors.js'
import { Queue } from '../memory/queue.js'
import { abortError, onAbort } from '../request/cancellation.js'
import { both, Gate, type Overflow, presentDemand, pull, under } from '../stream/internal.js'
import { CollectedWrites } from './collected-writes.js'
import type { File } from './file.js'
import { beginBehind, endBehind, frameAt } from './frames.js'
import { type Encoded, encodeRecord, putLine } from './record-encoder.js'
import { collectedOf, FLUSH, POINTER, PUT, QUIT } from './record-services.js'
import type { RecordFormat } from './record-stream.js'
import { type Block, RoundOrder, type Told, told } from './round-order.js'

/** A source that can wait does when so many bytes wait here, */
const ENOUGH = 2 ** 20
/** or so many values of a stream that is not in rounds. */
const MANY = 1024
/** Values of a source that gives one after the other wait so long for others, to go with them. */
const PATIENCE_MS = 1
/** Shorter values of a block go by one rank, where there are so many rounds. */
const SHORT = 4096
const FEW = 2

/** Values that are written at once. */
interface Run {
  readonly values: readonly Encoded[]
  done: boolean
}

/** Where a value was written. */
export interface Written {
  /** The byte of the file where it begins. */
  readonly at: number
  /** How many bytes it takes there. */
  readonly bytes: number
}

/** How `writeTo` writes, its arguments checked. */
export interface WriterSettings {
  readonly file: File
  readonly format: RecordFormat
  readonly order: 'rounds' | 'arrival'
  readonly flush: 'end' | 'each'
  readonly repair: boolean
  readonly window: number
  readonly highWaterMark: number
  readonly overflow: Overflow
  readonly ragged: Ragged
  readonly signal: AbortSignal | undefined
  readonly site: CallSite
  /** Of rounds: what they are called, and what all ranks tell of the values that wait. */
  readonly name: string
  readonly tell: CollectiveOperator<Told, Told[]> | undefined
}

/** One subscription of `writeTo`. */
export class Writing {
  readonly #writer: WriterSettings
  readonly #file: File
  readonly #subscriber: Subscriber<Written>
  readonly #key: string
  /** Values that have no place yet. */
  readonly #queue = new Queue<Encoded>()
  /** Values whose length was told to the others. */
  readonly #told = new Queue<Encoded>()
  /** Values that have a place, in order, until they are written. */
  readonly #runs = new Queue<Run>()
  readonly #gate: Gate
  /** Of rounds. */
  readonly #tell = new Subject<Told>()
  readonly #order: RoundOrder | undefined
  /** What this rank writes for all. */
  #collected: CollectedWrites | undefined
  #blocks = 0
  #isTelling = false
  #hasToldEnd = false
  #queuedBytes = 0
  #busyBytes = 0
  #base = 0
  /** Behind all that rounds have placed so far. */
  #position: number | undefined
  /** The source is being asked for more. */
  #isFeeding = false
  #wentAt = Number.NEGATIVE_INFINITY
  #isGoing = false
  #goesAgain = false
  #hasEnded = false
  #sourceError: { error: unknown } | undefined
  /** No value gets a place any more. */
  #over = false
  #failure: { error: unknown } | undefined
  #finishing = false
  #isAsking = false
  #whenWritten: (() => void) | undefined

  constructor(writer: WriterSettings, subscriber: Subscriber<Written>, key: string) {
    this.#writer = writer
    this.#file = writer.file
    this.#subscriber = subscriber
    this.#key = key
    const { core, parts } = writer.file
    const isRounds = writer.order === 'rounds'
    const most = isRounds ? 4 * writer.window : MANY
    this.#gate = new Gate(() => this.#queuedBytes + this.#busyBytes < ENOUGH && this.#queue.length < most)
    if (!isRounds) return
    this.#order = new RoundOrder(core.size, writer.ragged)
    if (core.rank === parts.leader && core.size > 1) this.#collected = new CollectedWrites(parts.access, writer.flush === 'each')
  }

  start(source: ObservableInput<unknown>): void {
    const writer = this.#writer
    const { file, signal, format, repair, site } = writer
    const subscriber = this.#subscriber
    try {
      file.checkStream('writes')
      if (signal?.aborted) throw abortError(signal)
    } catch (error) {
      return this.#conclude(error)
    }
    const pending = file.track(site)
    pending.subscribe({ error: (error) => this.#conclude(error) })
    subscriber.add(() => {
      // What has a place is written all the same; closing waits for that.
      this.#hasEnded = true
      this.#queue.clear()
      if (this.#runs.length === 0) pending.settle(null)
      else this.#whenWritten = () => pending.settle(null)
      if (this.#order !== undefined) this.#go()
    })
    if (signal !== undefined && writer.order === 'arrival') subscriber.add(onAbort(signal, (error) => this.#stop(error)))
    const input = new Subscriber<unknown>({
      next: (value) => this.#take(value),
      error: (error: unknown) => this.#end({ error }),
      complete: () => this.#end(undefined)
    })
    if (writer.tell !== undefined) this.#takePart()
    const { service, leader } = file.parts
    service.ask<number>(leader, 'begin', [this.#key, format, repair], site, (error, base) => {
      if (error !== null) return this.#stop(error)
      this.#base = file.currentView.at
      this.#position = base
      this.#go()
    })
    subscriber.add(input)
    if (subscriber.closed) return
    this.#feed(() => under(both(this.#gate, presentDemand()), () => pull(source).subscribe(input)))
  }

  /** In the rounds of all, to their end: also when nobody listens here any more. */
  #takePart(): void {
    const { file, tell } = this.#writer
    if (this.#collected !== undefined) collectedOf(file).set(this.#key, this.#collected)
    const ended = file.joinStream(this.#key, (error) => this.#stop(error))
    tell!(this.#tell).subscribe({
      next: (all) => {
        this.#isTelling = false
        this.#place(this.#order!.hear(all))
        if (this.#order!.over !== undefined) this.#tell.complete()
        else this.#go()
      },
      error: (error) => {
        ended()
        // Where a source has failed, all before that is written.
        if (error instanceof RemoteError) this.#sourceError = { error }
        if (this.#sourceError !== undefined) this.#overAll()
        else this.#stop(error)
      },
      complete: () => {
        ended()
        if (this.#order!.over === 'ragged') this.#sourceError ??= { error: this.#raggedError() }
        this.#overAll()
      }
    })
  }

  #take(value: unknown): void {
    if (this.#hasEnded || this.#over) return
    let encoded: Encoded
    try {
      encoded = encodeRecord(value, this.#writer.format, this.#file.currentView)
      if (!this.#makeRoom(encoded.length)) return
    } catch (error) {
      return this.#end({ error: this.#file.core.inContext(error, this.#writer.site) })
    }
    this.#queue.push(encoded)
    this.#queuedBytes += encoded.length
    // A source that gives one value after the other is heard out.
    if (!this.#isFeeding || !this.#gate.open || this.#isLate) this.#go()
  }

  get #isLate(): boolean {
    // The clock takes as long as a value does.
    if (this.#queue.length % 16 !== 1) return false
    const now = asyncScheduler.now()
    if (now - this.#wentAt < PATIENCE_MS) return false
    this.#wentAt = now
    return true
  }

  /** Lets the source give what there is room for, and deals with that. */
  #feed(give: () => void = () => this.#gate.notify()): void {
    if (this.#isFeeding) return
    this.#isFeeding = true
    try {
      give()
    } finally {
      this.#isFeeding = false
    }
    this.#go()
  }

  /** Whether there is room for one more value. */
  #makeRoom(bytes: number): boolean {
    const { highWaterMark, overflow } = this.#writer
    while (this.#queue.length > 0 && this.#queuedBytes + bytes > highWaterMark) {
      if (overflow === 'dropNewest') return false
      if (overflow === 'buffer' || overflow === 'error') {
        throw new OverflowError(
          `the source outruns file '${this.#file.path}': ${this.#queuedBytes} bytes wait, and highWaterMark is ${highWaterMark}; ` +
            'give a source that can wait (mpi.pull of an iterable, async iterable or stream), or another overflow policy'
        )
      }
      const drop = overflow === 'latest' ? this.#queue.length : 1
      for (let k = 0; k < drop; k++) this.#queuedBytes -= this.#queue.shift().length
    }
    return true
  }

  /** The source has ended. */
  #end(failure: { error: unknown } | undefined): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#sourceError = failure
    this.#go()
  }

  /** Gives values a place, as far as that is possible now. A loop and no recursion: they may be written at once. */
  #go(): void {
    if (this.#position === undefined || this.#over) return
    this.#goesAgain = true
    if (this.#isGoing) return
    this.#isGoing = true
    try {
      while (this.#goesAgain) {
        this.#goesAgain = false
        if (this.#order === undefined) this.#arrive()
        else this.#tellLengths(this.#order)
      }
    } catch (error) {
      this.#stop(error)
    } finally {
      this.#isGoing = false
    }
  }

  /** Tells the others of what waits. Who has told more than they have lets them go on. */
  #tellLengths(order: RoundOrder): void {
    if (this.#isTelling || this.#over || order.over !== undefined) return
    const lengths: number[] = []
    while (this.#queue.length > 0 && this.#told.length < this.#writer.window) {
      const next = this.#shift()
      this.#told.push(next)
      lengths.push(next.length)
    }
    let end: number | undefined
    if (this.#hasEnded && this.#queue.length === 0 && !this.#hasToldEnd) {
      if (this.#sourceError === undefined) {
        // Who does not listen any more wants none of what has no place.
        if (this.#subscriber.closed) this.#forget()
        this.#hasToldEnd = true
        end = order.rounds + this.#told.length
      } else if (this.#told.length === 0) {
        this.#hasToldEnd = true
        return this.#tell.error(this.#sourceError.error)
      }
    }
    if (this.#told.length === 0 && !this.#hasToldEnd) return
    this.#isTelling = true
    this.#tell.next(told(lengths, end))
  }

  /** The next of those that wait is dealt with. */
  #shift(): Encoded {
    const next = this.#queue.shift()
    this.#queuedBytes -= next.length
    this.#busyBytes += next.length
    return next
  }

  #forget(): void {
    while (this.#told.length > 0) this.#busyBytes -= this.#told.shift().length
  }

  /** All ranks know where these values go. */
  #place({ ranks, lengths, rounds }: Block): void {
    if (rounds === 0 || this.#failure !== undefined) return
    const { rank, size } = this.#file.core
    const start = this.#position!
    const ends = new Float64Array(ranks.length)
    /** Values of this rank, those in a row together. */
    const own: Encoded[][] = []
    let at = start
    for (let k = 0; k < ranks.length; k++) {
      if (ranks[k] === rank) {
        const value = this.#told.shift()
        at = this.#placeAt(value, at)
        if (k > 0 && ranks[k - 1] === rank) own[own.length - 1]!.push(value)
        else own.push([value])
      } else at = this.#behind(at, lengths[k]!)
      ends[k] = at
    }
    this.#position = at
    if (size > 1 && rounds > FEW && at - start < SHORT * ranks.length) this.#collect(start, ranks, ends, own.flat())
    else for (const values of own) this.#write(values)
  }

  /** Where what so long is that comes behind a position ends. */
  #behind(at: number, length: number): number {
    return this.#writer.format === 'frames' ? this.#base + endBehind(at - this.#base, length) : at + length
  }

  #placeAt(value: Encoded, from: number): number {
    value.from = from
    value.at = this.#writer.format === 'frames' ? this.#base + beginBehind(from - this.#base) : from
    value.end = this.#behind(from, value.length)
    return value.end
  }

  /** Short values that lie between those of others are written by one rank, in one run. */
  #collect(start: number, ranks: readonly number[], ends: Float64Array, values: readonly Encoded[]): void {
    const { core, parts } = this.#file
    const block = this.#blocks++
    const run = this.#run(values)
    const done = (error: Error | null): void => (error === null ? this.#written(run) : this.#stop(error))
    const collected = this.#collected
    if (collected !== undefined) {
      if (values.length > 0) collected.put(block, core.rank, this.#packed(values), () => undefined)
      return collected.expect(block, { start, ranks, ends }, done)
    }
    if (values.length === 0) return done(null)
    parts.service.ask<void>(parts.leader, PUT, [this.#key, block, this.#packed(values)], this.#writer.site, done)
  }

  /**
   * All that waits gets a place at once, and is written before another rank gets one: where a job is killed, nothing that is told to be
   * written lies behind a hole.
   */
  #arrive(): void {
    if (this.#isAsking) return
    if (this.#queue.length === 0) {
      if (this.#hasEnded && this.#runs.length === 0) this.#finish()
      return
    }
    this.#isAsking = true
    const { core, lock } = this.#file
    if (core.size === 1) return this.#draw(() => undefined)
    lock.acquire({ site: this.#writer.site }, (error, held) => {
      if (error === null) this.#draw(() => held!.release())
      else this.#stop(error)
    })
  }

  #draw(release: () => void): void {
    if (this.#over) return release()
    const batch: Encoded[] = []
    let bytes = 0
    while (this.#queue.length > 0 && (bytes === 0 || bytes + this.#queue.first!.length <= ENOUGH)) {
      batch.push(this.#shift())
      bytes += batch[batch.length - 1]!.length
    }
    if (batch.length === 0) return this.#drawn(release)
    const { counters, currentView } = this.#file
    const write = (error: Error | null, pointer: number): void => {
      if (error !== null) {
        release()
        return this.#stop(error)
      }
      let at = currentView.byteOffset(pointer)
      for (const value of batch) at = this.#placeAt(value, at)
      this.#write(batch, () => this.#drawn(release))
    }
    if (this.#writer.format === 'frames') counters.change('frame', POINTER, bytes, 0, write, this.#writer.site)
    else counters.add(POINTER, bytes / currentView.size, write, this.#writer.site)
  }

  #drawn(release: () => void): void {
    this.#isAsking = false
    release()
    this.#go()
  }

  #run(values: readonly Encoded[]): Run {
    const run = { values, done: false }
    this.#runs.push(run)
    return run
  }

  /** Writes values that lie one behind the other; `moved` is called in any case, before they are told to be written. */
  #write(values: readonly Encoded[], moved: () => void = () => undefined): void {
    const { access } = this.#file.parts
    const run = this.#run(values)
    access.write(this.#packed(values), values[0]!.from, (error) => {
      moved()
      if (error !== null) return this.#stop(error)
      if (this.#writer.flush === 'end') return this.#written(run)
      access.sync((failure) => (failure === null ? this.#written(run) : this.#stop(failure)))
    })
  }

  /** The bytes of values as they are in the file, one behind the other. */
  #packed(values: readonly Encoded[]): Uint8Array {
    const { format } = this.#writer
    const bytesOf = ({ from, value }: Encoded): Uint8Array =>
      format === 'frames' ? frameAt(from - this.#base, value as Uint8Array) : (value as Uint8Array)
    if (format !== 'lines' && values.length === 1) return bytesOf(values[0]!)
    let total = 0
    for (const { from, end } of values) total += end - from
    const bytes = Buffer.allocUnsafe(total)
    let at = 0
    for (const one of values) {
      if (format === 'lines') putLine(one.value as string, one.length, bytes, at)
      else bytes.set(bytesOf(one), at)
      at += one.end - one.from
    }
    return bytes
  }

  /** Emits what has been written, in order. */
  #written(run: Run): void {
    run.done = true
    for (const { length } of run.values) this.#busyBytes -= length
    const subscriber = this.#subscriber
    while (this.#runs.first?.done === true) {
      const { values } = this.#runs.shift()
      for (let k = 0; k < values.length && !subscriber.closed; k++) {
        const { at, end } = values[k]!
        subscriber.next({ at, bytes: end - at })
      }
    }
    if (this.#runs.length === 0) this.#whenWritten?.()
    if (this.#over) this.#finish()
    else this.#feed()
  }

  /** What has gone wrong ends the stream here, and of rounds on the other ranks. */
  #stop(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    if (this.#order !== undefined) {
      const { parts, core } = this.#file
      if (!this.#over) this.#tell.error(error)
      this.#collected?.fail(error as Error)
      if (core.rank !== parts.leader && parts.service.core.alive) parts.service.tell(parts.leader, QUIT, [this.#key])
    }
    this.#over = true
    this.#runs.clear()
    this.#whenWritten?.()
    this.#finish()
  }

  /** The rounds of all are over. */
  #overAll(): void {
    this.#over = true
    this.#forget()
    this.#finish()
  }

  /** The end: all is written, the device has it, and the common pointer is behind it. */
  #finish(): void {
    if (this.#finishing || (this.#runs.length > 0 && this.#failure === undefined)) return
    this.#finishing = true
    const { counters, currentView } = this.#file
    if (this.#failure === undefined && this.#collected !== undefined) collectedOf(this.#file).delete(this.#key)
    if (this.#subscriber.closed) return
    const flush = (): void => this.#flush((error) => this.#conclude(this.#failure?.error ?? this.#sourceError?.error ?? error))
    if (this.#order === undefined || this.#position === undefined) return flush()
    const pointer = Math.ceil((this.#position - currentView.at) / currentView.size)
    counters.raise(POINTER, pointer, () => flush(), this.#writer.site)
  }

  /** Here, and on the host of the rank that writes for others. */
  #flush(done: (error: Error | null) => void): void {
    const { core, parts } = this.#file
    const { access, leader, service, isThrough } = parts
    const { hosts } = core.endpoint.transport
    const isNear = hosts === undefined || hosts[core.memberOf(core.rank)] === hosts[core.memberOf(leader)]
    access.sync((error) => {
      if (error !== null || isNear || isThrough || this.#order === undefined) return done(error)
      service.ask<void>(leader, FLUSH, [], this.#writer.site, (failure) => {
        // It has flushed the file before it has ended well.
        const hasEnded = failure instanceof FreedError || core.endpoint.whyGone(core.memberOf(leader))?.failed === false
        done(hasEnded ? null : failure)
      })
    })
  }

  #raggedError(): Error {
    const { core } = this.#file
    const { name, site } = this.#writer
    const words = this.#order!.counts.map(({ count, isEnd }) => ({ kind: isEnd ? ENDED : GOES_ON, count }) as const)
    const where = locate(site)
    return raggedError(words, { describe: () => (where === undefined ? name : `${name} at ${where}`) }, core)
  }

  #conclude(error: unknown): void {
    if (error === null || error === undefined) this.#subscriber.complete()
    else this.#subscriber.error(this.#file.core.inContext(error, this.#writer.site))
  }
}
