import fc from 'fast-check'
import { RoundWindow } from '../../src/collective/round-window.js'
import { integer, random } from '../../testing/compliance/random.js'

/** Ranks that do rounds as far as they may, in an order and with delays that `choose` picks. */
function run(size: number, window: number, rounds: readonly number[], choose: (most: number) => number): { done: number[]; sent: number } {
  const mail: (() => void)[][] = Array.from({ length: size * size }, () => [])
  let sent = 0
  const windows = rounds.map((_, rank) => {
    return new RoundWindow(rank, size, window, (to, word) => {
      sent++
      mail[rank * size + to]!.push(() => windows[to]!.hear(word))
    })
  })
  const done = rounds.map(() => 0)
  for (;;) {
    const able = [...done.keys()].filter((rank) => done[rank]! < Math.min(rounds[rank]!, windows[rank]!.limit))
    const lanes = mail.filter(({ length }) => length > 0)
    if (able.length + lanes.length === 0) return { done, sent }
    const choice = choose(able.length + lanes.length)
    if (choice < lanes.length) lanes[choice]!.shift()!()
    else {
      const rank = able[choice - lanes.length]!
      done[rank]!++
      if (done[rank]! - Math.min(...done) > window) throw new Error(`rank ${rank} is ahead by more than ${window} rounds: ${done}`)
      windows[rank]!.done(done[rank]!)
    }
    const least = Math.min(...done)
    if (windows.some(({ common }) => common > least)) throw new Error(`a rank takes more rounds for done by all than are: ${done}`)
  }
}

const anyOf = (seed: number): ((most: number) => number) => {
  const next = random(seed)
  return (most) => integer(next, 0, most - 1)
}

test('no rank is ahead by more than the window, and all get to the end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.nat(40), fc.integer(), (size, window, rounds, seed) => {
      const { done } = run(size, window, new Array(size).fill(rounds), anyOf(seed))
      expect(done).toEqual(new Array(size).fill(rounds))
    }),
    { numRuns: 200 }
  )
})

test('a rank that does no more than so many rounds keeps nobody from doing one more', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(30), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer(),
      (rounds, window, seed) => {
        const { done } = run(rounds.length, window, rounds, anyOf(seed))
        const least = Math.min(...rounds)
        for (const [rank, count] of done.entries()) expect(count).toBeGreaterThanOrEqual(Math.min(rounds[rank]!, least + 1))
      }
    ),
    { numRuns: 200 }
  )
})

test('it costs ⌈log₂ p⌉ words a rank in every half window', () => {
  for (const [size, window, rounds, barriers] of [
    [1, 64, 200, 0],
    [2, 64, 200, 6],
    [5, 64, 31, 0],
    [8, 2, 10, 10]
  ] as const) {
    const { sent } = run(size, window, new Array(size).fill(rounds), () => 0)
    expect(sent).toBe(size * Math.ceil(Math.log2(size)) * barriers)
  }
})

test('a rank says whose word it waits for', () => {
  const window = new RoundWindow(0, 4, 2, () => undefined)
  expect(window.awaited).toBeUndefined()
  window.done(1)
  expect(window.awaited).toBe(3)
  window.hear(0)
  expect(window.awaited).toBe(2)
  window.hear(1)
  expect(window.awaited).toBeUndefined()
  expect(window.limit).toBe(3)
})
