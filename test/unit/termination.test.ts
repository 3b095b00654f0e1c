import fc from 'fast-check'
import type { Ragged } from '../../src/collective/call.js'
import { COMPLETE, ENDED, type End, FAILED, GOES_ON, RAGGED, Termination, type Word } from '../../src/collective/termination.js'
import { integer, random } from '../../testing/compliance/random.js'

/** What a rank has to say, in order of time: it gives values, and then its stream ends in some way, or it calls the method. */
interface Stream {
  readonly count: number
  readonly how: 'ends' | 'fails' | 'goes on' | 'single'
}

/** Ranks whose words are delivered in any order, but those from one rank to another in the order they were sent. */
class World {
  readonly terminations: Termination[]
  readonly sent: string[] = []
  readonly #lanes: (() => void)[][]
  readonly #single: readonly boolean[]

  constructor(size: number, ragged: Ragged, giver?: number, single: readonly boolean[] = []) {
    this.#lanes = Array.from({ length: size * size }, () => [])
    this.#single = single
    this.terminations = Array.from(
      { length: size },
      (_, rank) =>
        new Termination(rank, size, ragged, giver === undefined ? undefined : [giver], {
          passOn: (to, step, count) => this.#send(rank, to, 'passed on', (other) => other.hearPassedOn(rank, step, count)),
          tell: (word, isSingle) => {
            for (let to = 0; to < size; to++) {
              if (to === rank) continue
              this.#send(rank, to, 'told', (other) => {
                if (isSingle) other.hearSingle(true)
                other.hear(rank, word)
              })
            }
          }
        })
    )
  }

  /** Lets one message come, of those that `choose` can have. */
  deliver(choose: (lanes: number) => number): boolean {
    const lanes = this.#lanes.filter(({ length }) => length > 0)
    if (lanes.length === 0) return false
    lanes[choose(lanes.length)]!.shift()!()
    return true
  }

  #send(from: number, to: number, what: string, hear: (other: Termination) => void): void {
    const { length } = this.terminations
    this.sent.push(what)
    this.#lanes[from * length + to]!.push(() => {
      if (!this.#single[to]) return hear(this.terminations[to]!)
      // Who has called the method answers once it is over.
      if (!this.#single[from]) this.#lanes[to * length + from]!.push(() => this.terminations[from]!.hearSingle(false))
    })
  }
}

/**
 * Ranks that give values, end and hear of each other in an order that the seed says, in a collective in which a round needs the values of
 * all ranks: but for those that have ended where it goes on with the rest. Each rank's end.
 */
function run(streams: readonly Stream[], ragged: Ragged, seed: number, giver?: number): (End | undefined)[] {
  const size = streams.length
  const next = random(seed)
  const choose = (most: number): number => integer(next, 0, most - 1)
  const world = new World(
    size,
    ragged,
    giver,
    streams.map(({ how }) => how === 'single')
  )
  const given = streams.map(({ how }) => (how === 'single' ? 1 : 0))
  const isOver = streams.map(({ how }) => how === 'single')
  const ends: (End | undefined)[] = streams.map(() => undefined)
  for (;;) {
    const needed = given.filter((_, rank) => !(ragged === 'rest' && isOver[rank] && streams[rank]!.how === 'ends'))
    for (const [rank, termination] of world.terminations.entries())
      ends[rank] ??= termination.endFrom(giver === undefined ? Math.min(MANY, ...needed) : 0)
    const able = [...streams.keys()].filter((rank) => !isOver[rank])
    const rank = able[choose(2 * able.length + 1)]
    if (rank === undefined) {
      if (!world.deliver(choose) && able.length === 0) return ends
      // Each looks again at what it has given.
      for (const [rank, { how }] of streams.entries()) if (how === 'goes on' || !isOver[rank]) world.terminations[rank]!.given(given[rank]!)
      continue
    }
    const { count, how } = streams[rank]!
    const termination = world.terminations[rank]!
    if (given[rank]! < (how === 'goes on' ? MANY : count)) termination.given(++given[rank]!)
    else {
      isOver[rank] = true
      if (how === 'goes on' || (giver !== undefined && giver !== rank)) continue
      if (how === 'ends') termination.end(count)
      else termination.fail(count)
    }
  }
}

/** As many values as come of a stream that does not end. */
const MANY = 12

const streams = (...hows: Stream['how'][]) =>
  fc
    .integer({ min: 1, max: 9 })
    .chain((size) =>
      fc.array(fc.record<Stream>({ count: fc.nat({ max: 5 }), how: fc.constantFrom(...hows) }), { minLength: size, maxLength: size })
    )
const times = fc.integer({ min: 1 })
const least = (all: readonly Stream[], how: Stream['how']): number =>
  Math.min(...all.map((stream) => (stream.how === how ? stream.count : Number.POSITIVE_INFINITY)))
const most = (all: readonly Stream[]): number => Math.max(...all.map(({ count, how }) => (how === 'goes on' ? MANY : count)))

test('streams that do not fail end in the same way on every rank, whatever the times', () => {
  fc.assert(
    fc.property(streams('ends', 'goes on'), fc.constantFrom<Ragged>('error', 'truncate', 'rest'), times, (all, ragged, seed) => {
      const ends = run(all, ragged, seed)
      const ended = least(all, 'ends')
      let expected: End | undefined
      if (ragged === 'rest') {
        if (all.every(({ how }) => how === 'ends')) expected = { rounds: most(all), how: COMPLETE }
      } else if (ended < Number.POSITIVE_INFINITY) {
        expected = { rounds: ended, how: ragged === 'error' && most(all) > ended ? RAGGED : COMPLETE }
      }
      for (const end of ends) expect(end).toEqual(expected)
    }),
    { numRuns: 2000 }
  )
})

