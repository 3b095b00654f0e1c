import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Subscription, take } from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { ANY_SOURCE, ANY_TAG } from '../../src/constants.js'
import type { Message } from '../../src/request/message.js'
import type { Request } from '../../src/request/request.js'
import { Network } from './network.js'

/**
 * Random programs on two ranks and two communicators, played in random order: whatever is sent and not aborted arrives once and whole, and
 * no message overtakes another.
 */

const SIZE = 2
/** Within a segment, of several segments, and too long to go before its receive; of the last alone a window holds few. */
const LENGTHS = [0, 1, 40, 5000, 12_000, 50_000, 70_000]
/** Tags: a receive in place is for arrays. */
const ARRAYS = 0
const OBJECTS = 1

type Step =
  | {
      kind: 'send'
      at: number
      comm: number
      dest: number
      tag: number
      length: number
      form: 'object' | 'array' | 'synchronous' | 'moved'
    }
  | { kind: 'receive'; at: number; comm: number; source: number; tag: number; form: 'irecv' | 'into' | 'mprobe' | 'messages' }
  | { kind: 'cancel' | 'abort' | 'receiveClaimed'; which: number }
  | { kind: 'step'; at: number; count: number }

const rank = fc.nat(SIZE - 1)
const source = fc.oneof({ weight: 3, arbitrary: rank }, { weight: 1, arbitrary: fc.constant(ANY_SOURCE) })
const tag = fc.oneof({ weight: 3, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.constant(ANY_TAG) })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      at: rank,
      comm: fc.nat(1),
      dest: rank,
      tag: fc.nat(1),
      length: fc.constantFrom(...LENGTHS),
      form: fc.constantFrom('object' as const, 'array' as const, 'synchronous' as const, 'moved' as const)
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('receive' as const),
      at: rank,
      comm: fc.nat(1),
      source,
      tag,
      form: fc.constantFrom('irecv' as const, 'into' as const, 'mprobe' as const, 'messages' as const)
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('cancel' as const, 'abort' as const), which: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('receiveClaimed' as const), which: fc.nat(1000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('step' as const), at: rank, count: fc.integer({ min: 1, max: 6 }) }) }
)

/** A message, by its number in the order of sending. */
interface Sent {
  number: number
  comm: number
  source: number
  dest: number
  tag: number
  length: number
  request?: Request<void>
  abort: AbortController
  aborted: boolean
  mayBeLate: boolean
  receivedBy?: Taken
}

/** A receive, by its number in the order of posting. */
interface Taken {
  number: number
  comm: number
  at: number
  source: number
  tag: number
  pending(): boolean
  cancel(): void
}

test.each([
  ['copied', false],
  ['moved', true]
])('whatever is sent arrives once, whole and in order: buffers are %s', (_, moves) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => new Play(moves).run(steps)),
    { numRuns: 100 }
  )
})

class Play {
  readonly network: Network
  readonly comms: Communicator[][]
  readonly sent: Sent[] = []
  readonly taken: Taken[] = []
  readonly claimed: { message: Message<unknown>; by: Taken }[] = []
  /** What a subscriber throws goes to nobody who waits for it here. */
  readonly problems: unknown[] = []
  clock = 0

