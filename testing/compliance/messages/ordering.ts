import assert from 'node:assert/strict'
import { ANY_SOURCE, ANY_TAG } from '../../../src/constants.js'
import { Request } from '../../../src/request/request.js'
import { Status } from '../../../src/request/status.js'
import type { TransportBinding } from '../binding.js'
import { integer, length, random } from '../random.js'
import type { Declare } from '../runner.js'
import { assertBytes, bytes, edges } from './data.js'
import { inWorld } from './world.js'

/** Which message meets which receive. */
export function ordering(binding: TransportBinding, test: Declare): void {
  const next = random(61)
  const lengths = [...edges, ...Array.from({ length: 60 }, () => length(next, 2 ** 18)), ...edges.toReversed()]

  for (const [when, posted] of [
    ['sent before it is received', false],
    ['received before it is sent', true]
  ] as const) {
    test(`keeps messages of any size in order: ${when}`, () =>
      inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
        const post = () => lengths.map(() => b!.irecv<Uint8Array>({ source: 0, tag: 1 }))
        const send = () => lengths.map((bytesEach, k) => a!.isend(bytes(bytesEach, k), { dest: 1, tag: 1 }))
        const first = posted ? post() : send()
        await quiet()
        const second = posted ? send() : post()
        const values = await Request.waitAll((posted ? first : second) as Request<Uint8Array>[])
        for (const [k, value] of values.entries()) assertBytes(value, lengths[k]!, k)
        await Request.waitAll(posted ? second : first)
      }))
  }

  test('keeps messages of several tags in order for a receive of any tag', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const sends = lengths.map((bytesEach, k) => a!.isend(bytes(bytesEach, k), { dest: 1, tag: k % 7 }))
      for (const [k, bytesEach] of lengths.entries()) {
        const status = new Status()
        assertBytes(await b!.recv({ source: k % 2 === 0 ? ANY_SOURCE : 0, tag: ANY_TAG, status }), bytesEach, k)
        assert.deepEqual([status.source, status.tag, status.bytes], [0, k % 7, bytesEach])
      }
      await Request.waitAll(sends)
    }))

  test('keeps messages of each tag in order, in whatever order the tags are received', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const sends = lengths.map((bytesEach, k) => a!.isend(bytes(bytesEach, k), { dest: 1, tag: k % 3 }))
      for (const tag of [2, 0, 1]) {
        for (const [k, bytesEach] of lengths.entries()) if (k % 3 === tag) assertBytes(await b!.recv({ source: 0, tag }), bytesEach, k)
      }
      await Request.waitAll(sends)
    }))

  test('keeps the messages of each source in order for receives from any source', () =>
    inWorld(binding, 3, async ({ comms }) => {
      const sends = [0, 1].map((rank) => lengths.map((bytesEach, k) => comms[rank]!.isend(bytes(bytesEach, k), { dest: 2 })))
      const seen = [0, 0]
      for (let k = 0; k < 2 * lengths.length; k++) {
        const status = new Status()
        const value = await comms[2]!.recv({ status })
        const index = seen[status.source]!++
        assertBytes(value, lengths[index]!, index)
      }
      await Request.waitAll(sends.flat())
    }))

  test('gives a message to the receive that was posted first among those that match', () =>
    inWorld(binding, 3, async ({ comms: [a, b, c], quiet }) => {
      const wanted = [{ source: 1, tag: 5 }, { tag: 5 }, { source: 0 }, {}, { source: 0, tag: 5 }, { source: 1 }]
      const requests = wanted.map((from) => c!.irecv<string>(from))
      const expected = ['b5', 'a5', 'a6', 'a5 again', 'a5 at last', 'b6']
      await a!.send('a5', { dest: 2, tag: 5 })
      assert.equal(await requests[1]!.wait(), 'a5')
      await a!.send('a6', { dest: 2, tag: 6 })
      await a!.send('a5 again', { dest: 2, tag: 5 })
      await a!.send('a5 at last', { dest: 2, tag: 5 })
      await quiet()
      await b!.send('b5', { dest: 2, tag: 5 })
      await b!.send('b6', { dest: 2, tag: 6 })
      assert.deepEqual(await Request.waitAll(requests), expected)
    }))

  test('matches random receives as a list of messages and a list of receives would', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const tags: number[] = []
      const sends: Request<void>[] = []
      const posted: { tag: number; request: Request<number> }[] = []
      for (let step = 0; step < 400; step++) {
        if (next() < 0.5) {
          const tag = integer(next, 0, 3)
          tags.push(tag)
          sends.push(a!.isend(tags.length - 1, { dest: 1, tag }))
        } else {
          const tag = next() < 0.3 ? ANY_TAG : integer(next, 0, 3)
          posted.push({ tag, request: b!.irecv<number>({ source: next() < 0.5 ? ANY_SOURCE : 0, tag }) })
        }
      }
      // Every receive is posted before the next can complete, so that only the order of the lists counts.
      for (let tag = 0; tag < 4; tag++) for (let k = 0; k < 400; k++) sends.push(a!.isend(tags.push(tag) - 1, { dest: 1, tag }))
      const values = await Request.waitAll(posted.map(({ request }) => request))
      const free = posted.map(({ tag }, k) => ({ tag, k }))
      const expected: number[] = []
      for (const [message, tag] of tags.entries()) {
        const match = free.findIndex((receive) => receive.tag === ANY_TAG || receive.tag === tag)
        if (match >= 0) expected[free.splice(match, 1)[0]!.k] = message
      }
      assert.deepEqual(values, expected)
      for (let left = tags.length - posted.length; left > 0; left--) await b!.recv()
      await Request.waitAll(sends)
    }))
}