test('an error that comes first is that of every rank, and one behind the end is nobody’s', () => {
  fc.assert(
    fc.property(streams('ends', 'goes on', 'fails'), fc.constantFrom<Ragged>('error', 'truncate', 'rest'), times, (all, ragged, seed) => {
      const failed = least(all, 'fails')
      const ended = ragged === 'rest' ? Number.POSITIVE_INFINITY : least(all, 'ends')
      fc.pre(failed < Number.POSITIVE_INFINITY)
      const ends = run(all, ragged, seed)
      for (const end of ends) {
        if (failed > ended) expect(end).toEqual({ rounds: ended, how: ragged === 'error' ? RAGGED : COMPLETE })
        else {
          expect(end!.rounds).toBe(failed)
          if (failed === ended && ragged === 'truncate' && end!.how === COMPLETE) continue
          const { failed: by } = end!.how as { failed: number }
          expect(all[by]).toEqual({ count: failed, how: 'fails' })
        }
      }
      // All the same, also where an error is in the place where another stream ends.
      expect(new Set(ends.map((end) => (typeof end!.how === 'object' ? 'failed' : end!.how))).size).toBe(1)
    }),
    { numRuns: 2000 }
  )
})

test('where one rank gives all there is, its end is everybody’s', () => {
  fc.assert(
    fc.property(streams('ends', 'fails'), fc.nat(), times, (all, some, seed) => {
      const giver = some % all.length
      const { count, how } = all[giver]!
      const ends = run(all, 'error', seed, giver)
      for (const end of ends) expect(end).toEqual({ rounds: count, how: how === 'ends' ? COMPLETE : { failed: giver } })
    })
  )
})

test('ranks that have called the method have ended after one value, and need not be there', () => {
  fc.assert(
    fc.property(streams('ends', 'single'), times, (all, seed) => {
      fc.pre(all.some(({ how }) => how === 'single') && all.some(({ how }) => how !== 'single'))
      const ends = run(all, 'error', seed)
      for (const [rank, { count, how }] of all.entries()) {
        if (how === 'single') continue
        if (count !== 1) expect(ends[rank]).toMatchObject({ how: RAGGED })
        // Who agrees with the method may be done before it hears of others who do not.
        else if (all.every((other) => other.how === 'single' || other.count === 1)) expect(ends[rank]).toEqual({ rounds: 1, how: COMPLETE })
        else expect(ends[rank]).toBeDefined()
      }
    })
  )
})

test.each([1, 2, 3, 4, 5, 7, 8, 13, 64])('%d ranks that say the same pass on ⌈log₂ p⌉ words each', (size) => {
  const world = new World(size, 'error')
  for (const termination of world.terminations) termination.end(3)
  while (world.deliver(() => 0)) {}
  expect(world.sent).toEqual(new Array(size * Math.ceil(Math.log2(size))).fill('passed on'))
  for (const termination of world.terminations) expect(termination.endFrom(0)).toEqual({ rounds: 3, how: COMPLETE })
})

test('every word is told once where they differ', () => {
  const world = new World(5, 'rest')
  for (const [rank, termination] of world.terminations.entries()) termination.end(rank)
  while (world.deliver(() => 0)) {}
  expect(world.sent.filter((what) => what === 'told')).toHaveLength(5 * 4)
  for (const termination of world.terminations) {
    expect(termination.endFrom(0)).toEqual({ rounds: 4, how: COMPLETE })
    expect(termination.words).toEqual([0, 1, 2, 3, 4].map((count): Word => ({ kind: ENDED, count })))
    expect(termination.awaited).toEqual([])
  }
})

test('an error of an earlier place takes back what a rank has said, and one of a later place does not', () => {
  const world = new World(2, 'error')
  const [zero, one] = world.terminations as [Termination, Termination]
  zero.end(5)
  zero.fail(3)
  zero.fail(4)
  while (world.deliver(() => 0)) {}
  expect(zero.own).toEqual({ kind: FAILED, count: 3 })
  one.given(2)
  expect(one.own).toBeUndefined()
  one.given(3)
  expect(one.own).toEqual({ kind: GOES_ON, count: 3 })
  expect(one.endFrom(0)).toEqual({ rounds: 3, how: { failed: 0 } })
})

test('a rank says whose word it waits for', () => {
  const { terminations } = new World(4, 'error')
  const [, one] = terminations as [Termination, Termination]
  expect(one.awaited).toEqual([])
  one.end(2)
  expect(one.awaited).toEqual([0])
  one.hear(0, { kind: GOES_ON, count: 3 })
  expect(one.awaited).toEqual([2, 3])
})

test('for whom it is over without a word the end was as this rank has said', () => {
  const { terminations } = new World(3, 'error')
  const [zero] = terminations as [Termination]
  zero.hearOver(1)
  zero.end(2)
  zero.hear(2, { kind: FAILED, count: 2 })
  expect(zero.endFrom(0)).toBeUndefined()
  zero.hearOver(1)
  expect(zero.endFrom(0)).toEqual({ rounds: 2, how: { failed: 2 } })
})