  constructor(moves: boolean) {
    this.network = new Network(SIZE, { moves })
    this.comms = [this.network.worlds, this.network.communicators(7, 'other')]
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) this.play(step)
    this.network.settle()
    while (this.claimed.length > 0) this.receiveClaimed(0)
    this.network.settle()
    this.checkPending()
    for (const taken of this.taken) taken.cancel()
    this.network.settle()
    this.drain()
    assert.deepEqual(this.problems, [])
    for (const message of this.sent) {
      assert.ok(message.request!.test(), `send ${message.number} is complete`)
      assert.ok(message.receivedBy !== undefined || message.aborted, `message ${message.number} arrived`)
    }
    this.checkOrder()
    const held = this.network.wires.map((wire) => wire.held)
    assert.deepEqual(held, new Array(SIZE).fill(0), 'nothing keeps the ranks alive')
  }

  play(step: Step): void {
    switch (step.kind) {
      case 'send':
        this.send(step)
        break
      case 'receive':
        this.receive(step)
        break
      case 'step':
        for (let k = 0; k < step.count; k++) this.network.wires[step.at]!.step()
        break
      case 'cancel':
        this.taken[step.which % Math.max(1, this.taken.length)]?.cancel()
        break
      case 'receiveClaimed':
        if (this.claimed.length > 0) this.receiveClaimed(step.which % this.claimed.length)
        break
      case 'abort': {
        const message = this.sent[step.which % Math.max(1, this.sent.length)]
        if (message === undefined || message.request!.settled) return
        message.aborted = true
        message.abort.abort()
      }
    }
  }

  send({ at, comm, dest, tag, length, form }: Extract<Step, { kind: 'send' }>): void {
    const number = this.clock++
    const abort = new AbortController()
    const data = form === 'object' && tag === OBJECTS ? { number, text: 'x'.repeat(length) } : contents(number, length)
    const to = { dest, tag, signal: abort.signal, transfer: form === 'moved' }
    const message: Sent = { number, comm, source: at, dest, tag, length, abort, aborted: false, mayBeLate: false }
    this.sent.push(message)
    message.request = this.comms[comm]![at]![form === 'synchronous' ? 'issend' : 'isend'](data, to)
    // Users poll inside `next`, too.
    message.request.subscribe({ next: () => void this.comms[comm]![at]!.iprobe(), error: () => undefined })
  }

  receive({ at, comm, source, tag, form }: Extract<Step, { kind: 'receive' }>): void {
    const communicator = this.comms[comm]![at]!
    const taken: Taken = { number: this.clock++, comm, at, source, tag, pending: () => false, cancel: () => undefined }
    if (form === 'mprobe') {
      const message = communicator.improbe<unknown>({ source, tag })
      if (message !== undefined) this.claimed.push({ message, by: taken })
    } else if (form === 'messages') {
      const subscription = communicator
        .messages<unknown>({ source, tag })
        .pipe(take(1))
        .subscribe(({ data }) => this.received(data, taken))
      taken.pending = () => !subscription.closed
      taken.cancel = () => this.unsubscribe(taken, subscription)
    } else {
      const into = form === 'into' ? contents(0, Math.max(...LENGTHS)) : undefined
      if (into !== undefined) taken.tag = ARRAYS
      const request = communicator.irecv<unknown>({ source, tag: taken.tag, into })
      taken.pending = () => !request.settled
      taken.cancel = () => void request.cancel()
      request.subscribe((data) => this.received(into?.subarray(0, request.status!.count) ?? data, taken))
    }
    this.taken.push(taken)
  }

  /** What it had matched already goes back to its place: receives that came meanwhile may have got later ones. */
  unsubscribe(taken: Taken, subscription: Subscription): void {
    if (subscription.closed) return
    for (const message of this.sent) if (message.receivedBy === undefined && fits(taken, message)) message.mayBeLate = true
    subscription.unsubscribe()
  }

  receiveClaimed(which: number): void {
    const [{ message, by }] = this.claimed.splice(which, 1) as [{ message: Message<unknown>; by: Taken }]
    message.irecv().subscribe((data) => this.received(data, by))
  }

  received(data: unknown, by: Taken): void {
    try {
      const isArray = ArrayBuffer.isView(data)
      const number = isArray ? (data as Uint32Array)[0] : (data as { number: number }).number
      const message = this.sent.find((sent) => sent.number === number)
      assert.ok(message !== undefined, `what arrived was sent: ${number}`)
      if (isArray) assert.ok(Buffer.from(bytes(data)).equals(bytes(contents(number, message.length))), `message ${number} is whole`)
      else assert.equal((data as { text: string }).text, 'x'.repeat(message.length))
      assert.equal(message.receivedBy, undefined, `message ${message.number} arrives once`)
      assert.ok(fits(by, message), `message ${message.number} fits its receive`)
      message.receivedBy = by
    } catch (error) {
      this.problems.push(error)
    }
  }

  /** A receive does not wait while a message that fits it was left, or given to one that came later. */
  checkPending(): void {
    for (const taken of this.taken) {
      if (!taken.pending()) continue
      for (const message of this.sent) {
        if (!fits(taken, message) || message.aborted || message.mayBeLate) continue
        assert.ok(message.receivedBy !== undefined, `receive ${taken.number} waits though message ${message.number} is there`)
        assert.ok(message.receivedBy.number < taken.number, `receive ${taken.number} came before ${message.receivedBy.number}`)
      }
    }
  }

  /** All that is left, taken by receives that fit anything. */
  drain(): void {
    for (const [comm, ranks] of this.comms.entries()) {
      for (const [at, communicator] of ranks.entries()) {
        while (communicator.iprobe() !== undefined) {
          const taken = { number: this.clock++, comm, at, source: ANY_SOURCE, tag: ANY_TAG, pending: () => false, cancel: () => undefined }
          communicator.irecv().subscribe((data) => this.received(data, taken))
          this.network.settle()
        }
      }
    }
  }

  /** A message that a receive could have got was not left behind for a later one. */
  checkOrder(): void {
    for (const late of this.sent) {
      for (const early of this.sent) {
        if (early.number >= late.number || early.source !== late.source || early.aborted || early.mayBeLate) continue
        if (late.receivedBy === undefined || !fits(late.receivedBy, early)) continue
        assert.ok(
          early.receivedBy!.number < late.receivedBy.number,
          `message ${late.number} (receive ${late.receivedBy.number}) overtook ${early.number} (receive ${early.receivedBy!.number})`
        )
      }
    }
  }
}

/** At least as long, and with its number in it. */
const contents = (number: number, length: number): Uint32Array => Uint32Array.from({ length: 1 + (length >> 2) }, (_, k) => number + k)

const bytes = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

const fits = (taken: Taken, message: Sent): boolean =>
  taken.comm === message.comm &&
  taken.at === message.dest &&
  (taken.source === ANY_SOURCE || taken.source === message.source) &&
  (taken.tag === ANY_TAG || taken.tag === message.tag)
