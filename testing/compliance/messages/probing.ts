import assert from 'node:assert/strict'
import { take } from 'rxjs'
import type { Communicator } from '../../../src/communicator/communicator.js'
import type { TransportBinding } from '../binding.js'
import type { Declare } from '../runner.js'
import { assertBytes, bytes, edges, kinds } from './data.js'
import { inWorld } from './world.js'

/** Probes, and sends that know when they were matched. */
export function probing(binding: TransportBinding, test: Declare): void {
  test('sees what a receive would get, and leaves it', () =>
    inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
      for (const [tag, length] of edges.entries()) {
        const early = b!.probe({ source: 0, tag })
        const send = a!.isend(bytes(length, tag), { dest: 1, tag })
        await quiet()
        for (const status of [await early, await b!.probe({ tag }), await b!.probe(), b!.iprobe(), b!.iprobe({ source: 0, tag })]) {
          assert.deepEqual([status?.source, status?.tag, status?.count, status?.bytes], [0, tag, length, length])
        }
        assert.equal(b!.iprobe({ source: 1 }), undefined)
        assert.equal(b!.iprobe({ tag: tag + 1 }), undefined)
        assertBytes(await b!.recv(), length, tag)
        assert.equal(b!.iprobe(), undefined)
        await send.wait()
      }
    }))

  test('takes a message out of the queue by mprobe and improbe, for its own recv only', () =>
    inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
      for (const length of kinds) {
        const early = b!.mprobe({ source: 0 })
        const sends = [1, 2, 3].map((k) => a!.isend(bytes(length, k), { dest: 1, tag: k }))
        await quiet()
        const first = await early
        const second = b!.improbe()
        assert.deepEqual([first.status.tag, second?.status.tag, b!.iprobe()?.tag], [1, 2, 3])
        assertBytes(await b!.recv(), length, 3)
        assert.equal(b!.improbe(), undefined)
        const into = new Uint8Array(length)
        assert.equal(await second!.recv({ into }), into)
        assertBytes(into, length, 2)
        assertBytes(await first.recv(), length, 1)
        await assert.rejects(first.recv(), { name: 'ArgumentError' })
        for (const send of sends) await send.wait()
      }
    }))

  test('tells what is wrong with the buffer for a message that was taken', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      for (const length of edges.slice(1)) {
        const sends = [a!.isend(bytes(length), { dest: 1 }), a!.isend(bytes(length), { dest: 1 })]
        await assert.rejects((await b!.mprobe()).recv({ into: new Uint8Array(length - 1) }), { name: 'TruncationError' })
        await assert.rejects((await b!.mprobe()).recv({ into: new Float32Array(length) }), { name: 'DatatypeError' })
        for (const send of sends) await send.wait()
      }
    }))

  const takings = {
    recv: (comm) => comm.recv(),
    'a receive posted before': undefined,
    mprobe: (comm) => comm.mprobe(),
    'messages()': (comm) => new Promise((resolve) => comm.messages().pipe(take(1)).subscribe(resolve))
  } satisfies Record<string, ((comm: Communicator) => Promise<unknown>) | undefined>
  for (const [how, take] of Object.entries(takings)) {
    test(`resolves ssend when ${how} has matched it, and not before`, () =>
      inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
        for (const length of [0, 100, 60_000, 200_000]) {
          for (const [sender, dest] of [
            [a!, 1],
            [b!, 1]
          ] as const) {
            const posted = take === undefined ? b!.recv() : undefined
            const send = sender.issend(bytes(length), { dest })
            if (posted === undefined) {
              await quiet()
              assert.equal(send.test(), false, `an ssend of ${length} bytes was done before it was matched`)
            }
            const taken = posted ?? take!(b!)
            await send.wait()
            await taken
          }
        }
      }))
  }

  test('does not take a probe for a match', () =>
    inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
      for (const length of [0, 200_000]) {
        const send = a!.issend(bytes(length), { dest: 1 })
        await b!.probe()
        await quiet()
        assert.ok(b!.iprobe())
        assert.equal(send.test(), false)
        await b!.recv()
        await send.wait()
      }
    }))
}
