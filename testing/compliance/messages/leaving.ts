import assert from 'node:assert/strict'
import type { TransportBinding } from '../binding.js'
import type { Declare } from '../runner.js'
import { assertBytes, bytes, edges } from './data.js'
import { inWorld } from './world.js'

const failed = { name: 'RankFailedError' }

/** Ranks that end while others wait for them. */
export function leaving(binding: TransportBinding, test: Declare): void {
  test('fails all that waits for a rank that has gone, and what is asked of it later', () =>
    inWorld(binding, 3, async ({ comms: [a], quiet, end }) => {
      const waiting = [
        a!.recv({ source: 1 }),
        a!.recv({ source: 1, tag: 5, into: new Uint8Array(8) }),
        a!.probe({ source: 1 }),
        a!.mprobe({ source: 1 }),
        a!.ssend('unmatched', { dest: 1 }),
        a!.send(bytes(2 ** 20), { dest: 1 }),
        a!.send(bytes(2 ** 20), { dest: 1, transfer: true }),
        a!.sendrecv(bytes(2 ** 20), { dest: 1, source: 1 }),
        new Promise((_, error) => a!.messages({ source: 1 }).subscribe({ error }))
      ].map((wait) => assert.rejects(wait, failed))
      await quiet()
      end(1)
      await Promise.all(waiting)
      for (const later of [a!.recv({ source: 1 }), a!.probe({ source: 1 }), a!.mprobe({ source: 1 }), a!.send('late', { dest: 1 })]) {
        await assert.rejects(later, failed)
      }
      await assert.rejects(new Promise((_, error) => a!.messages({ source: 1 }).subscribe({ error })), failed)
      await quiet()
      assert.deepEqual([...a!.core.endpoint.waiting()], [])
      assert.ok(a!.core.endpoint.flushed)
    }))

  test('still receives what a rank sent before it ended', () =>
    inWorld(binding, 2, async ({ comms: [a, b], quiet, end }) => {
      const lengths = edges.filter((length) => length <= 2 ** 16)
      for (const [k, length] of lengths.entries()) await b!.send(bytes(length, k), { dest: 0, tag: k })
      end(1)
      await quiet()
      assert.equal(a!.iprobe({ source: 1 })?.tag, 0)
      for (const [k, length] of lengths.entries()) assertBytes(await a!.recv({ source: 1 }), length, k)
      await assert.rejects(a!.recv({ source: 1 }), failed)
    }))

  test('still receives what a rank sent before it ended while the end of another is told', () =>
    inWorld(binding, 4, async ({ comms: [a, b, , d], quiet, end }) => {
      const last = b!.recv({ source: 0 })
      b!.irecv({ source: 3 }).subscribe(() => {
        void a!.send('last', { dest: 1 })
        end(0)
      })
      await quiet()
      void d!.send('now', { dest: 1 })
      end(2)
      assert.equal(await last, 'last')
    }))

  test('still receives what a rank gave away before it ended', () =>
    inWorld(binding, 2, async ({ comms: [a, b], end }) => {
      const receives = [a!.recv(), a!.recv({ into: new Uint8Array(2 ** 20) }), a!.mprobe().then((taken) => taken.recv())]
      await Promise.all(receives.map((_, k) => b!.send(bytes(2 ** 20, k), { dest: 0, transfer: true })))
      end(1)
      for (const [k, receive] of receives.entries()) assertBytes(await receive, 2 ** 20, k)
      await assert.rejects(a!.recv({ source: 1 }), failed)
    }))

  test('fails the receive of a message whose data will never come', () =>
    inWorld(binding, 2, async ({ comms: [a, b], quiet, end }) => {
      for (let k = 0; k < 4; k++) void b!.isend(bytes(2 ** 20), { dest: 0, tag: k })
      const taken = await a!.mprobe({ source: 1, tag: 0 })
      end(1)
      await quiet()
      await assert.rejects(taken.recv(), failed)
      await assert.rejects(a!.recv({ source: 1, tag: 1 }), failed)
      await assert.rejects(a!.recv({ tag: 2, into: new Uint8Array(2 ** 20) }), failed)
      await quiet()
      assert.ok(a!.core.endpoint.flushed)
    }))

  test('lets receives from any source wait for those that are left', () =>
    inWorld(binding, 3, async ({ comms: [a, , c], quiet, end }) => {
      const receive = a!.recv()
      end(1)
      await quiet()
      await c!.send('from 2', { dest: 0 })
      assert.equal(await receive, 'from 2')
    }))
}
