import assert from 'node:assert/strict'
import { take, takeWhile } from 'rxjs'
import type { Message } from '../../../src/request/message.js'
import type { TransportBinding } from '../binding.js'
import type { Declare } from '../runner.js'
import { assertBytes, bytes, edges, kinds } from './data.js'
import { inWorld } from './world.js'

/** `messages()`: a loop over receives as an Observable. */
export function streams(binding: TransportBinding, test: Declare): void {
  for (const [when, first] of [
    ['before', true],
    ['after', false]
  ] as const) {
    test(`takes as many messages as are wanted and leaves the others: subscribed ${when} the sends`, () =>
      inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
        for (const length of kinds) {
          const got: unknown[] = []
          const subscribe = () =>
            new Promise<void>((complete, error) => {
              b!
                .messages({ source: 0, tag: 1 })
                .pipe(take(3))
                .subscribe({ next: ({ data }) => got.push(data), complete, error })
            })
          const early = first ? subscribe() : undefined
          const sends = [0, 1, 2, 3, 4].map((k) => a!.isend(bytes(length, k), { dest: 1, tag: 1 }))
          await quiet()
          await (early ?? subscribe())
          for (const [k, data] of got.entries()) assertBytes(data, length, k)
          for (const k of [3, 4]) assertBytes(await b!.recv(), length, k)
          for (const send of sends) await send.wait()
        }
      }))
  }

  test('gives messages of any size in order', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const lengths = [...edges, ...edges.toReversed()]
      const sends = lengths.map((length, k) => a!.isend(bytes(length, k), { dest: 1, tag: k }))
      const got: Message<Uint8Array>[] = []
      await new Promise<void>((complete, error) => {
        b!
          .messages<Uint8Array>()
          .pipe(take(lengths.length))
          .subscribe({ next: (message) => got.push(message), complete, error })
      })
      for (const [k, { data, status }] of got.entries()) {
        assertBytes(data, lengths[k]!, k)
        assert.deepEqual([status.source, status.tag, status.bytes], [0, k, lengths[k]])
      }
      for (const send of sends) await send.wait()
    }))

  test('shares the messages out between subscribers and receives, the longest waiting first', () =>
    inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
      const got: string[] = []
      const subscriptions = [1, 2].map((k) => b!.messages<number>({ tag: 1 }).subscribe(({ data }) => got.push(`${k}:${data}`)))
      void b!.recv<number>({ tag: 1 }).then((data) => got.push(`recv:${data}`))
      for (let k = 0; k < 6; k++) {
        await a!.send(k, { dest: 1, tag: 1 })
        await quiet()
      }
      assert.deepEqual(got, ['1:0', '2:1', 'recv:2', '1:3', '2:4', '1:5'])
      for (const subscription of subscriptions) subscription.unsubscribe()
      await a!.send('left', { dest: 1, tag: 1 })
      assert.equal(await b!.recv(), 'left')
    }))

  for (const length of kinds) {
    test(`gives back a message of ${length} bytes that is under way when its subscriber leaves, in its old place`, () =>
      inWorld(binding, 2, async ({ comms: [a, b], quiet, step }) => {
        for (const steps of [0, 1, 2, 4, 5, 6, 7, 8, 9, 12]) {
          const sends = [a!.isend('before', { dest: 1, tag: 1 })]
          const got: unknown[] = []
          const subscription = b!.messages({ tag: 2 }).subscribe(({ data }) => got.push(data))
          sends.push(a!.isend(bytes(length, 5), { dest: 1, tag: 2 }), a!.isend('after', { dest: 1, tag: 3 }))
          for (let k = 0; k < steps; k++) await step()
          subscription.unsubscribe()
          if (steps % 2 === 1) await quiet()
          assert.equal(await b!.recv(), 'before')
          if (got.length === 0) assertBytes(await b!.recv(), length, 5)
          assert.equal(await b!.recv(), 'after')
          for (const send of sends) await send.wait()
          await quiet()
          assert.equal(b!.iprobe(), undefined)
        }
      }))
  }

  test('may be left, joined, and sent from within a subscriber', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const got: number[] = []
      await new Promise<void>((complete, error) => {
        b!
          .messages<number>()
          .pipe(takeWhile(({ data }) => data < 3, true))
          .subscribe({
            next: ({ data }) => {
              got.push(data)
              if (data === 1)
                b!
                  .messages<number>()
                  .pipe(take(1))
                  .subscribe((message) => got.push(10 * message.data))
              b!.isend(data, { dest: 0 })
            },
            complete,
            error
          })
        for (let k = 0; k < 5; k++) a!.isend(k, { dest: 1 })
      })
      assert.deepEqual(got.slice(0, 2), [0, 1])
      const [later, other] = [got.filter((value) => value < 10).at(-1), got.find((value) => value >= 10)]
      assert.equal(later, 3)
      assert.equal(other, 20)
      for (const answer of [0, 1, 3]) assert.equal(await a!.recv(), answer)
      assert.equal(await b!.recv(), 4)
    }))

  test('ends with an error when its signal is aborted', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const abort = new AbortController()
      const error = new Promise((resolve) => b!.messages({ signal: abort.signal }).subscribe({ error: resolve }))
      abort.abort()
      assert.equal(((await error) as Error).name, 'AbortError')
      await a!.send('left', { dest: 1 })
      assert.equal(await b!.recv(), 'left')
    }))
}
