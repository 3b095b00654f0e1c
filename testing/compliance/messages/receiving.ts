import assert from 'node:assert/strict'
import { ANY_TAG, PROC_NULL } from '../../../src/constants.js'
import { Status } from '../../../src/request/status.js'
import type { TransportBinding } from '../binding.js'
import type { Declare } from '../runner.js'
import { assertBytes, bytes, edges, kinds } from './data.js'
import { inWorld } from './world.js'

type Kind = { new (buffer: ArrayBufferLike, offset?: number, length?: number): ArrayBufferView; readonly BYTES_PER_ELEMENT?: number }

const types: Kind[] = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array],
  ...[BigInt64Array, BigUint64Array, DataView as unknown as Kind]
]

/** What a message becomes: a value, or the contents of a buffer. */
export function receiving(binding: TransportBinding, test: Declare): void {
  for (const [when, first] of [
    ['before', true],
    ['after', false]
  ] as const) {
    test(`receives in place: receive posted ${when} the send`, () =>
      inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
        for (const [k, length] of edges.entries()) {
          const into = new Uint8Array(length + 16).fill(255)
          const status = new Status()
          const early = first ? b!.irecv({ into: into.subarray(8), status }) : undefined
          const send = a!.isend(bytes(length, k), { dest: 1, tag: k })
          await quiet()
          await (early ?? b!.irecv({ into: into.subarray(8), status })).wait()
          await send.wait()
          assertBytes(into.slice(8, 8 + length), length, k)
          assert.deepEqual([...into.subarray(0, 8), ...into.subarray(8 + length)], new Array(16).fill(255))
          assert.deepEqual([status.source, status.tag, status.count, status.bytes, status.cancelled], [0, k, length, length, false])
        }
      }))

    test(`leaves a buffer that is too short untouched, and goes on: receive posted ${when} the send`, () =>
      inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
        for (const [k, length] of kinds.entries()) {
          if (length === 0) continue
          const into = new Uint8Array(length - 1).fill(7)
          const receive = () =>
            assert.rejects(b!.recv({ into }), { name: 'TruncationError', message: new RegExp(`${length}.*${length - 1}`, 's') })
          const early = first ? receive() : undefined
          const sends = [a!.isend(bytes(length, k), { dest: 1 }), a!.isend('next', { dest: 1 })]
          await quiet()
          await (early ?? receive())
          assert.ok(into.every((byte) => byte === 7))
          assert.equal(await b!.recv(), 'next')
          for (const send of sends) await send.wait()
        }
      }))

    test(`refuses elements of another type, and goes on: receive posted ${when} the send`, () =>
      inWorld(binding, 2, async ({ comms: [a, b], quiet }) => {
        for (const data of [
          new Float32Array(2),
          new Float32Array(10_000),
          new Float32Array(100_000),
          { an: 'object' },
          'x'.repeat(100_000)
        ]) {
          const into = new Float64Array(200_000).fill(7)
          const receive = () => assert.rejects(b!.recv({ into }), { name: 'DatatypeError' })
          const early = first ? receive() : undefined
          const sends = [a!.isend(data, { dest: 1 }), a!.isend('next', { dest: 1 })]
          await quiet()
          await (early ?? receive())
          assert.ok(into.every((element) => element === 7))
          assert.equal(await b!.recv(), 'next')
          for (const send of sends) await send.wait()
        }
      }))
  }

  test('receives every kind of buffer as its kind, and into one of its kind', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      const source = bytes(240_000)
      for (const kind of types) {
        for (const length of [0, 24, 4800, 240_000]) {
          const unit = kind.BYTES_PER_ELEMENT ?? 1
          const data = new kind(source.slice().buffer, 0, length / unit)
          const send = a!.isend(data, { dest: 1 })
          const received = await b!.recv<ArrayBufferView>()
          assert.equal(received.constructor.name, kind.name)
          assert.equal(Buffer.compare(new Uint8Array(received.buffer), source.subarray(0, length)), 0)
          await send.wait()
          const into = new kind(new ArrayBuffer(length))
          const again = a!.isend(data, { dest: 1 })
          assert.equal(await b!.recv({ into }), into)
          assert.equal(Buffer.compare(new Uint8Array(into.buffer), source.subarray(0, length)), 0)
          await again.wait()
        }
      }
    }))

  test('gives what was sent, sharing nothing, whatever its size', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      for (const length of [0, 10, 10_000, 300_000]) {
        const value = {
          list: Array.from({ length }, (_, k) => k),
          text: 'ä'.repeat(length),
          none: null,
          missing: undefined,
          when: new Date(0)
        }
        for (const [comm, dest] of [
          [a!, 1],
          [b!, 1]
        ] as const) {
          const send = comm.isend(value, { dest })
          const received = await b!.recv<typeof value>()
          assert.deepEqual(received, value)
          assert.notEqual(received.list, value.list)
          await send.wait()
        }
      }
    }))

  test('lets the caller change the data once a send has resolved', () =>
    inWorld(binding, 2, async ({ comms: [a, b] }) => {
      for (const length of edges) {
        const data = bytes(length)
        const received = b!.recv()
        await a!.send(data, { dest: 1 })
        data.fill(1)
        assertBytes(await received, length)
      }
    }))

  test('completes at once with nobody', () =>
    inWorld(binding, 2, async ({ comms: [a] }) => {
      const nobody = (status: Status | undefined) =>
        assert.deepEqual([status?.source, status?.tag, status?.count, status?.bytes], [PROC_NULL, ANY_TAG, 0, 0])
      const into = new Uint8Array(4).fill(7)
      const status = new Status()
      await a!.send('lost', { dest: PROC_NULL })
      await a!.ssend(new Float64Array(1_000_000), { dest: PROC_NULL })
      assert.equal(await a!.recv({ source: PROC_NULL, into, status }), undefined)
      nobody(status)
      assert.equal(await a!.sendrecv('lost', { dest: PROC_NULL, source: PROC_NULL, into }), undefined)
      assert.deepEqual([...into], [7, 7, 7, 7])
      assert.ok(a!.irecv({ source: PROC_NULL }).test())
      nobody(await a!.probe({ source: PROC_NULL }))
      nobody(a!.iprobe({ source: PROC_NULL }))
      const message = await a!.mprobe({ source: PROC_NULL })
      nobody(message.status)
      assert.equal(await message.recv(), undefined)
      nobody(a!.improbe({ source: PROC_NULL })?.status)
    }))
}
