import type { Communicator } from '../../src/communicator/communicator.js'
import { RxmpiError } from '../../src/errors.js'
import { CONTEXTS } from '../../src/progress/context-ids.js'
import { CONTEXT_LIMIT } from '../../src/progress/frame.js'
import type { Request } from '../../src/request/request.js'
import { ReliableLink } from '../../src/transport/websocket/reliable-link.js'
import { HEADER } from '../../src/transport/websocket/wire.js'
import { Network } from './network.js'

/** Numbers that are cut somewhere, where they go round or end. */

const LARGE = 2 ** 17

function outcomes<T>(requests: readonly Request<T>[]): unknown[] {
  const got: unknown[] = []
  for (const [k, request] of requests.entries())
    request.subscribe({ next: (value) => (got[k] = value), error: (error) => (got[k] = error) })
  return got
}

describe('numbers of messages', () => {
  test.each([2 ** 31 - 4, -4])('go round after %d', (start) => {
    const network = new Network(2)
    const [zero, one] = network.worlds as [Communicator, Communicator]
    network.endpoints[0]!.link(1).startAt(start)
    const arrays = Array.from({ length: 9 }, (_, k) => new Uint8Array(LARGE).fill(k))
    const sends = arrays.map((array, tag) => zero.isend(array, { dest: 1, tag }))
    network.settle()
    const receives = arrays.map((_, tag) => one.irecv<Uint8Array>({ source: 0, tag })).reverse()
    const got = outcomes(receives)
    network.settle()
    expect(got.map((array) => (array as Uint8Array)[LARGE - 1])).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0])
    expect(sends.every(({ settled }) => settled)).toBe(true)
  })

  test('pass over those of messages that still wait', () => {
    const network = new Network(2)
    const [zero, one] = network.worlds as [Communicator, Communicator]
    const link = network.endpoints[0]!.link(1)
    link.startAt(100)
    const old = [0, 1, 2].map((k) => zero.isend(new Uint8Array(LARGE).fill(k), { dest: 1, tag: 1 }))
    network.settle()
    // All the way round.
    link.startAt(99)
    const young = [3, 4, 5].map((k) => zero.isend(new Uint8Array(LARGE).fill(k), { dest: 1, tag: 2 }))
    network.settle()
    const got = outcomes([2, 2, 2, 1, 1, 1].map((tag) => one.irecv<Uint8Array>({ source: 0, tag })))
    network.settle()
    expect(got.map((array) => (array as Uint8Array)[0])).toEqual([3, 4, 5, 0, 1, 2])
    expect([...old, ...young].every(({ settled }) => settled)).toBe(true)
  })
})

describe('ids of communicators', () => {
  const last = (size: number): number => Math.floor((CONTEXT_LIMIT - 16 * CONTEXTS) / CONTEXTS / size)

  test('beyond 32 bits carry messages, collectives and agreements', () => {
    const network = new Network(2)
    for (const { ids } of network.endpoints) ids.given = last(2) - 8
    const made = outcomes(network.worlds.map((world) => world.idup()))
    network.settle()
    const dups = made as Communicator[]
    expect(dups[0]!.core.id).toBeGreaterThan(2 ** 46)
    const got = outcomes<unknown>([
      dups[1]!.irecv(),
      ...dups.map((dup) => dup.iallreduce(dup.rank + 1)),
      ...dups.map((dup) => dup.iagree(true))
    ])
    dups[0]!.isend('a', { dest: 1 })
    network.settle()
    expect(got).toEqual(['a', 3, 3, true, true])
    const shrunk = outcomes(dups.map((dup) => dup.ishrink()))
    network.settle()
    expect((shrunk as Communicator[]).map(({ core }) => core.id)).toEqual(Array(2).fill((shrunk[0] as Communicator).core.id))
  })

  test('end with an error on every rank, and what there is goes on', () => {
    const network = new Network(2)
    for (const { ids } of network.endpoints) ids.given = last(2)
    const got = outcomes<unknown>(network.worlds.flatMap((world) => [world.idup(), world.ishrink()]))
    network.settle()
    for (const error of got) {
      expect(error).toBeInstanceOf(RxmpiError)
      expect((error as Error).message).toMatch(/there are no contexts left/)
    }
    const sums = outcomes(network.worlds.map((world) => world.iallreduce(1)))
    network.settle()
    expect(sums).toEqual([2, 2])
  })
})

test('frames of a link end with an error and not with a number that comes twice', () => {
  const link = new ReliableLink(2 ** 20)
  link.restore({ sent: Number.MAX_SAFE_INTEGER - 1, acknowledged: Number.MAX_SAFE_INTEGER - 1, received: 0, kept: [] })
  link.number(new Uint8Array(HEADER))
  expect(() => link.number(new Uint8Array(HEADER))).toThrow(/frames/)
})
