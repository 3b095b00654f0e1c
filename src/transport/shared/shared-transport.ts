import type { SegmentReceiver, Slot, Transport } from '../transport.js'
import { type Sleeper, sleeperOf, wake } from './bell.js'
import { HostBoards } from './boards.js'
import type { BufferHandoff } from './buffer-handoff.js'
import { giveWay } from './give-way.js'
import { ENDED, GONE_COUNT, type HostMemory, isRouted, maxSegment, reasonGone, STATE_BITS, stateWord } from './host-memory.js'
import { isMapped, open } from './mapped-memory.js'
import { Poller } from './poller.js'
import { allocateReachable, reachMemory } from './reachable-memory.js'
import { Inbox, RingReader, RingWriter } from './ring.js'
import { isShown } from './visible-memory.js'

/** The router, where it has no thread of its own. */
export interface LocalRouter {
  /** Moves what can be moved between rings and links. */
  poll(): unknown
  polled(any: boolean): void
  /** There is something for a rank of another host. */
  published(bytes: number): void
}

/** The main thread of this host, where it answers for ranks that compute. */
export interface Attendant {
  attend(context: number, about: unknown, memory: readonly SharedArrayBuffer[]): void
  unattend(context: number): void
}

/** Delivered from one source before the others and the event loop get their turn. */
const DRAIN_BYTES = 2 ** 21

/** Buffers handed over are looked for in every 64th poll: that takes a microsecond, and the event loop looks for them, too. */
const POLLS_A_LOOK = 63

/** Joins the threads of a host, and the processes of a machine where they share memory, by rings in it. */
export class SharedTransport implements Transport {
  readonly rank: number
  readonly size: number
  readonly maxSegment: number
  readonly poller: Poller
  readonly move: ((dest: number, id: number, buffer: ArrayBuffer) => void) | undefined
  readonly share: ((dest: number, id: number, memory: readonly SharedArrayBuffer[]) => void) | undefined
  readonly allocate: Transport['allocate'] | undefined
  readonly reach: Transport['reach'] | undefined
  readonly attend: Transport['attend'] | undefined
  readonly unattend: ((context: number) => void) | undefined
  readonly hosts: readonly number[] | undefined
  readonly hostNames: readonly string[] | undefined
  readonly expect: ((source: number, change: 1 | -1) => void) | undefined
  readonly boards: HostBoards | undefined
  readonly #handoff: BufferHandoff | undefined
  /** Buffers that are to be handed over to this rank, by source. */
  readonly #expected: Int32Array
  #expectedCount = 0
  #polls = 0
  /** Who waits for the attendant, by context. */
  readonly #attending = new Map<number, () => void>()
  readonly #readers: RingReader[]
  readonly #writers: RingWriter[]
  /** Where each rank sleeps, or the router for those of other hosts. */
  readonly #bells: Int32Array[]
  /** Where this rank does. */
  readonly #sleeper: Sleeper
  /** 1 for ranks to which the router leads. */
  readonly #routed: Uint8Array
  readonly #states: Int32Array
  /** 1 for ranks that `reserve` found no room to; they keep the transport polling. */
  readonly #full: Uint8Array
  #fullCount = 0
  #gone = 0
  #router: LocalRouter | undefined
  readonly #goneRanks = new Set<number>()
  /** Those of them that still have to hand buffers over. */
  readonly #late = new Set<number>()
  #receiver!: SegmentReceiver

