import assert from 'node:assert/strict'
import { take } from 'rxjs'
import type { Communicator } from '../../../src/communicator/communicator.js'
import { ANY_SOURCE, ANY_TAG } from '../../../src/constants.js'
import type { TransportBinding } from '../binding.js'
import { integer, random, length as randomLength } from '../random.js'
import type { Declare } from '../runner.js'
import { bytes } from './data.js'
import { inWorld, type World } from './world.js'

const RANKS = 3
const TAGS = 3
const MESSAGES = 250

/** A message that was sent: what is on the wire tells which. */
interface Sent {
  readonly number: number
  readonly source: number
  readonly dest: number
  readonly tag: number
  readonly length: number
  outcome: 'pending' | 'sent' | 'aborted'
}

interface Got {
  readonly number: number
  /** The place of its receive in the order of posting. */
  readonly post: number
  /** It was one of several that the receive got, each of them posted anew. */
  readonly streamed: boolean
  readonly source: number
  readonly tag: number
}

/** Programs that nobody would write: everything at once, in random order. */
export function fuzzing(binding: TransportBinding, test: Declare): void {
  for (const seed of [81, 82]) {
    test(`delivers every message once, in order, to random receives (${seed})`, () =>
      inWorld(binding, RANKS, (world) => new Program(world, seed, false).run()))
    test(`delivers every message once while random sends and receives are aborted (${seed})`, () =>
      inWorld(binding, RANKS, (world) => new Program(world, seed, true).run()))
  }
}

class Program {
  readonly #world: World
  readonly #next: () => number
  readonly #aborts: boolean
  readonly #sent: Sent[] = []
  readonly #got: Got[] = []
  /** What can be aborted. */
  readonly #running = new Set<AbortController>()
  readonly #all: Promise<void>[] = []
  #posts = 0

  constructor(world: World, seed: number, aborts: boolean) {
    this.#world = world
    this.#next = random(seed)
    this.#aborts = aborts
  }

  async run(): Promise<void> {
    const next = this.#next
    while (this.#sent.length < MESSAGES || this.#missing > 0) {
      const choice = next()
      if (choice < 0.35 && this.#sent.length < MESSAGES) this.#send()
      else if (choice < 0.6 && this.#posts < this.#sent.length + 20) this.#receive()
      else if (choice < 0.65 && this.#aborts) this.#abort()
      else if (choice < 0.8) await this.#world.step()
      else if (this.#sent.length === MESSAGES) this.#sweep()
    }
    await this.#world.quiet()
    for (const abort of this.#running) abort.abort()
    await Promise.all(this.#all)
    this.#check()
  }

  /** Messages that were sent, or may be, and have not come. */
  get #missing(): number {
    const got = new Set(this.#got.map(({ number }) => number))
    return this.#sent.filter(({ number, outcome }) => outcome !== 'aborted' && !got.has(number)).length
  }

  #send(): void {
    const next = this.#next
    const number = this.#sent.length
    const [source, dest, tag] = [integer(next, 0, RANKS - 1), integer(next, 0, RANKS - 1), integer(next, 0, TAGS - 1)]
    const sent: Sent = { number, source, dest, tag, length: 4 + randomLength(next, 200_000), outcome: 'pending' }
    this.#sent.push(sent)
    const data = payload(sent)
    const abort = this.#abortable()
    const comm = this.#world.comms[source]!
    const to = { dest, tag, transfer: next() < 0.3, signal: abort.signal }
    const done = (next() < 0.3 ? comm.ssend(data, to) : comm.send(data, to)).then(
      () => {
        sent.outcome = 'sent'
      },
      (error: Error) => {
        assert.equal(error.name, 'AbortError', error.stack)
        sent.outcome = 'aborted'
        if (data.length > 0) data.fill(0)
      }
    )
    this.#all.push(done.finally(() => this.#running.delete(abort)))
  }

  #receive(): void {
    const next = this.#next
    const comm = this.#world.comms[integer(next, 0, RANKS - 1)]!
    const source = next() < 0.4 ? ANY_SOURCE : integer(next, 0, RANKS - 1)
    const tag = next() < 0.4 ? ANY_TAG : integer(next, 0, TAGS - 1)
    this.#take(comm, source, tag, integer(next, 0, 5))
  }

  #take(comm: Communicator, source: number, tag: number, how: number): void {
    const post = this.#posts++
    const abort = this.#abortable()
    const from = { source, tag, signal: abort.signal }
    const got = (data: Uint8Array): void => {
      this.#got.push({ number: numberOf(data), post, streamed: how === 2, source, tag })
      this.#verify(data, comm.rank)
    }
    const receive = async (): Promise<void> => {
      if (how === 0) got((await (await comm.mprobe<Uint8Array>(from)).recv()) as Uint8Array)
      else if (how === 1) await comm.probe(from)
      else if (how === 2) {
        await new Promise<void>((complete, error) => {
          comm
            .messages<Uint8Array>(from)
            .pipe(take(3))
            .subscribe({ next: ({ data }) => got(data), complete, error })
        })
      } else if (how === 3) {
        const into = new Uint8Array(200_010)
        const request = comm.irecv({ ...from, into })
        await request.wait()
        got(into.slice(0, request.status!.count))
      } else got(await comm.recv<Uint8Array>(from))
    }
    this.#all.push(
      receive()
        .catch((error: Error) => assert.equal(error.name, 'AbortError', error.stack))
        .finally(() => this.#running.delete(abort))
    )
  }

  /** Takes what random receives have left. */
  #sweep(): void {
    for (const comm of this.#world.comms) if (comm.iprobe() !== undefined) this.#take(comm, ANY_SOURCE, ANY_TAG, 4)
  }

  #abort(): void {
    const running = [...this.#running]
    running[integer(this.#next, 0, running.length - 1)]?.abort()
  }

  #abortable(): AbortController {
    const abort = new AbortController()
    this.#running.add(abort)
    return abort
  }

  #verify(data: Uint8Array, rank: number): void {
    const sent = this.#sent[numberOf(data)]
    assert.ok(sent !== undefined && sent.dest === rank, `rank ${rank} received message ${numberOf(data)}, which was not sent to it`)
    assert.equal(Buffer.compare(data, payload(sent)), 0, `message ${sent.number} holds other bytes than were sent`)
  }

  #check(): void {
    const numbers = this.#got.map(({ number }) => number)
    assert.equal(new Set(numbers).size, numbers.length, 'a message was received twice')
    for (const { number, outcome } of this.#sent) if (outcome === 'sent') assert.ok(numbers.includes(number), `message ${number} was lost`)
    if (this.#aborts) return
    const last = new Map<string, number>()
    for (const { number, post, streamed, source, tag } of this.#got.toSorted((a, b) => a.post - b.post)) {
      if (source === ANY_SOURCE || tag === ANY_TAG) continue
      const way = `${source} to ${this.#sent[number]!.dest}, tag ${tag}${streamed ? ` in stream ${post}` : ''}`
      assert.ok((last.get(way) ?? -1) < number, `receive ${post} got message ${number} after a later one (${way})`)
      last.set(way, number)
    }
  }
}

function payload({ number, length }: Sent): Uint8Array {
  const data = bytes(length, number)
  new DataView(data.buffer).setInt32(0, number)
  return data
}

const numberOf = (data: Uint8Array): number => new DataView(data.buffer, data.byteOffset).getInt32(0)
