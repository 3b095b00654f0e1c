import fc from 'fast-check'
import { ENDED, type Entry, GIVING, type Runs, Termination, type Word } from '../../src/collective/termination.js'

interface Mail {
  to: number
  word: Word
}

/** Ranks whose words are delivered in an order that `choose` picks, those of one rank to another in the order they were sent. */
function ranks(size: number): { agreements: Termination[]; agreed: Runs[][]; mail: Mail[][]; sent: () => number } {
  const mail: Mail[][] = []
  const agreed: Runs[][] = Array.from({ length: size }, () => [])
  let sent = 0
  const agreements = agreed.map((_, rank) => {
    const lane = (to: number): Mail[] => {
      const place = rank * size + to
      mail[place] ??= []
      return mail[place]!
    }
    return new Termination(
      rank,
      size,
      (to, word) => {
        sent++
        // As over a link: what was sent is not what the other has.
        lane(to).push({ to, word: structuredClone(word) })
      },
      (runs) => agreed[rank]!.push(runs)
    )
  })
  return { agreements, agreed, mail, sent: () => sent }
}

function deliver({ agreements, mail }: ReturnType<typeof ranks>, choose: (lanes: Mail[][]) => Mail[]): void {
  for (;;) {
    const lanes = mail.filter((lane) => lane !== undefined && lane.length > 0)
    if (lanes.length === 0) return
    const { to, word } = choose(lanes).shift()!
    agreements[to]!.hear(word)
  }
}

const entry = fc.record<Entry>({
  kind: fc.constantFrom(GIVING, ENDED),
  count: fc.nat({ max: 5 }),
  done: fc.constantFrom(0, 32, 64)
})

test('every rank gets to know what every other says, whatever the order of arrival', () => {
  const worlds = fc
    .integer({ min: 1, max: 17 })
    .chain((size) => fc.tuple(fc.array(entry, { minLength: size, maxLength: size }), fc.infiniteStream(fc.nat())))
  fc.assert(
    fc.property(worlds, ([entries, choices]) => {
      const world = ranks(entries.length)
      for (const [rank, agreement] of world.agreements.entries()) agreement.enter(entries[rank]!)
      deliver(world, (lanes) => lanes[choices.next().value! % lanes.length]!)
      for (const [runs, ...more] of world.agreed) {
        expect(more).toEqual([])
        expect(runs!.list()).toEqual(entries)
        expect(runs!.allEnded).toBe(entries.every(({ kind }) => kind === ENDED))
        expect(runs!.shortest).toBe(Math.min(...entries.map(({ kind, count }) => (kind === ENDED ? count : Number.POSITIVE_INFINITY))))
        expect(runs!.most).toBe(Math.max(...entries.map(({ count }) => count)))
        expect(runs!.done).toBe(Math.min(...entries.map(({ done }) => done)))
      }
    }),
    { numRuns: 300 }
  )
})

test.each([1, 2, 3, 4, 5, 7, 8, 13, 64])('%d ranks send ⌈log₂ p⌉ words each, short ones where all say the same', (size) => {
  const world = ranks(size)
  let longest = 0
  for (const agreement of world.agreements) agreement.enter({ kind: ENDED, count: 3, done: 0 })
  deliver(world, (lanes) => {
    longest = Math.max(longest, ...lanes.map((lane) => lane[0]!.word[2].length))
    return lanes[0]!
  })
  expect(world.sent()).toBe(size * Math.ceil(Math.log2(size)))
  expect(longest).toBe(size === 1 ? 0 : 1)
})

test('one exchange follows the other, and nobody mixes them up', () => {
  const world = ranks(5)
  for (let exchange = 0; exchange < 4; exchange++) {
    for (const [rank, agreement] of world.agreements.entries()) agreement.enter({ kind: GIVING, count: exchange * 10 + rank, done: 0 })
    // The last rank's words come last of all.
    deliver(world, (lanes) => lanes[exchange % lanes.length]!)
  }
  for (const runs of world.agreed)
    expect(runs.map((one) => one.list().map(({ count }) => count))).toEqual(
      [0, 10, 20, 30].map((first) => [0, 1, 2, 3, 4].map((rank) => first + rank))
    )
})

test('a rank that has not had its say knows of the shortest stream that it has heard of', () => {
  const world = ranks(3)
  const [first, , last] = world.agreements as [Termination, Termination, Termination]
  expect(last.shortest).toBe(Number.POSITIVE_INFINITY)
  first.enter({ kind: ENDED, count: 7, done: 0 })
  deliver(world, (lanes) => lanes[0]!)
  expect(world.agreements[1]!.shortest).toBe(7)
  expect(first.entered).toBe(true)
  expect(last.entered).toBe(false)
})
