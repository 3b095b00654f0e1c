import assert from 'node:assert/strict'
import { HEADER } from '../../src/progress/frame.js'
import type { TransportBinding } from './binding.js'
import { integer, length, random } from './random.js'
import type { Declare } from './runner.js'
import { trial } from './trial.js'

/** Delivery: whole, once, in order. */
export function segments(binding: TransportBinding, test: Declare): void {
  for (const size of [1, 2, 3, 5]) {
    test(`delivers between ${size} ranks, and to oneself, whole, once and in order`, () =>
      trial(binding, size, async (run) => {
        const next = random(size)
        for (let round = 0; round < 20; round++) {
          for (const { rank, transport } of run.ports) {
            for (let dest = 0; dest < size; dest++) await run.send(rank, dest, length(next, transport.maxSegment))
          }
        }
        await run.complete()
      }))
  }

  test('numbers its ranks from 0 on and tells the longest segment', () =>
    trial(binding, 3, async ({ ports }) => {
      assert.deepEqual(
        ports.map(({ transport: { rank, size } }) => [rank, size]),
        [
          [0, 3],
          [1, 3],
          [2, 3]
        ]
      )
      for (const { transport } of ports) {
        assert.equal(transport.maxSegment % 8, 0)
        assert.ok(transport.maxSegment > HEADER, `maxSegment: a header takes ${HEADER} bytes, got ${transport.maxSegment}`)
      }
    }))

  test('carries segments of every length to 72 bytes, and around every power of two', () =>
    trial(binding, 2, async (run) => {
      const { maxSegment } = run.ports[0]!.transport
      const lengths = Array.from({ length: 73 }, (_, k) => k)
      for (let power = 128; power <= maxSegment; power *= 2)
        lengths.push(power - 9, power - 8, power - 7, power - 1, power, power + 1, power + 8)
      for (const bytes of [...lengths, maxSegment - 8, maxSegment - 1, maxSegment]) {
        if (bytes <= maxSegment) for (const dest of [1, 0]) await run.send(0, dest, bytes)
      }
      await run.complete()
    }))

  for (const seed of [11, 12, 13]) {
    test(`keeps every byte while random lengths go round its memory many times (${seed})`, () =>
      trial(binding, 2, async (run) => {
        const next = random(seed)
        const [sender, receiver] = [run.ports[0]!, run.ports[1]!]
        const { maxSegment } = sender.transport
        const round = sender.fill(1, () => length(next, maxSegment)).bytes
        for (let bytes = round; bytes < 12 * round; ) {
          if (next() < 0.3) receiver.poll()
          if (next() < 0.2) await run.step()
          const most = next() < 0.5 ? maxSegment : 4 * maxSegment
          bytes += sender.fill(1, () => length(next, next() < 0.5 ? maxSegment : 64), integer(next, 1, most)).bytes
        }
        await run.complete()
      }))
  }
}
