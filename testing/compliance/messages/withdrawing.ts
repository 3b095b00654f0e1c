import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import type { From } from '../../../src/request/options.js'
import { Request } from '../../../src/request/request.js'
import { Status } from '../../../src/request/status.js'
import type { TransportBinding } from '../binding.js'
import { integer, random, length as randomLength } from '../random.js'
import type { Declare } from '../runner.js'
import { assertBytes, bytes, edges, kinds } from './data.js'
import { inWorld } from './world.js'

const aborted = { name: 'AbortError' }

/** Operations that are taken back. */
export function withdrawing(binding: TransportBinding, test: Declare): void {
  test('leaves the message of a cancelled receive to the next', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const status = new Status()
      const cancelled = b!.irecv({ status })
      const next = b!.irecv<string>()
      assert.equal(cancelled.cancel(), true)
      assert.equal(cancelled.cancel(), false)
      assert.equal(await cancelled.wait(), undefined)
      assert.equal(status.cancelled, true)
      await a!.send('kept', { dest: 1 })
      assert.equal(await next.wait(), 'kept')
      assert.equal(next.cancel(), false)
      assert.equal(next.value, 'kept')
    }))

  test('leaves the message of an aborted receive, probe or mprobe to the next', () =>
    inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
      for (const name of ['recv', 'probe', 'mprobe'] as const) {
        const call = ({ ...from }: From): Promise<unknown> => (b![name] as (from: From) => Promise<unknown>).call(b, from)
        const abort = new AbortController()
        const waiting = [call({ signal: abort.signal }), call({ source: 0, tag: 3, signal: abort.signal })]
        await quiet()
        const reason = new Error('enough')
        abort.abort(reason)
        for (const wait of waiting) await assert.rejects(wait, { ...aborted, cause: reason })
        await a!.send(name, { dest: 1, tag: 3 })
        assert.equal(await b!.recv(), name)
        await assert.rejects(call({ signal: abort.signal }), aborted)
      }
    }))

  test('takes back all calls that share a signal, with one listener of it, and leaves none', () =>
    inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
      const abort = new AbortController()
      const { signal } = abort
      const listeners = () => getEventListeners(signal, 'abort').length
      const received = b!.recv({ tag: 0, signal })
      const waiting = Array.from({ length: 20 }, (_, k) => b!.recv({ tag: 1 + k, signal }))
      await quiet()
      assert.equal(listeners(), 1)
      await a!.send('one', { dest: 1 })
      assert.equal(await received, 'one')
      assert.equal(listeners(), 1)
      abort.abort()
      const errors = await Promise.all(waiting.map((wait) => wait.catch((error: Error) => error)))
      for (const error of errors) assert.equal((error as Error).name, 'AbortError')
      assert.equal(new Set(errors).size, 20)
      assert.equal(listeners(), 0)

      const another = new AbortController()
      const last = b!.recv({ signal: another.signal })
      await a!.send('last', { dest: 1 })
      assert.equal(await last, 'last')
      assert.equal(getEventListeners(another.signal, 'abort').length, 0)
    }))

  test('does not send what was aborted before', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const signal = AbortSignal.abort()
      for (const length of edges) {
        await assert.rejects(a!.send(bytes(length), { dest: 1, signal }), aborted)
        await assert.rejects(a!.ssend(bytes(length), { dest: 1, signal }), aborted)
        await assert.rejects(a!.sendrecv(bytes(length), { dest: 1, signal }), aborted)
      }
      await a!.send('only', { dest: 1 })
      assert.equal(await b!.recv(), 'only')
    }))

  test('does nothing to what was complete before the abort', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      for (const length of edges) {
        const abort = new AbortController()
        const receive = b!.irecv({ signal: abort.signal })
        const send = a!.issend(bytes(length), { dest: 1, signal: abort.signal })
        await Request.waitAll([send, receive])
        abort.abort()
        assertBytes(receive.value, length)
        assert.ok(send.test())
      }
    }))

  for (const where of ['', ' in place']) {
    test(`gives back a message that is under way to an aborted receive${where}, in its old place`, () =>
      inWorld(binding, 2, async ({ comms: [a, b], quiet, step }) => {
        for (const [k, length] of kinds.entries()) {
          for (const steps of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12]) {
            const abort = new AbortController()
            const early = steps % 2 === 0
            const into = where === '' ? undefined : new Uint8Array(length)
            const receive = () => b!.irecv({ tag: 2, signal: abort.signal, ...(into && { into }) })
            const posted = early ? receive() : undefined
            const sends = ['before', bytes(length, k), 'after'].map((data, tag) => a!.isend(data, { dest: 1, tag: 1 + tag }))
            if (!early) await quiet()
            const receives = posted ?? receive()
            receives.look()
            for (let left = steps; left > 0; left--) await step()
            abort.abort()
            const [first, second, third] = [b!.recv(), b!.recv(), b!.recv()]
            assert.equal(await first, 'before')
            if (receives.value === undefined) {
              await assert.rejects(receives.wait(), aborted)
              into?.fill(1)
              assertBytes(await second, length, k)
              assert.equal(await third, 'after')
            } else {
              assertBytes(receives.value, length, k)
              assert.equal(await second, 'after')
              await a!.send('one more', { dest: 1 })
              await third
            }
            for (const send of sends) await send.wait()
          }
        }
      }))
  }

  for (const [what, lengths, call] of [
    ['a synchronous send', kinds, 'ssend'],
    ['a large send', kinds.filter((length) => length > 2 ** 16), 'send']
  ] as const) {
    test(`takes back ${what} that nobody has matched`, () =>
      inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
        for (const [k, length] of lengths.entries()) {
          for (const late of [false, true]) {
            const abort = new AbortController()
            const data = bytes(length, k)
            const send = a![call](data, { dest: 1, tag: k, signal: abort.signal })
            if (late) await quiet()
            abort.abort()
            await assert.rejects(send, aborted)
            data.fill(1)
            const next = a!.isend(bytes(length, k + 1), { dest: 1, tag: k })
            await quiet()
            assertBytes(await b!.recv(), length, k + 1)
            await next.wait()
            await quiet()
            assert.equal(b!.iprobe(), undefined)
            assert.ok(a!.core.endpoint.flushed)
          }
        }
      }))
  }

  test('takes back sends that wait behind a full window', () =>
    inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
      const count = 300
      const abort = new AbortController()
      const settled: boolean[] = []
      const sends = Array.from({ length: count }, (_, k) =>
        a!.send(bytes(10_000, k), { dest: 1, signal: abort.signal }).then(
          () => {
            settled[k] = true
          },
          (error: Error) => {
            assert.equal(error.name, 'AbortError')
            settled[k] = false
          }
        )
      )
      await quiet()
      abort.abort()
      await Promise.all(sends)
      const last = a!.isend('last', { dest: 1 })
      const received: number[] = []
      for (let value = await b!.recv(); value !== 'last'; value = await b!.recv()) received.push((value as Uint8Array).length)
      const sent = settled.filter((done) => done).length
      assert.ok(sent > 0 && sent < count, `${sent} of ${count} were sent`)
      // One may have been on its way in part.
      assert.ok(received.length === sent || received.length === sent + 1, `${sent} were sent and ${received.length} received`)
      await last.wait()
    }))

  test('finishes a receive that was matched when its sender takes back the message', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      for (const [k, length] of edges.entries()) {
        const abort = new AbortController()
        const message = b!.mprobe<Uint8Array>()
        const data = bytes(length, k)
        const send = a!.send(data, { dest: 1, signal: abort.signal }).catch(() => undefined)
        const taken = await message
        abort.abort()
        await send
        data.fill(1)
        assertBytes(await taken.recv(), length, k)
      }
    }))

  for (const seed of [71, 72, 73, 74]) {
    test(`delivers all that was not taken back, once and in order, of sends aborted at random (${seed})`, () =>
      inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
        const next = random(seed)
        const count = 150
        const lengths = Array.from({ length: count }, () => randomLength(next, 2 ** 18))
        const outcomes: Promise<boolean>[] = []
        const aborts: AbortController[] = []
        const received: number[] = []
        const receive = async (): Promise<void> => {
          for (;;) {
            const status = new Status()
            const value = await b!.recv<Uint8Array>({ status })
            if (status.tag === count) return
            assertBytes(value, lengths[status.tag]!, status.tag)
            received.push(status.tag)
            if (next() < 0.3) await quiet()
          }
        }
        const receiving = receive()
        for (const [tag, length] of lengths.entries()) {
          const abort = new AbortController()
          const data = bytes(length, tag)
          const call = next() < 0.5 ? 'send' : 'ssend'
          const sent = a![call](data, { dest: 1, tag, signal: abort.signal })
          outcomes.push(
            sent.then(
              () => true,
              (error: Error) => {
                assert.equal(error.name, 'AbortError')
                data.fill(1)
                return false
              }
            )
          )
          aborts.push(abort)
          if (next() < 0.1) await quiet()
          if (next() < 0.5) aborts[integer(next, 0, aborts.length - 1)]!.abort()
        }
        const last = a!.isend('last', { dest: 1, tag: count })
        await receiving
        await last.wait()
        const resolved = await Promise.all(outcomes)
        assert.deepEqual(
          received,
          received.toSorted((x, y) => x - y)
        )
        assert.equal(new Set(received).size, received.length)
        for (const [tag, done] of resolved.entries())
          if (done) assert.ok(received.includes(tag), `message ${tag} was sent and not received`)
        await quiet()
        assert.ok(a!.core.endpoint.flushed)
      }))
  }

  test('fails a sendrecv as one, whichever half fails first', () =>
    inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
      const abort = new AbortController()
      const exchange = a!.sendrecv(bytes(2 ** 20), { dest: 1, source: 1, signal: abort.signal })
      await quiet()
      abort.abort()
      await assert.rejects(exchange, aborted)
      await quiet()
      const other = b!.sendrecv(bytes(2 ** 20), { dest: 0, source: 0 })
      await assert.rejects(a!.sendrecv(bytes(2 ** 20), { dest: 1, source: 1, into: new Uint8Array(10) }), { name: 'TruncationError' })
      assertBytes(await other, 2 ** 20)
    }))
}