  /** `polled`: whether ranks outnumber cores, or who polls already in this thread, for another transport. */
  constructor(rank: number, size: number, memory: HostMemory, polled: boolean | Poller, handoff?: BufferHandoff, attendant?: Attendant) {
    this.rank = rank
    this.size = size
    this.maxSegment = maxSegment(size)
    this.hosts = memory.others?.hosts
    this.hostNames = memory.others?.names
    this.#full = new Uint8Array(size)
    const inboxes = memory.inboxes.map((inbox, rank) => new Inbox(inbox, memory.bells?.[rank]))
    this.#readers = inboxes.map((_, source) => new RingReader(inboxes[rank]!, source, size))
    this.#writers = inboxes.map((inbox) => new RingWriter(inbox, rank, size))
    const { others } = memory
    const routerBell = others && new Int32Array(others.bell)
    this.#routed = Uint8Array.from(inboxes, (_, dest) => Number(isRouted(memory, dest)))
    this.#bells = inboxes.map(({ bell }, dest) => (this.#routed[dest] === 1 ? routerBell! : bell))
    this.#sleeper = sleeperOf(this.#bells[rank]!)
    this.#states = new Int32Array(memory.states)
    if (typeof polled === 'boolean') this.poller = new Poller(this, polled)
    else {
      this.poller = polled
      polled.join(this)
    }
    this.move = handoff && ((dest, id, buffer) => handoff.move(dest, id, buffer))
    this.share = handoff && ((dest, id, memory) => handoff.share(dest, id, memory))
    this.#handoff = handoff
    const hasEnded = (other: number): boolean => this.hasEnded(other)
    this.boards = memory.boards && new HostBoards(open(memory.boards), rank, this.#bells, hasEnded, this.share)
    if (memory.inboxes.some(isMapped)) {
      this.allocate = allocateReachable
      this.reach = reachMemory
    }
    if (attendant !== undefined && others?.attended === true) {
      this.attend = (context, about, memory, done) => {
        this.#attending.set(context, done)
        this.#expect(rank, 1)
        attendant.attend(context, about, memory)
      }
      this.unattend = (context) => {
        this.attended(context)
        attendant.unattend(context)
      }
    }
    this.#expected = new Int32Array(size)
    this.expect = handoff && ((source, change) => this.#expect(source, change))
    handoff?.onMoved((source, id, buffer) => {
      this.#receiver.moved(source, id, buffer)
      this.#reportGone(this.#late)
    })
    handoff?.onShared((source, id, memory) => {
      if (isShown(id)) this.boards?.visible?.shown(source, id, memory)
      else this.#receiver.shared?.(source, id, memory)
    })
  }

  /** The attendant has been told. */
  attended(context: number): void {
    const done = this.#attending.get(context)
    if (!this.#attending.delete(context)) return
    this.#expect(this.rank, -1)
    done!()
  }

  attach(receiver: SegmentReceiver): void {
    this.#receiver = receiver
  }

  reserve(dest: number, bytes: number): Slot | undefined {
    const ring = this.#writers[dest]!
    if (ring.reserve(bytes)) return ring
    ring.want()
    if (ring.reserve(bytes)) return ring
    this.again(dest)
    return undefined
  }

  again(dest: number): void {
    if (this.#full[dest] === 1) return
    this.#full[dest] = 1
    if (this.#fullCount++ === 0) this.hold()
  }

  publish(dest: number): void {
    const ring = this.#writers[dest]!
    ring.publish()
    if (this.#router !== undefined && this.#routed[dest] === 1) this.#router.published(ring.length)
    else wake(this.#bells[dest]!)
  }

  /** The router of this process, whose only rank this is, from now on in this thread, or not any more. */
  set router(router: LocalRouter | undefined) {
    this.#router = router
    this.poller.needsLoop = router !== undefined
  }

  hasEnded(rank: number): boolean {
    return (Atomics.load(this.#states, stateWord(rank)) & STATE_BITS) >= ENDED
  }

  hold(): void {
    this.poller.hold()
  }

  release(): void {
    this.poller.release()
  }

  watch(): void {
    this.poller.watch()
  }

  unwatch(): void {
    this.poller.unwatch()
  }

  poll(): boolean {
    const gone = Atomics.load(this.#states, GONE_COUNT)
    // Before the rings are looked at: what a rank sends before it ends may come when they have been.
    const ended = gone === this.#gone ? undefined : this.#newlyGone(gone)
    this.#router?.poll()
    let any = false
    for (let source = 0; source < this.size; source++) if (this.#drain(source)) any = true
    if (this.#fullCount > 0 && this.#retry()) any = true
    // What a rank has posted before it ended counts, as what it has sent does.
    if (this.boards?.poll()) any = true
    if (ended !== undefined) {
      this.#reportGone(ended)
      any = true
    }
    if (this.#expectedCount > 0 && (++this.#polls & POLLS_A_LOOK) === 0 && this.#handoff!.poll()) any = true
    this.#router?.polled(any)
    return any
  }

  beforeSleep(): void {
    this.boards?.beforeSleep()
  }

  fallAsleep(inLoop: boolean): boolean {
    this.#sleeper.fallAsleep(inLoop)
    return this.poll()
  }

  wakeUp(): void {
    this.#sleeper.wakeUp()
  }

  giveWay(): boolean {
    return giveWay()
  }

  woken(): Promise<unknown> {
    return this.#sleeper.woken()
  }

  /** What is moved comes by the event loop, too. */
  get mayBlock(): boolean {
    return (
      this.#router === undefined &&
      this.#expectedCount === 0 &&
      process.getActiveResourcesInfo().every((kind) => kind === 'Timeout' || kind === 'MessagePort')
    )
  }

  block(ms: number): void {
    this.#sleeper.block(ms)
  }

  /** Blocks this thread, for at most `ms`, unless something has come: for `process.exit` with sends still under way. */
  blockUntilWoken(ms: number): void {
    if (!this.fallAsleep(false)) this.block(ms)
    this.wakeUp()
  }

  #drain(source: number): boolean {
    const ring = this.#readers[source]!
    if (!ring.next()) return false
    let budget = DRAIN_BYTES
    for (;;) {
      budget -= ring.length + 8
      const large = ring.length > 4096
      this.#receiver.segment(source, ring)
      if (budget <= 0 || large) {
        if (ring.free()) wake(this.#bells[source]!)
        if (budget <= 0) return true
      }
      if (!ring.next()) break
    }
    if (ring.free()) wake(this.#bells[source]!)
    return true
  }

  #retry(): boolean {
    let any = false
    for (let dest = 0; dest < this.size; dest++) {
      if (this.#full[dest] === 0) continue
      this.#full[dest] = 0
      if (this.#receiver.room(dest)) any = true
      if (--this.#fullCount === 0) this.release()
    }
    return any
  }

  #expect(source: number, change: 1 | -1): void {
    this.#expected[source] += change
    this.#expectedCount += change
    this.#handoff!.expect(change)
  }

  #newlyGone(count: number): Set<number> {
    this.#gone = count
    const ranks = new Set<number>()
    for (let rank = 0; rank < this.size; rank++) {
      if ((Atomics.load(this.#states, stateWord(rank)) & STATE_BITS) < ENDED || this.#goneRanks.has(rank)) continue
      this.#goneRanks.add(rank)
      ranks.add(rank)
    }
    return ranks
  }

  #reportGone(ranks: Set<number>): void {
    for (const rank of ranks) {
      const word = Atomics.load(this.#states, stateWord(rank))
      // What it moved before it ended does not come by a ring, and may be later than the news.
      if ((word & STATE_BITS) === ENDED && this.#expected[rank]! > 0) this.#late.add(rank)
      else {
        this.#late.delete(rank)
        this.#receiver.gone(rank, reasonGone(word), (word & STATE_BITS) !== ENDED)
      }
    }
  }
}
