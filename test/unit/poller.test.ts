import { type Pollable, Poller } from '../../src/transport/shared/poller.js'

/** The time in these tests: a look and a block take as long as is said here, however busy the machine is. */
let now = 0
const LOOK_MS = 0.001
const SPIN_MS = 0.2
beforeEach(() => {
  now = 1
  jest.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => jest.restoreAllMocks())

/** A rank to which segments come when the test says so; what the poller does is written down. */
class Rank implements Pollable {
  mayBlock = true
  readonly done: string[] = []
  readonly poller: Poller
  #arrived = 0
  #looks = 0
  #wake: (() => void) | undefined
  readonly #canGiveWay: boolean
  /** How long others keep the core that it gives away. */
  readonly #takes: number
  yields = 0
  asked = 0

  constructor({ crowded = false, canGiveWay = true, takes = LOOK_MS } = {}) {
    this.#canGiveWay = canGiveWay
    this.#takes = takes
    this.poller = new Poller(this, crowded)
  }

  arrive(): void {
    this.#arrived++
    this.#wake?.()
    this.#wake = undefined
  }

  poll(): boolean {
    this.#looks++
    now += LOOK_MS
    if (this.#arrived === 0) return false
    this.#arrived--
    this.done.push('delivers')
    this.#looks = 0
    return true
  }

  beforeSleep(): void {
    this.asked++
  }

  fallAsleep(): boolean {
    return this.poll()
  }

  wakeUp(): void {}

  giveWay(): boolean {
    if (!this.#canGiveWay) return false
    if (this.done.at(-1) !== 'gives way') this.done.push(`looks ${this.#looks > 1 ? 'long' : 'once'}`, 'gives way')
    now += this.#takes
    this.yields++
    return true
  }

  woken(): Promise<unknown> {
    this.done.push('sleeps')
    return new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  block(ms: number): void {
    this.done.push(this.#canGiveWay ? 'blocks' : `blocks after ${now < 1 + 2 * SPIN_MS ? 'a moment' : 'long'}`)
    now += ms
  }

  async until(what: string): Promise<void> {
    while (!this.done.includes(what)) await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a rank that waits', () => {
  test('looks, gives way between looks, then blocks, then sleeps until it is woken', async () => {
    const rank = new Rank()
    rank.poller.hold()
    await rank.until('sleeps')
    expect(rank.done.slice(0, 3)).toEqual(['looks long', 'gives way', 'blocks'])
    expect(rank.done.filter((what) => what === 'sleeps')).toHaveLength(1)
    rank.arrive()
    await rank.until('delivers')
    rank.poller.release()
  })

  test('asks those that it waits for before it sleeps, by all transports of the thread', async () => {
    const rank = new Rank()
    let asked = 0
    rank.poller.join({ poll: () => false, mayBlock: true, beforeSleep: () => asked++ })
    rank.poller.hold()
    await rank.until('sleeps')
    expect(asked).toBeGreaterThan(0)
    expect(rank.asked).toBe(asked)
    rank.poller.release()
    rank.arrive()
  })

  test('gives way for a millisecond before it blocks', async () => {
    const rank = new Rank()
    rank.poller.hold()
    await rank.until('blocks')
    expect(now).toBeGreaterThan(2)
    expect(now).toBeLessThan(3.5)
    rank.poller.release()
  })

  test('lets the event loop have its turn however long others keep the core, and goes on giving way', async () => {
    const rank = new Rank({ takes: 3 })
    rank.poller.hold()
    const yields: number[] = []
    const turn = (): void => {
      yields.push(rank.yields)
      if (yields.length < 10) setImmediate(turn)
    }
    setImmediate(turn)
    await rank.until('sleeps')
    expect(yields.slice(1).map((count, k) => count - yields[k]!)).toEqual(Array(9).fill(1))
    expect(rank.yields).toBeGreaterThanOrEqual(20)
    rank.poller.release()
  })

  test('never blocks the thread while it waits for something else, too', async () => {
    for (const crowded of [false, true]) {
      for (const canGiveWay of [false, true]) {
        const rank = new Rank({ crowded, canGiveWay })
        rank.mayBlock = false
        rank.poller.hold()
        await rank.until('sleeps')
        expect(rank.done.filter((what) => what.startsWith('blocks'))).toEqual([])
        rank.poller.release()
        rank.arrive()
      }
    }
  })

  test('gives way once a turn where what comes, comes by the event loop, and sleeps soon', async () => {
    const rank = new Rank()
    rank.mayBlock = false
    rank.poller.needsLoop = true
    rank.poller.hold()
    for (let turns = 0; turns < 10_000 && !rank.done.includes('sleeps'); turns++) await new Promise((resolve) => setImmediate(resolve))
    expect(rank.done).toEqual(['looks once', 'gives way', 'sleeps'])
    rank.poller.release()
    rank.arrive()
  })

  test('looks once between yields where ranks outnumber cores', async () => {
    const rank = new Rank({ crowded: true })
    rank.poller.hold()
    await rank.until('blocks')
    expect(rank.done.slice(0, 3)).toEqual(['looks once', 'gives way', 'blocks'])
    rank.poller.release()
  })

  test('blocks at once there when giving way has lost it the core, and tries again later', async () => {
    const rank = new Rank({ crowded: true, takes: 3 })
    const waits: boolean[] = []
    while (waits.filter((gaveWay) => gaveWay).length < 3) {
      const before = rank.yields
      const blocks = rank.done.filter((what) => what === 'blocks').length
      rank.poller.hold()
      while (rank.done.filter((what) => what === 'blocks').length === blocks) await new Promise((resolve) => setImmediate(resolve))
      rank.poller.release()
      waits.push(rank.yields > before)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const tries = [...waits.keys()].filter((wait) => waits[wait])
    expect(tries[0]).toBe(0)
    // Twice as long each time.
    expect(tries[1]).toBeGreaterThan(30)
    expect(tries[2]! - tries[1]!).toBeGreaterThan(1.5 * tries[1]!)
  })

  test.each([true, false])('blocks after a moment where it cannot give way (crowded: %s)', async (crowded) => {
    const rank = new Rank({ crowded, canGiveWay: false })
    rank.poller.hold()
    await rank.until('sleeps')
    expect(rank.done[0]).toBe('blocks after a moment')
    rank.poller.release()
    rank.arrive()
  })

  test('lets all microtasks run before it looks again', async () => {
    const rank = new Rank()
    const order: string[] = []
    const poll = rank.poll.bind(rank)
    rank.poll = () => {
      const any = poll()
      order.push(any ? 'delivers' : 'looks')
      if (any) void depth(20).then(() => order.push('subscriber has done'))
      return any
    }
    await undefined
    rank.arrive()
    rank.poller.hold()
    await rank.until('gives way')
    rank.poller.release()
    expect(order.slice(0, 3)).toEqual(['delivers', 'subscriber has done', 'looks'])
  })

  test('gives the event loop its turns while segments keep coming', async () => {
    const rank = new Rank()
    let turns = 0
    const poll = rank.poll.bind(rank)
    rank.poll = () => {
      if (turns < 3) rank.arrive()
      return poll()
    }
    rank.poller.hold()
    while (turns < 3) {
      await new Promise((resolve) => setImmediate(resolve))
      turns++
    }
    rank.poller.release()
    expect(turns).toBe(3)
  })
})

/** Settles so many microtasks later. */
async function depth(count: number): Promise<void> {
  for (let k = 0; k < count; k++) await undefined
}
