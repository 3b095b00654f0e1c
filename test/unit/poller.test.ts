import { type Pollable, Poller } from '../../src/transport/shared/poller.js'

/** The time in these tests: a look and a block take as long as is said here, however busy the machine is. */
let now = 0
const LOOK_MS = 0.001
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
  /** Whether a segment comes while the thread is blocked. */
  comesToBlocked = false

  constructor(crowded = false) {
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

  fallAsleep(): boolean {
    const looked = this.#looks
    if (this.poll()) return true
    this.done.push(looked <= 8 ? 'gives way' : 'has looked')
    return false
  }

  wakeUp(): void {}

  woken(): Promise<unknown> {
    this.done.push('sleeps')
    return new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  block(ms: number): boolean {
    this.done.push('blocks')
    this.#looks = 0
    if (!this.comesToBlocked) {
      now += ms
      return false
    }
    this.arrive()
    return true
  }

  async until(what: string): Promise<void> {
    while (!this.done.includes(what)) await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a rank that waits', () => {
  test('looks, then blocks, then sleeps until it is woken', async () => {
    const rank = new Rank()
    rank.poller.hold()
    await rank.until('sleeps')
    expect(rank.done.slice(0, 2)).toEqual(['has looked', 'blocks'])
    expect(rank.done.filter((what) => what === 'sleeps')).toHaveLength(1)
    rank.arrive()
    await rank.until('delivers')
    rank.poller.release()
  })

  test('never blocks the thread while it waits for something else, too', async () => {
    for (const crowded of [false, true]) {
      const rank = new Rank(crowded)
      rank.mayBlock = false
      rank.poller.hold()
      await rank.until('sleeps')
      expect(rank.done).not.toContain('blocks')
      rank.poller.release()
      rank.arrive()
    }
  })

  test('looks only for a moment where ranks outnumber cores', async () => {
    const rank = new Rank(true)
    rank.poller.hold()
    await rank.until('blocks')
    expect(rank.done).toEqual(['gives way', 'blocks'])
    rank.poller.release()
  })

  test('gives way for a while when looking was in vain again and again', async () => {
    const rank = new Rank()
    rank.comesToBlocked = true
    rank.poller.hold()
    await rank.until('gives way')
    rank.poller.release()
    const waits = rank.done.filter((what) => what === 'has looked' || what === 'gives way')
    expect(waits.slice(0, 4)).toEqual(['has looked', 'has looked', 'has looked', 'gives way'])
  })
})
