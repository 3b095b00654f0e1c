import assert from 'node:assert/strict'
import type { TransportBinding } from '../binding.js'
import type { Declare } from '../runner.js'
import { assertBytes, bytes, edges, kinds } from './data.js'
import { inWorld } from './world.js'

/** Sends that give the buffer away. */
export function transferring(binding: TransportBinding, test: Declare): void {
  for (const [who, dest] of [
    ['another rank', 1],
    ['oneself', 0]
  ] as const) {
    test(`gives buffers away to ${who}`, () =>
      inWorld(binding, 2, async ({ comms }) => {
        const [a, b] = [comms[0]!, comms[dest]!]
        for (const [k, length] of [...kinds, 2 ** 22].entries()) {
          for (const early of [true, false]) {
            const whole = bytes(length, k)
            const posted = early ? b.recv() : undefined
            const send = a.isend(whole, { dest, transfer: true })
            assert.equal(whole.buffer.byteLength, 0)
            assertBytes(await (posted ?? b.recv()), length, k)
            await send.wait()
            const into = new Uint8Array(length)
            const placed = early ? b.recv({ into }) : undefined
            const again = a.isend(bytes(length + 8, k).subarray(8), { dest, transfer: true })
            await (placed ?? b.recv({ into }))
            assert.equal(Buffer.compare(into, bytes(length + 8, k).subarray(8)), 0)
            await again.wait()
          }
        }
      }))
  }

  test('gives away what nobody can use, and goes on', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      for (const length of edges.slice(1)) {
        const sends = [a!.isend(bytes(length), { dest: 1, transfer: true }), a!.isend('next', { dest: 1 })]
        await assert.rejects(b!.recv({ into: new Uint8Array(length - 1) }), { name: 'TruncationError' })
        assert.equal(await b!.recv(), 'next')
        for (const send of sends) await send.wait()
      }
    }))

  test('receives by mprobe and messages() what was given away', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      for (const [k, length] of edges.entries()) {
        const sends = [0, 1].map(() => a!.isend(bytes(length, k), { dest: 1, transfer: true }))
        assertBytes(await (await b!.mprobe()).recv(), length, k)
        const data = await new Promise((resolve) => {
          const subscription = b!.messages().subscribe((message) => {
            resolve(message.data)
            queueMicrotask(() => subscription.unsubscribe())
          })
        })
        assertBytes(data, length, k)
        for (const send of sends) await send.wait()
      }
    }))

  test('refuses to give away what others hold', () =>
    inWorld(binding, 2, async ({ comms: [a] }) => {
      await assert.rejects(a!.send(Buffer.from('pooled'), { dest: 1, transfer: true }), { name: 'ArgumentError' })
      await assert.rejects(a!.send(new Uint8Array(new SharedArrayBuffer(8)), { dest: 1, transfer: true }), { name: 'ArgumentError' })
      await assert.rejects(a!.send({}, { dest: 1, transfer: true }), { name: 'ArgumentError' })
    }))

  test('takes back what was given away and nobody has matched', () =>
    inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
      for (const length of edges.filter((bytesEach) => bytesEach > 2 ** 16)) {
        const abort = new AbortController()
        const send = a!.send(bytes(length), { dest: 1, transfer: true, signal: abort.signal })
        await quiet()
        abort.abort()
        await assert.rejects(send, { name: 'AbortError' })
        await a!.send('next', { dest: 1 })
        await quiet()
        assert.equal(await b!.recv(), 'next')
        await quiet()
        assert.ok(a!.core.endpoint.flushed)
      }
    }))
}
