import type { Address } from '../../src/transport/websocket/dial.js'
import { Dialer } from '../../src/transport/websocket/dialer.js'

const ADDRESSES: Address[] = [1, 2, 3].map((port) => ({ host: 'there', port }))

/** A dialer, what it does, and whether it finds anybody. */
class World {
  readonly log: (number | string)[] = []
  wanted = true
  /** Called after so many attempts. */
  after = (_attempts: number): void => undefined
  onPause = (): void => undefined
  #attempts = 0
  readonly dialer = new Dialer({
    attempt: async ({ port }) => {
      this.log.push(`:${port}`)
      this.after(++this.#attempts)
    },
    wanted: () => this.wanted,
    pause: async (ms) => {
      this.log.push(ms)
      this.onPause()
    }
  })

  constructor(addresses = ADDRESSES) {
    this.dialer.addresses = addresses
  }

  /** Finds somebody at the attempt of that number. */
  finds(attempt: number): this {
    this.after = (attempts) => {
      if (attempts !== attempt) return
      this.wanted = false
      this.dialer.connected()
    }
    return this
  }
}

describe('a dialer', () => {
  test('tries at once, then less and less often', async () => {
    const world = new World(ADDRESSES.slice(0, 1)).finds(10)
    await world.dialer.dial()
    expect(world.log.filter(Number.isFinite)).toEqual([25, 50, 100, 200, 400, 800, 800, 800, 800])
    expect(world.log[0]).toBe(':1')
  })

  test('tries each address in turn', async () => {
    const world = new World().finds(6)
    await world.dialer.dial()
    expect(world.log.filter((entry) => typeof entry === 'string')).toEqual([':2', ':3', ':1', ':2', ':3', ':1'])
  })

  test('begins anew after a connection, and goes on after an attempt that has ended in none', async () => {
    const world = new World(ADDRESSES.slice(0, 1)).finds(3)
    await world.dialer.dial()
    world.wanted = true
    world.finds(4)
    await world.dialer.dial()
    expect(world.log).toEqual([':1', 25, ':1', 50, ':1', ':1'])
  })

  test('dials once, however often it is told to', async () => {
    const world = new World().finds(2)
    await Promise.all([world.dialer.dial(), world.dialer.dial()])
    expect(world.log).toEqual([':2', 25, ':3'])
  })

  test('stops when nobody listens for it, or nobody wants a connection, any more, though it has waited for its turn', async () => {
    for (const stop of [(world: World) => (world.dialer.addresses = []), (world: World) => (world.wanted = false)]) {
      const world = new World()
      world.onPause = () => {
        stop(world)
      }
      await world.dialer.dial()
      expect(world.log).toEqual([':2', 25])
    }
  })

  test('does nothing without an address', async () => {
    const world = new World([])
    expect(world.dialer.dials).toBe(false)
    await world.dialer.dial()
    expect(world.log).toEqual([])
  })
})
