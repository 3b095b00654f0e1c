import assert from 'node:assert/strict'
import type { Communicator } from '../../../src/communicator/communicator.js'
import { Request } from '../../../src/request/request.js'
import type { TransportBinding } from '../binding.js'
import type { Declare } from '../runner.js'
import { assertBytes, bytes, edges } from './data.js'
import { inWorld } from './world.js'

/** What a rank may be sent by two others beyond what it receives. */
const BOUND = 2 ** 21

const kept = (comm: Communicator): number => {
  let sum = 0
  for (let rank = 0; rank < comm.size; rank++) {
    for (const { target } of comm.core.endpoint.context(0).matching.unexpected(rank)) sum += target?.byteLength ?? 0
  }
  return sum
}

/** Windows: what goes without a receive, what waits for one, and that all goes on. */
export function flow(binding: TransportBinding, test: Declare): void {
  test('sends 64 KiB without a receive', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const data = bytes(2 ** 16)
      await a!.send(data, { dest: 1 })
      data.fill(0)
      assertBytes(await b!.recv(), 2 ** 16)
    }))

  test('keeps no more than its window of what nobody receives, whatever is sent', () =>
    inWorld(binding, 3, async ({ comms: [a, b, c], quiet }) => {
      const lengths = [10_000, 100, 2 ** 20].flatMap((length) => new Array<number>(length > 2 ** 16 ? 10 : 100).fill(length))
      const requests = [a!, b!].flatMap((comm) => lengths.map((length, k) => comm.isend(bytes(length, k), { dest: 2 })))
      await quiet()
      assert.ok(kept(c!) > 2 ** 16, `the window is not used: ${kept(c!)} bytes`)
      assert.ok(kept(c!) < BOUND, `${kept(c!)} bytes are kept`)
      for (const [k, length] of lengths.entries()) for (const source of [0, 1]) assertBytes(await c!.recv({ source }), length, k)
      await Request.waitAll(requests)
    }))

  test('receives 10,000 outstanding messages in the reverse order of their tags', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const count = 10_000
      const sends = Array.from({ length: count }, (_, tag) => a!.isend(tag, { dest: 1, tag }))
      const receives = Array.from({ length: count }, (_, k) => b!.irecv<number>({ source: 0, tag: count - 1 - k }))
      const values = await Request.waitAll(receives)
      assert.deepEqual(
        values,
        Array.from({ length: count }, (_, k) => count - 1 - k)
      )
      await Request.waitAll(sends)
    }))

  const waits: [string, (comm: Communicator, turn: () => Promise<void>) => Promise<unknown>][] = [
    ['recv', (comm) => comm.recv({ tag: 2 })],
    ['recv from a source', (comm) => comm.recv({ source: 0, tag: 2 })],
    ['messages()', (comm) => new Promise((resolve) => comm.messages({ tag: 2 }).subscribe(({ data }) => resolve(data)))],
    ['probe', async (comm) => (await comm.probe({ tag: 2 })) && comm.recv({ tag: 2 })],
    ['mprobe', async (comm) => (await comm.mprobe({ tag: 2 })).recv()],
    [
      'a loop over iprobe',
      async (comm, turn) => {
        while (comm.iprobe({ tag: 2 }) === undefined) await turn()
        return comm.recv({ tag: 2 })
      }
    ],
    [
      'a loop over improbe',
      async (comm, turn) => {
        for (;;) {
          const message = comm.improbe({ tag: 2 })
          if (message !== undefined) return message.recv()
          await turn()
        }
      }
    ],
    [
      'a loop over test',
      async (comm, turn) => {
        const request = comm.irecv({ tag: 2 })
        while (!request.test()) await turn()
        return request.value
      }
    ]
  ]
  for (const [how, wait] of waits) {
    test(`gets at a message behind more than its window of others: ${how}`, () =>
      inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
        const sends = Array.from({ length: 200 }, (_, k) => a!.isend(bytes(20_000, k), { dest: 1, tag: 1 }))
        sends.push(a!.isend('found', { dest: 1, tag: 2 }))
        await quiet()
        assert.equal(await wait(b!, () => new Promise((resolve) => setImmediate(resolve))), 'found')
        for (let k = 0; k < 200; k++) assertBytes(await b!.recv({ tag: 1 }), 20_000, k)
        await Request.waitAll(sends)
      }))
  }

  for (const size of [2, 3, 5]) {
    const length = size === 2 ? 2 ** 22 : 2 ** 19
    test(`exchanges ${length} bytes both ways at once between ${size} ranks, in place`, () =>
      inWorld(binding, size, async ({ comms }) => {
        await Promise.all(
          comms.map(async (comm) => {
            const [right, left] = [(comm.rank + 1) % size, (comm.rank + size - 1) % size]
            const into = new Uint8Array(length)
            assert.equal(await comm.sendrecv(bytes(length, comm.rank), { dest: right, source: left, into }), into)
            assertBytes(into, length, left)
            const data = bytes(length, comm.rank)
            await comm.sendrecv(data, { dest: left, source: right, into: data })
            assertBytes(data, length, right)
          })
        )
      }))
  }

  test('sends large messages from all to all at once', () =>
    inWorld(binding, 3, async ({ comms }) => {
      await Promise.all(
        comms.map(async (comm) => {
          const sends = [0, 1, 2].flatMap((dest) => [1, 2].map((tag) => comm.isend(bytes(700_000, comm.rank + tag), { dest, tag })))
          for (const tag of [2, 1]) for (const source of [2, 1, 0]) assertBytes(await comm.recv({ source, tag }), 700_000, source + tag)
          await Request.waitAll(sends)
        })
      )
    }))

  test('sends messages of any size to itself', () =>
    inWorld(binding, 2, async ({ comms: [a] }) => {
      for (const [k, length] of edges.entries()) {
        const request = a!.isend(bytes(length, k), { dest: 0 })
        assertBytes(await a!.recv({ source: 0 }), length, k)
        await request.wait()
        assertBytes(await a!.sendrecv(bytes(length, k), { dest: 0, source: 0 }), length, k)
      }
    }))

  test('lets a small message pass while a large one is under way the same way', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const large = b!.irecv<Uint8Array>({ tag: 1 })
      const sends = [a!.isend(bytes(2 ** 22), { dest: 1, tag: 1 })]
      for (let k = 0; k < 100; k++) sends.push(a!.isend(k, { dest: 1, tag: 2 }))
      for (let k = 0; k < 100; k++) assert.equal(await b!.recv({ tag: 2 }), k)
      assertBytes(await large.wait(), 2 ** 22)
      await Request.waitAll(sends)
    }))

  test('plays ping-pong from within subscribers 1,000 times', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      await new Promise<void>((resolve, reject) => {
        const answer = (comm: Communicator, dest: number) =>
          comm.messages<number>({ source: dest }).subscribe({
            next: ({ data }) => {
              if (data === 1000) resolve()
              else comm.isend(data + 1, { dest })
            },
            error: reject
          })
        answer(a!, 1)
        answer(b!, 0)
        a!.isend(0, { dest: 1 })
      })
    }))

  test('leaves nothing under way that was received', () =>
    inWorld(binding, 2, async ({ comms, quiet }) => {
      const [a, b] = comms
      for (const length of edges) {
        const send = a!.issend(bytes(length), { dest: 1 })
        await b!.recv()
        await send.wait()
      }
      await quiet()
      for (const {
        core: { endpoint }
      } of comms) {
        assert.ok(endpoint.flushed)
        assert.deepEqual([...endpoint.waiting()], [])
      }
      assert.equal(kept(b!), 0)
    }))
}
