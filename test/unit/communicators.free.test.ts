import { OBJECT } from '../../src/codec/datatype.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { FreedError } from '../../src/errors.js'
import type { Endpoint } from '../../src/progress/endpoint.js'
import type { Request } from '../../src/request/request.js'
import { Network } from './network.js'

function made(network: Network, requests: readonly Request<Communicator>[]): Communicator[] {
  network.settle()
  return requests.map(({ value }) => value!)
}

const dups = (network: Network, comms: readonly Communicator[] = network.worlds): Communicator[] =>
  made(
    network,
    comms.map((comm) => comm.idup())
  )

describe('a communicator that is freed', () => {
  test('leaves nothing in its endpoint, with messages to it under way or not', () => {
    const network = new Network(2)
    const remembered = new Set<number>()
    for (let k = 0; k < 300; k++) {
      const [zero, one] = dups(network) as [Communicator, Communicator]
      zero.isend(k, { dest: 1 })
      zero.isend(new Uint8Array(2 ** 17), { dest: 1, tag: 1 }).subscribe({ error: () => undefined })
      if (k % 3 === 0) network.settle()
      one.free()
      if (k % 3 === 1) network.settle()
      zero.isend(k, { dest: 1, tag: 2 })
      network.settle()
      zero.free()
      network.settle()
      if (k > 0) for (const { registry } of network.endpoints) remembered.add(registry.remembered)
    }
    expect(remembered.size).toBeLessThanOrEqual(2)
    expect(network.endpoints.every(({ flushed }) => flushed)).toBe(true)
    expect(network.wires.map(({ held }) => held)).toEqual([0, 0])
  })

  test('is freed at the end of the block that uses it', () => {
    const network = new Network(2)
    const [zero] = dups(network) as [Communicator, Communicator]
    {
      using comm = zero
      expect(() => comm.isend(1, { dest: 1 })).not.toThrow()
    }
    let error: unknown
    zero.isend(1, { dest: 1 }).subscribe({ error: (cause) => (error = cause) })
    expect(error).toBeInstanceOf(FreedError)
  })

  test('fails what is pending, and takes no credit for what comes late', () => {
    const network = new Network(2)
    const [zero, one] = dups(network) as [Communicator, Communicator]
    const pending = one.irecv({ source: 0, tag: 9 })
    let error: unknown
    pending.subscribe({ error: (cause) => (error = cause) })
    one.free()
    expect(error).toBeInstanceOf(FreedError)
    // Far more than a window, and all of it goes out, though a communicator is in the making that it might be of.
    const making = network.worlds[1]!.idup()
    const sends = Array.from({ length: 200 }, (_, k) => zero.isend(new Uint8Array(2 ** (k % 2 === 0 ? 15 : 17)), { dest: 1 }))
    network.settle()
    expect(making.settled).toBe(false)
    expect(sends.every(({ settled }) => settled)).toBe(true)
    expect([...network.endpoints[1]!.unreceived()]).toEqual([])
  })

  test('gives its messages to no other, however many parents there are', () => {
    const network = new Network(2)
    const parents = [network.worlds, dups(network), dups(network)]
    const old = parents.flatMap((parent) => Array.from({ length: 20 }, () => dups(network, parent)))
    for (const [zero, one] of old as [Communicator, Communicator][]) {
      one.free()
      zero.isend('late', { dest: 1 })
    }
    for (const parent of parents) {
      for (let k = 0; k < 40; k++) {
        const [zero, one] = dups(network, parent) as [Communicator, Communicator]
        zero.isend(k, { dest: 1 })
        network.settle()
        expect(one.irecv().value).toBe(k)
      }
    }
  })
})

test('several that are made at once, of parents that overlap, have contexts of their own', () => {
  const network = new Network(3)
  const halves = made(
    network,
    network.worlds.map((world) => world.isplit(world.rank < 2 ? 0 : 1) as Request<Communicator>)
  )
  const pairs = made(
    network,
    network.worlds.map((world) => world.isplit(world.rank > 0 ? 1 : 0) as Request<Communicator>)
  )
  // Each rank asks in an order of its own.
  const asked = network.worlds.map((world, rank) => {
    const parents = [world, halves[rank]!, pairs[rank]!, world]
    const requests: Request<Communicator>[] = []
    for (const k of [0, 1, 2, 3].map((k) => (k * (rank === 1 ? 3 : 1)) % 4)) requests[k] = parents[k]!.idup()
    return requests
  })
  network.settle()
  for (const requests of asked) {
    const ids = requests.map(({ value }) => value!.core.id)
    expect(new Set(ids).size).toBe(4)
  }
})

test('what was kept for one that is never made is dropped, and its credit given back', () => {
  const network = new Network(2)
  const [zero, one] = network.endpoints as [Endpoint, Endpoint]
  const gaveUp = one.expectCommunicator()
  const id = zero.ids.next()!
  // A rank that has it, though this one did not make it: the making failed here alone.
  zero.use(id, { name: 'other', rankOf: (member: number) => member, announce: () => undefined, lose: () => undefined })
  const link = zero.link(1)
  const bytes = new Uint8Array(2 ** 11)
  const send = (): boolean => link.sendNow(id, 0, OBJECT, bytes, bytes.length)
  for (let k = 0; k < 4; k++) expect(send()).toBe(true)
  network.settle()
  expect([...one.unreceived()]).toHaveLength(4)
  gaveUp()
  expect([...one.unreceived()]).toEqual([])
  expect(one.registry.remembered).toBe(new Network(2).endpoints[1]!.registry.remembered)
  for (let k = 0; k < 1000; k++) {
    expect(send()).toBe(true)
    network.settle()
  }
})
