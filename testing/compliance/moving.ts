import assert from 'node:assert/strict'
import type { TransportBinding } from './binding.js'
import type { Declare } from './runner.js'
import { trial } from './trial.js'

/** Buffers that change their owner, where a transport can do that. */
export function moving(binding: TransportBinding, test: Declare): void {
  test('hands over buffers, where it can, between segments and to oneself', () =>
    trial(binding, 2, async (run) => {
      const [sender] = run.ports
      if (sender!.transport.move === undefined) return
      for (const dest of [1, 0]) {
        const { handedOver, transport } = run.ports[dest]!
        const lengths = [0, 1, 1_000_000]
        for (const [id, bytes] of lengths.entries()) {
          transport.expect?.(0, 1)
          sender!.move(dest, id, Uint8Array.from({ length: bytes }, (_, k) => k % 251).buffer)
          await run.send(0, dest, 8)
        }
        await run.until(() => handedOver.length === lengths.length, 'a buffer')
        await run.complete()
        assert.deepEqual(
          handedOver.map(({ source, id, buffer }) => [source, id, buffer.byteLength]),
          lengths.map((bytes, id) => [0, id, bytes])
        )
        const bytes = new Uint8Array(handedOver[2]!.buffer)
        assert.equal(
          bytes.findIndex((byte, k) => byte !== k % 251),
          -1
        )
        for (const _ of lengths) transport.expect?.(0, -1)
      }
    }))
}
